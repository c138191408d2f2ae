"""Using a model: words in, tags out. Also the format of an export, and the checks on loading one.

May import: core.
"""
