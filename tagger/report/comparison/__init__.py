"""Whether the losses differ on test: intervals, tests, and a verdict in words.

May import: core, evaluate, report.shared.
"""
