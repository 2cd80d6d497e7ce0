"""Finds articles and shows why: the query language, news-aware analysis, the Whoosh index, and snippets.

The only package that imports Whoosh.
"""
