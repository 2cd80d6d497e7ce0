"""The compiled parts, which are left out where there is no compiler: the archive works without them, more slowly."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            f"index.{name}", [f"index/{name}.c"], optional=True, depends=["index/_arrays.h"], extra_compile_args=["-O3"]
        )
        for name in ("_keys", "_passages", "_results", "_scan", "_spellings", "_strings")
    ]
    + [Extension("archive._shingles", ["archive/_shingles.c"], optional=True, extra_compile_args=["-O3"])]
)
