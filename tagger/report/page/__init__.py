"""`metrics/report.html`: tables, charts and sentences on one self-contained page.

May import: core, evaluate, report.comparison, report.shared.
"""
