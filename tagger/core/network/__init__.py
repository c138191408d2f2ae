"""The LSTM tagger in torch: layers, batches, inference, and its folder on disk.

May import: core.common, core.corpus, core.losses, core.params.
"""
