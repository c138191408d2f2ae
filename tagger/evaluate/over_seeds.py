"""The figures of one loss over the seeds that it was trained with."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from tagger.core.common.rounding import six_places

SPREAD = "_sd"  # what the name of a standard deviation ends in


def over_seeds(trainings: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of each figure, and of several trainings also its sample standard deviation as `<figure>_sd`.

    Both are to six places. They are None if some training lacks the figure.
    """
    if len(trainings) == 1:
        return dict(trainings[0])
    figures: dict[str, float | None] = {}
    for name in trainings[0]:
        values = [value for training in trainings if (value := training[name]) is not None]
        whole = len(values) == len(trainings)
        figures[name] = six_places(mean(values)) if whole else None
        figures[name + SPREAD] = six_places(stdev(values)) if whole else None
    return figures
