"""Using a model: words in, tags out; the format of an export, and the checks on loading it.

May import: core.
"""
