"""What stages hand on: sentences as numbers, dictionaries, word vectors, and what a lexicon knows of words.

May import: core.common.
"""
