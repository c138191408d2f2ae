"""The filters of the page's templates: how numbers and names are written."""

import math
from bisect import bisect_right
from collections.abc import Callable

from markupsafe import Markup

from tagger.report.shared import wording
from tagger.report.shared.wording import MINUS

NONE = Markup('<span class="none"><span aria-hidden="true">\u2013</span><span class="hidden">none</span></span>')
COLOURS = 5  # that the style sheet has for losses
WRONG_LEVELS = (0.005, 0.02, 0.05, 0.15)  # shares at which the colour of what is wrong gets stronger


def share(value: float | None, decimals: int = 2) -> str:
    """Write 0.954132 as 95.41 %."""
    return NONE if value is None else f"{wording.number(100 * value, decimals)}\u202f%"


def points(value: float) -> str:
    """Write a difference of shares of 0.0126 as +1.26."""
    text = wording.number(100 * value, 2)
    return text if text == "0.00" or value < 0 else f"+{text}"


def number(value: float | None, decimals: int = 4) -> str:
    """Write a number of everyday size."""
    return NONE if value is None else wording.number(value, decimals)


def chance(value: float) -> str:
    """Write a p-value with four decimals."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}".replace("1.0000", "1")


def tiny(value: float | None) -> str:
    """Write 1.2e-07 with a power of ten, numbers of everyday size as they are."""
    if value is None:
        return NONE
    if value == 0 or not math.isfinite(value) or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", MINUS).replace("inf", "infinite").replace("nan", "no number")
    return Markup("{}\u202f\u00d7\u202f10<sup>{}</sup>").format(*wording.scientific(value))


def breakable(name: str) -> str:
    """Let the name of a loss break after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))  # join escapes the parts


def prose(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return text.replace(" %", "\u202f%")


def series(place: int) -> str:
    """Return the style of a loss by its place: after `COLOURS` losses colours repeat, with another marker."""
    return f"s{place % COLOURS}"


def wrong_style(share: float) -> str:
    """Return the style of a share that should be small: e1 to e5, empty for 0."""
    return f"e{1 + bisect_right(WRONG_LEVELS, share)}" if share else ""


FILTERS: dict[str, Callable[..., str]] = {"count": wording.number}
FILTERS |= {
    each.__name__: each for each in (share, points, number, chance, tiny, breakable, prose, series, wrong_style)
}
