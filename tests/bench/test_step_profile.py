"""Where the time of a step goes is measured, and adds up."""

import pytest

from bench.step_profile import WARM_UP, profile_steps
from tagger.core.common.errors import InputError
from tests.samples import train_view

pytestmark = pytest.mark.usefixtures("prepared")


def test_the_time_of_a_step_is_shared_out_among_its_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.step_profile.MEASURED", 5)  # to sum up the operators of all 40 takes longer than they do
    found = profile_steps(train_view({}, {"min_batches": 1000, "batch_tokens": 20}))
    assert 0 < found.tokens <= 20
    times = list(found.operators.values())
    assert times == sorted(times, reverse=True)
    assert 0 < sum(times) < found.milliseconds
    assert {"aten::mkldnn_rnn_layer", "aten::mkldnn_rnn_layer_backward"} < set(found.operators)


def test_an_epoch_that_is_too_short_is_a_clear_error() -> None:
    with pytest.raises(InputError) as caught:
        profile_steps(train_view({}, {"min_batches": 1, "batch_tokens": 1_000_000}))
    said = f"data/prepared/train: 2 steps in an epoch, expected more than the {WARM_UP} that are not measured"
    assert str(caught.value) == said
