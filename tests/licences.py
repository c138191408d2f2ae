"""The licences of the packages in the locks. `make licences` writes docs/licences.md."""

from collections import defaultdict
from importlib.metadata import metadata
from typing import Any

from tests.imports import ROOT
from tests.lock_hashes import read_lock

PAGE = ROOT / "docs/licences.md"
HEAD = """# Licences of the dependencies

What this project depends on is installed by pip and is no part of it: its code and data have licences of their own,
and neither they nor an export contain any of the packages below. Each row has a licence as the metadata of the
packages states it. `make licences` writes this page.

| licence | packages of `requirements.lock` | further ones of `requirements-dev.lock` |
|---|---|---|
"""
NOT_STATED = "not in the metadata"
# Older packages state a class of licences: those whose name says no less than an SPDX expression.
_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def licence_of(package: str) -> str:
    """Return what an installed package states: an expression, else a line of text, else classes."""
    fields: Any = metadata(package)
    classifiers = [text for text in fields.get_all("Classifier", []) if text.startswith("License :: ")]
    classes = {text.rpartition(" :: ")[2] for text in classifiers} - {"OSI Approved", "DFSG approved"}
    text = (fields.get("License") or "").strip()
    line = "" if "\n" in text or len(text) > 50 else text  # otherwise it is the licence itself
    stated = fields.get("License-Expression") or ", ".join(sorted(classes)) or line or NOT_STATED
    return _SPDX.get(stated, stated)


def page() -> str:
    """Return the page."""
    light, whole = (names_in(lock) for lock in ("requirements.lock", "requirements-dev.lock"))
    by_licence = defaultdict[str, list[str]](list)
    for name in sorted(whole):
        by_licence[licence_of(name)].append(name)
    rows = []
    for licence, names in sorted(by_licence.items(), key=lambda item: item[0].casefold()):
        cells = [", ".join(name for name in names if (name in light) is is_light) for is_light in (True, False)]
        rows.append(f"| {' | '.join([licence, *cells])} |")
    return HEAD + "\n".join(rows) + "\n"


def names_in(lock: str) -> set[str]:
    """Return the packages of a lock."""
    return {pin.partition("==")[0] for pin in read_lock(ROOT / lock)}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
