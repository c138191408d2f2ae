"""`params.yaml`: its types, and reading it with messages that name the line.

May import: core.common, core.losses.
"""
