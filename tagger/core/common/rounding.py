"""Rounding numbers for JSON."""

import math
from typing import TypeVar

MaybeNumber = TypeVar("MaybeNumber", float, float | None)


def six_digits(value: float) -> float | None:
    """Round to six significant digits. None if the value is infinite or NaN."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def six_places(value: MaybeNumber) -> MaybeNumber:
    """Round to six decimal places; zero has no sign."""
    return None if value is None else round(float(value), 6) + 0.0
