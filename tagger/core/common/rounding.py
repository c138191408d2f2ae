"""Rounding numbers for JSON."""

import math


def six_digits(value: float) -> float | None:
    """Round to six significant digits. None if the value is infinite or NaN."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def six_places(value: float) -> float:
    """Round to six decimal places; zero has no sign."""
    return round(float(value), 6) + 0.0
