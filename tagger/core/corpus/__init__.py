"""What stages pass on: sentences as numbers, dictionaries, word vectors, and what training knows about each word.

May import: core.common.
"""
