"""Errors, array types, rounding, and files written whole.

May import: nothing of the project.
"""
