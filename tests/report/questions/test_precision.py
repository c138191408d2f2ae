import math
from typing import Any

import pytest
import torch

from tagger.report.questions.precision import log_sum_exp_error, log_then_softmax_error, precision


def row(rows: list[dict[str, Any]], dtype: str, scale: int, method: str) -> dict[str, Any]:
    (found,) = [row for row in rows if (row["dtype"], row["scale"], row["method"]) == (dtype, scale, method)]
    return found


# The gold tag of the second token stands 1.5 below the other: times 100 its probability is e^-150, times 10 e^-15.
SCORES = torch.tensor([[1.5, 0.0], [1.5, 0.0]], dtype=torch.float64)
TAGS = torch.tensor([0, 1])
LOGARITHMS = log_then_softmax_error(SCORES, TAGS)
SUMS = log_sum_exp_error(torch.tensor([[1.0, 0.5], [0.25, 0.0]], dtype=torch.float64))


def test_there_is_a_row_for_each_type_scale_and_method() -> None:
    assert len(LOGARITHMS) == 3 * 4 * 2
    assert len(SUMS) == 4 * 4 * 2


@pytest.mark.parametrize(
    ("dtype", "scale", "infinite"),
    [
        ("float32", 1, 0),
        ("float32", 10, 0),
        ("float32", 100, 0.5),  # e^-150 is below the smallest float32, 1.4e-45
        ("float16", 1, 0),
        ("float16", 10, 0),  # e^-15 = 3.1e-7 is above the smallest float16, 6.0e-8
        ("float16", 100, 0.5),
        ("bfloat16", 10, 0),
        ("bfloat16", 1000, 0.5),
    ],
)
def test_a_probability_rounded_to_zero_has_no_finite_logarithm(dtype: str, scale: int, infinite: float) -> None:
    assert row(LOGARITHMS, dtype, scale, "log(softmax)")["infinite"] == infinite
    assert row(LOGARITHMS, dtype, scale, "log_softmax")["infinite"] == 0


def test_errors_are_those_of_the_finite_tokens() -> None:
    half = row(LOGARITHMS, "float16", 10, "log(softmax)")
    # float16 keeps e^-15 = 3.059e-7 as 5 * 2^-24 = 2.980e-7: ln(2.980 / 3.059) = -0.026, then rounded to 2^-7 steps
    assert half["relative_error"] == pytest.approx(0.026 / 15, abs=2**-8 / 15)
    assert row(LOGARITHMS, "float32", 100, "log(softmax)")["relative_error"] == 0  # that of a certain tag is left


def test_what_float16_cannot_hold_counts_as_infinite() -> None:
    rows = log_then_softmax_error(torch.tensor([[70.0, 0.0]], dtype=torch.float64), torch.tensor([0]))
    lost = row(rows, "float16", 1000, "log_softmax")  # 70,000 is past 65,504
    assert (lost["infinite"], lost["relative_error"]) == (1, None)


@pytest.mark.parametrize(
    ("dtype", "scale", "infinite"),
    [
        ("float64", 100, 0),
        ("float64", 1000, 0.5),  # 1,000 is past 709; 250 is not
        ("float32", 10, 0),
        ("float32", 100, 0.5),  # 100 is past 88
        ("float32", 1000, 1),
        ("float16", 10, 0),
        ("float16", 100, 1),  # 25 is past 11
        ("bfloat16", 100, 0.5),
    ],
)
def test_log_sum_exp_without_its_shift_overflows(dtype: str, scale: int, infinite: float) -> None:
    assert row(SUMS, dtype, scale, "plain")["infinite"] == infinite
    assert row(SUMS, dtype, scale, "shifted")["infinite"] == 0


def test_past_the_limit_exp_is_infinite() -> None:
    limits = precision("nll", SCORES, TAGS, None)["overflow"]
    assert limits == {"float64": 709.783, "float32": 88.7228, "float16": 11.0899, "bfloat16": 88.7228 - 0.0039}
    for name, limit in limits.items():
        assert limit is not None
        below, above = torch.tensor([limit * 0.99, limit * 1.01], dtype=getattr(torch, name)).exp().tolist()
        assert math.isfinite(below)
        assert math.isinf(above)
