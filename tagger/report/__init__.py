"""The stage `report`: compare the losses.

May import: core, evaluate, report.
"""
