"""Which sentences go into a batch together."""

import numpy as np

from tagger.core.common.arrays import Int64s


def plan_batches(lengths: Int64s, batch_tokens: int, shuffle: np.random.Generator | None = None) -> list[Int64s]:
    """Cut the sentences, sorted by length, into batches of at most `batch_tokens` places, padding included.

    A longer sentence is a batch of its own. `shuffle` mixes sentences of equal length, and the batches; the number of
    batches and their shapes do not depend on it.

    Returns:
        The sentences of each batch, as indices into `lengths`.
    """
    order = np.arange(len(lengths)) if shuffle is None else shuffle.permutation(len(lengths))
    order = order[np.argsort(lengths[order], kind="stable")]
    batches: list[Int64s] = []
    first = 0
    for index in range(1, len(order) + 1):
        if index == len(order) or (index - first + 1) * lengths[order[index]] > batch_tokens:
            batches.append(order[first:index])
            first = index
    if shuffle is not None:
        batches = [batches[index] for index in shuffle.permutation(len(batches))]
    return batches
