import pytest

from tagger.evaluate.over_seeds import over_seeds


def test_one_training_is_what_it_is() -> None:
    assert over_seeds([{"accuracy": 0.1234567, "span_f1": None, "best_epoch": 7}]) == {
        "accuracy": 0.1234567,
        "span_f1": None,
        "best_epoch": 7,
    }


def test_several_have_a_mean_and_a_sample_standard_deviation() -> None:
    found = over_seeds([{"accuracy": 0.5, "best_epoch": 1}, {"accuracy": 0.7, "best_epoch": 4}])
    assert found == {
        "accuracy": 0.6,
        "accuracy_sd": pytest.approx(0.141421, abs=1e-6),  # 0.2 / sqrt(2)
        "best_epoch": 2.5,
        "best_epoch_sd": pytest.approx(2.12132, abs=1e-6),
    }


def test_a_figure_that_one_training_lacks_is_none() -> None:
    assert over_seeds([{"dev_loss": 0.5}, {"dev_loss": None}]) == {"dev_loss": None, "dev_loss_sd": None}
