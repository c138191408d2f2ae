import numpy as np
import pandas as pd

from tagger.evaluate.predictions import confusions
from tagger.report.report_losses import plot_table
from tests.report_results import result_of


def test_curves_of_all_losses_stand_in_one_table() -> None:
    histories = {
        "nll": pd.DataFrame({"epoch": [1, 2], "dev_loss": [0.5, 0.25]}),
        "softmax_nll": pd.DataFrame({"epoch": [1], "dev_loss": [np.inf]}),
    }
    expected = pd.DataFrame(
        {"epoch": [1, 2, 1], "dev_loss": [0.5, 0.25, np.nan], "loss": ["nll", "nll", "softmax_nll"], "seed": [1, 1, 1]}
    )
    pd.testing.assert_frame_equal(
        plot_table("curves", {loss: {1: result_of(history=history)} for loss, history in histories.items()}), expected
    )


def test_an_infinite_loss_is_an_empty_place() -> None:
    table = plot_table("curves", {"nll": {3: result_of(history=pd.DataFrame({"epoch": [1], "dev_loss": [np.inf]}))}})
    assert table.to_csv(index=False, lineterminator="\n") == "epoch,dev_loss,loss,seed\n1,,nll,3\n"


def test_tag_scores_of_all_losses_and_seeds_stand_in_one_table() -> None:
    one, other = (result_of(tags=pd.DataFrame({"tag": ["A"], "f1": [value]})) for value in (0.5, 0.75))
    table = plot_table("tags", {"nll": {1: one, 4: other}, "mse": {1: one, 4: one}})
    assert table.to_numpy().tolist() == [
        ["A", 0.5, "nll", 1],
        ["A", 0.75, "nll", 4],
        ["A", 0.5, "mse", 1],
        ["A", 0.5, "mse", 4],
    ]


def test_empty_bins_are_left_out() -> None:
    bins = [
        {"low": 0.0, "high": 0.5, "tokens": 0, "confidence": None, "accuracy": None},
        {"low": 0.5, "high": 1.0, "tokens": 4, "confidence": 0.75, "accuracy": 0.5},
    ]
    table = plot_table("reliability", {"nll": {1: result_of(detail={"reliability": bins})}})
    assert table.to_numpy().tolist() == [[0.5, 1.0, 4, 0.75, 0.5, "nll", 1]]


def test_confusions_are_counted() -> None:
    predictions = pd.DataFrame({"gold": list("AAAB"), "predicted": list("AABA")})
    table = plot_table("confusion", {"nll": {1: result_of(confusions=confusions(predictions))}})
    assert sorted(table.to_numpy().tolist()) == [
        ["A", "A", 2, "nll", 1],
        ["A", "B", 1, "nll", 1],
        ["B", "A", 1, "nll", 1],
        ["B", "B", 0, "nll", 1],  # the diagonal is whole
    ]
