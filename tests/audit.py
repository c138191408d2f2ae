"""Known vulnerabilities of the packages in the locks: `make audit`. It says so if a source of them can't be reached."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.imports import ROOT
from tests.lock_hashes import read_lock

SOURCES = ("pypi", "osv")  # of pip-audit; the second is asked if the first has not heard of the packages


def main(*locks: str) -> None:
    """Print what is known, and exit with 1 unless every package was looked up and none is vulnerable."""
    pins = sorted({pin for lock in locks for pin in read_lock(ROOT / lock)})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text("\n".join(pins), encoding="utf-8")
        known: dict[str, list[dict[str, Any]]] = {}
        for source in SOURCES:
            known |= _ask(source, file)
            if len(known) == len(pins):
                break
    for pin, found in sorted(known.items()):
        for each in found:
            fixed = ", ".join(each["fix_versions"]) or "no version"
            print(f"{pin}: {', '.join([each['id'], *each['aliases']])}; fixed in {fixed}")
    if missing := [pin for pin in pins if pin not in known]:
        sys.exit(f"error: {len(missing)} of {len(pins)} packages could not be looked up, such as {missing[0]}")
    vulnerable = sum(map(bool, known.values()))
    print(f"{len(pins)} packages looked up, {vulnerable} with a known vulnerability")
    sys.exit(vulnerable > 0)


def _ask(source: str, file: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the vulnerabilities of each package that a source knows; nothing if it does not answer."""
    options = ["--vulnerability-service", source, "--format", "json", "--progress-spinner", "off"]
    command = ["pip-audit", *options, "--no-deps", "--disable-pip", "--requirement", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    dependencies = json.loads(printed)["dependencies"] if printed.startswith("{") else []
    return {f"{each['name']}=={each['version']}": each["vulns"] for each in dependencies if "vulns" in each}


if __name__ == "__main__":
    main(*sys.argv[1:])
