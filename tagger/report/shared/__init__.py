"""What the parts of the report share.

May import: core, evaluate.
"""
