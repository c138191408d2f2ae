"""Grouping what is alike."""

from collections.abc import Callable, Iterable


def grouped(names: Iterable[str], alike: Callable[[str, str], bool]) -> list[list[str]]:
    """Put each name into the first group whose first name it is like, or into a group of its own."""
    groups: list[list[str]] = []
    for name in names:
        home = next((group for group in groups if alike(group[0], name)), None)
        if home is None:
            groups.append([name])
        else:
            home.append(name)
    return groups
