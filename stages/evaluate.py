"""Measure the model of one training on the test split, keep its probabilities, and tell tracking."""

from tagger.core.params.schema import Training
from tagger.evaluate.evaluate_model import evaluate_model
from tagger.tracking.hooks import track_evaluation


def main(loss: str, seed: str) -> None:
    """Run the stage for this loss and seed."""
    training = Training.parse(loss, seed)
    evaluate_model(training)
    track_evaluation(training)
