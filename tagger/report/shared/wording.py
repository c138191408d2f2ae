"""Numbers, lists and groups in sentences for people."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_RAISED = str.maketrans(f"{MINUS}0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, places: int = 0) -> str:
    """Write a number with this many decimals and commas between thousands: 1,581."""
    text = f"{value:,.{places}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def percent(share: float) -> str:
    """Write 0.125 as 12.5 %."""
    return f"{100 * share:.1f} %"


def scientific(value: float) -> tuple[str, str]:
    """Return the mantissa of a number to two digits, and its power of ten: 6.0 and -8."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return mantissa.replace("-", MINUS), str(int(exponent)).replace("-", MINUS)


def small_number(value: float) -> str:
    """Write a number of any size to two digits: 0, 0.027, 6.0 x 10 to the power of -8."""
    if value == 0 or abs(value) >= 0.001:
        return f"{value:.2g}".replace("-", MINUS)
    mantissa, exponent = scientific(value)
    return f"{mantissa} {TIMES} 10{exponent.translate(_RAISED)}"


def listed(names: Sequence[str]) -> str:
    """Join names: a, b and c."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def grouped(names: Iterable[str], alike: Callable[[str, str], bool]) -> list[list[str]]:
    """Put each name into the first group whose first name it is like, or into a group of its own."""
    groups: list[list[str]] = []
    for name in names:
        if home := next((group for group in groups if alike(group[0], name)), None):
            home.append(name)
        else:
            groups.append([name])
    return groups


def phrases(file: Path, **known: Any) -> Callable[..., str]:
    """Return a function that calls a macro of this template by its name, and returns its text on one line.

    Every macro can also use what is `known`.
    """
    templates = Environment(  # noqa: S701, plain text
        loader=FileSystemLoader(file.parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {function.__name__: function for function in (listed, number, percent, small_number)}
    macros = templates.get_template(file.name).make_module(known)
    return lambda macro, *given, **more: " ".join(getattr(macros, macro)(*given, **more).split())
