"""The losses: each with the last step of the model that it needs, and the way back to probabilities.

May import: core.common.
"""
