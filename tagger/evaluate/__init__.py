"""The stage `evaluate`: measure the predictions of one model. Each metric is an entry of `metrics.METRICS`.

May import: core.
"""
