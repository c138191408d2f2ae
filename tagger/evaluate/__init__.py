"""The stage `evaluate`: the predictions of one model, measured. A metric is one entry of `metrics.METRICS`.

May import: core.
"""
