"""The questions about the losses, answered with measurements on dev.

May import: core, evaluate, report.shared.
"""
