"""The stages of the pipeline: each reads, calls the library and writes."""
