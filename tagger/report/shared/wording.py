"""Numbers and lists in sentences for people."""

from collections.abc import Sequence

_MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_RAISED = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, places: int = 0) -> str:
    """Write a number with so many places behind the point, thousands apart: 1,581."""
    text = f"{value:,.{places}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", _MINUS)


def small_number(value: float) -> str:
    """Write a number of any size to two digits: 0, 0.027, 6.0 x 10 to the power of -8."""
    if value == 0 or abs(value) >= 0.001:
        return f"{value:.2g}".replace("-", _MINUS)
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.replace('-', _MINUS)} {_TIMES} 10{str(int(exponent)).translate(_RAISED)}"


def listed(names: Sequence[str]) -> str:
    """Join names: a, b and c."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
