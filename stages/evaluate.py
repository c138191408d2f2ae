"""Measure the model of one loss on the test split, keep its probabilities, and tell tracking."""

from tagger.evaluate.evaluate_model import evaluate_model
from tagger.tracking.hooks import track_evaluation


def main(loss: str) -> None:
    """Run the stage for the loss of this name."""
    evaluate_model(loss)
    track_evaluation(loss)
