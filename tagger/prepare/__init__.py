"""The stage `prepare`: read, count and encode corpora and vectors. Each corpus format has its own file.

May import: core.
"""
