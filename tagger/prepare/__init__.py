"""The stage `prepare`: corpora and vectors are read, counted and encoded. A corpus format is one file here.

May import: core.
"""
