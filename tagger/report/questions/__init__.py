"""The questions about the losses, answered by measurements on dev.

May import: core, evaluate, report.shared.
"""
