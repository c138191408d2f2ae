"""The losses that a model can be trained with.

May import: core.common.
"""
