"""Errors, array types, rounding, and reading and writing files.

May import: nothing of the project.
"""
