"""How numbers and names are written on the page: the filters of its templates."""

import math
from collections.abc import Callable

from markupsafe import Markup

MINUS = "\u2212"
NONE = Markup('<span class="none"><span aria-hidden="true">\u2013</span><span class="hidden">none</span></span>')


def share(value: float | None, decimals: int = 2) -> str:
    """Write 0.954132 as 95.41 %."""
    return NONE if value is None else f"{value * 100:.{decimals}f}\u202f%"


def points(value: float) -> str:
    """Write a difference of shares of 0.0126 as +1.26."""
    text = f"{value * 100:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", MINUS)


def number(value: float | None, decimals: int = 4) -> str:
    """Write a number of everyday size."""
    return NONE if value is None else f"{value:,.{decimals}f}".replace("-", MINUS)


def count(value: int) -> str:
    """Write 25094 as 25,094."""
    return f"{value:,}"


def chance(value: float) -> str:
    """Write a p-value with as many digits as say something."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}".replace("1.0000", "1")


def tiny(value: float | None) -> str:
    """Write 1.2e-07 with a power of ten, numbers of everyday size as they are."""
    if value is None:
        return NONE
    if value == 0 or not math.isfinite(value) or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", MINUS).replace("inf", "infinite").replace("nan", "no number")
    mantissa, power = f"{value:.1e}".replace("-", MINUS).split("e")
    return Markup("{}\u202f\u00d7\u202f10<sup>{}</sup>").format(
        mantissa, f"{power[0].replace('+', '')}{power[1:].lstrip('0')}"
    )


def breakable(name: str) -> str:
    """Let the name of a loss break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))  # join escapes the parts


def prose(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return text.replace(" %", "\u202f%")


FILTERS: dict[str, Callable[..., str]] = {
    function.__name__: function for function in (share, points, number, count, chance, tiny, breakable, prose)
}
