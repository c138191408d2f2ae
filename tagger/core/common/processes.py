"""The processes of a stage."""

import os


def rank() -> int:
    """Return this process's rank within its training: torchrun's RANK, or 0."""
    return int(os.environ.get("RANK", "0"))
