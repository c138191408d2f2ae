"""The command line, `lstm-tagger`.

May import: everything else.
"""
