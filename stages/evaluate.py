"""Measure the model of one training on the test split, keep its probabilities, and tell tracking."""

from collections.abc import Callable

from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.tracking.hooks import track_evaluation


def main(loss: str, seed: str, written: Callable[[], None] = lambda: None) -> None:
    """Run the stage for this loss and seed; `written` is called once its outputs are written."""
    training = Training.parse(loss, seed)
    evaluate_model(training)
    written()
    track_evaluation(training)
