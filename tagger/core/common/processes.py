"""Which of the processes of a stage this one is."""

import os


def rank() -> int:
    """Return this process's number among those of a training: 0, or what torchrun's variable says."""
    return int(os.environ.get("RANK", "0"))
