"""An LSTM tagger, its losses, and what a reproducible, tracked experiment with them needs."""
