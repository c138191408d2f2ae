"""The benchmark: the speed of this tagger compared with others, on one machine, in one run. `make bench` starts it."""
