"""The benchmark: how fast this tagger is beside others, on one machine, in one run. `make bench` starts it."""
