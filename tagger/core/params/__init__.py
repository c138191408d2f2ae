"""`params.yaml` as types, and its reader, whose messages name the line.

May import: core.common, core.losses.
"""
