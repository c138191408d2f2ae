"""The processes of a stage."""

import os


def rank() -> int:
    """Return the number of this process among those of a training: what torchrun's RANK says, else 0."""
    return int(os.environ.get("RANK", "0"))
