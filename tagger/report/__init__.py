"""The stage `report`: the losses against each other.

May import: core, evaluate, report.
"""
