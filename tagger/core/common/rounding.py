"""Numbers for JSON."""

import math
from typing import TypeVar

MaybeNumber = TypeVar("MaybeNumber", float, float | None)


def six_digits(value: float) -> float | None:
    """Return the value to six significant digits, none where it is infinite or no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def six_places(value: MaybeNumber) -> MaybeNumber:
    """Return the value to six places behind the point; zero has no sign."""
    return None if value is None else round(float(value), 6) + 0.0
