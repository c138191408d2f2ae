"""The stage `prepare`: corpora and vectors are read, counted and encoded. Each corpus format is one file.

May import: core.
"""
