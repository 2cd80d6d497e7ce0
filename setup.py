"""The compiled part, which is left out where there is no compiler: the archive works without it, more slowly."""

from setuptools import Extension, setup

setup(ext_modules=[Extension("index._scan", ["index/_scan.c"], optional=True, extra_compile_args=["-O3"])])
