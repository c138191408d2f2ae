import pytest

from tagger.core.common.rounding import six_digits, six_places
from tagger.report.shared.wording import grouped, listed, number, small_number


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [(1581, 0, "1,581"), (93.105, 1, "93.1"), (-0.7, 4, "−0.7000"), (-0.0001, 2, "0.00"), (0, 0, "0")],  # noqa: RUF001
)
def test_a_number_reads_as_in_print(value: float, places: int, expected: str) -> None:
    assert number(value, places) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.0271, "0.027"), (-0.5, "−0.5"), (5.96046e-08, "6.0 × 10⁻⁸"), (-1.13e-13, "−1.1 × 10⁻¹³")],  # noqa: RUF001
)
def test_a_small_number_has_its_power_of_ten(value: float, expected: str) -> None:
    assert small_number(value) == expected


def test_names_are_joined() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_names_are_grouped_with_the_first_that_they_are_like() -> None:
    assert grouped(["ab", "ba", "ac", "b"], lambda one, other: one[0] == other[0]) == [["ab", "ac"], ["ba", "b"]]


def test_six_digits_are_kept_of_a_number_of_any_size() -> None:
    assert six_digits(1.23456789e-12) == 1.23457e-12
    assert six_digits(413.3129) == 413.313
    assert six_digits(float("inf")) is None
    assert six_digits(float("nan")) is None


def test_six_places_have_no_negative_zero() -> None:
    assert six_places(0.12345678) == 0.123457
    assert str(six_places(-1e-9)) == "0.0"
