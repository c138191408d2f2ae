"""The stage `train`: steps, gradients and epochs, in one process or in several.

May import: core.
"""
