"""Data passed between stages: encoded sentences, dictionaries, word vectors, and what training knows of each word.

May import: core.common.
"""
