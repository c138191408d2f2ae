"""Running stages safely: signals, locks, checkpoints, progress, processes. No byte of an output depends on it.

May import: core, train.
"""
