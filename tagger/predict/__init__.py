"""A model in use: words in, tags out; the exported format and the checks that it has to pass.

May import: core.
"""
