"""A linear-chain CRF: sklearn-crfsuite with word, affix and shape features in a window of 2."""

from collections.abc import Sequence
from pathlib import Path

from sklearn_crfsuite import CRF

from bench.contestants.features import features
from tagger.core.corpus.indexed_corpus import Sentence

PASSES = 100  # of L-BFGS at most
SAMPLE_PASSES = 10


class Crf:
    """L-BFGS with penalties 0.1 on both norms."""

    def start(self, train: Sequence[Sentence]) -> None:
        """Nothing is built before the features are seen."""

    def train(self, sentences: Sequence[Sentence]) -> int:
        """Make some passes of L-BFGS; the features are computed once for all of them."""
        return self._run(sentences, SAMPLE_PASSES)

    def fit(self, train: Sequence[Sentence], dev: Sequence[Sentence]) -> None:  # noqa: ARG002 - it has no use for dev
        """Train until it converges, or for the largest number of passes."""
        self._run(train, PASSES)

    def _run(self, sentences: Sequence[Sentence], passes: int) -> int:
        self._crf = CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=passes, all_possible_transitions=True)
        self._crf.fit([features(words) for words, _ in sentences], [list(tags) for _, tags in sentences])
        return len(self._crf.training_log_.iterations)

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Return the tags of each sentence."""
        return [self._crf.predict_single(features(words)) for words in sentences]

    def save(self, folder: Path) -> None:
        """Copy CRFsuite's file, which is one of numbers and strings."""
        (folder / "model.crfsuite").write_bytes(Path(self._crf.modelfile.name).read_bytes())

    def load(self, folder: Path) -> None:
        """Open it: now, and not with the first sentence."""
        self._crf = CRF(model_filename=str(folder / "model.crfsuite"))
        _ = self._crf.tagger_
