"""What can be said of params and corpus before anything is trained."""

import time
from collections.abc import Iterator

import numpy as np

from tagger.core.common.errors import counted
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Params, PrepareView
from tagger.prepare.prepare_corpus import examine_corpus

_SHARE_OF_PEAK = 0.4  # of the operations of matrix products that a training reaches; docs/performance.md measured 43 %
_OPERATIONS = 6  # of a weight and word: a product and a sum, once forward and twice back


def check_project() -> Iterator[str]:
    """Yield what is found in `params.yaml` and the corpus it names; warnings go to standard error.

    Raises:
        InputError: a stage would refuse one of them.
    """
    params = read_params(Params)
    prepared = examine_corpus(read_params(PrepareView))
    yield from prepared.summary
    survey = prepared.survey
    yield (
        f"tags: {len(survey['tags'])}; the most frequent tag of each word is right for "
        f"{survey['dev']['baseline_accuracy']:.1%} of dev and {survey['test']['baseline_accuracy']:.1%} of test"
    )
    models = len(params.losses) * len(params.seeds)
    words = len(prepared.splits["train"].forms) * params.train.epochs * models
    weights = params.model.count_weights(0, 0, 0, len(prepared.dictionaries.tags))  # but those looked up in a table
    seconds = words * _OPERATIONS * weights / (_SHARE_OF_PEAK * _peak())
    yield (
        f"training: {counted(models, 'model')}, up to {counted(params.train.epochs, 'epoch')}, "
        f"{words:,} words to go through: about {_duration(seconds)} on these cores, if nothing else runs"
    )


def _peak(size: int = 1024) -> float:
    """Measure the operations that a product of matrices does in a second here, in float32."""
    matrix = np.ones((size, size), dtype=np.float32)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)


def _duration(seconds: float) -> str:
    return f"{max(seconds, 10):.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
