"""`metrics/report.html`: tables, charts and sentences on one page that needs nothing else.

May import: core, evaluate, report.comparison, report.shared.
"""
