"""Licences, citation, hooks, CI, editors: what stands beside the code agrees with itself and with the project."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.imports import ROOT
from tests.test_setup import MAKEFILE, PROJECT, locked

TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def document(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_package_says_its_licence(tmp_path: Path) -> None:
    build = f"from setuptools import build_meta; print(build_meta.prepare_metadata_for_build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True)
    metadata = (tmp_path / done.stdout.splitlines()[-1] / "METADATA").read_text(encoding="utf-8").splitlines()
    assert "License-Expression: Apache-2.0" in metadata
    assert "License-File: LICENSE" in metadata
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[1]
    assert "Description-Content-Type: text/markdown" in metadata


def test_the_citation_and_the_changelog_are_of_this_version() -> None:
    citation = document("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert [citation[name] for name in ("version", "license")] == [PROJECT["version"], PROJECT["license"]]
    assert re.search(rf"\b{re.escape(PROJECT['version'])}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def listed(*options: str) -> list[str]:
    return subprocess.run(
        ["git", "ls-files", *options], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_git_has_no_file_that_it_is_told_to_ignore() -> None:
    # A link to another environment has been in git once: in a clone, `make setup` could not make its own.
    assert listed("--cached", "--ignored", "--exclude-per-directory=.gitignore") == []


def test_a_commit_is_checked_by_the_ruff_of_the_lock_and_adds_no_large_file() -> None:
    hooks = {repo["repo"].rpartition("/")[2]: repo for repo in document(".pre-commit-config.yaml")["repos"]}
    assert hooks["ruff-pre-commit"]["rev"] == f"v{locked('requirements-dev.lock')['ruff']}"
    (guard,) = [hook for hook in hooks["pre-commit-hooks"]["hooks"] if hook["id"] == "check-added-large-files"]
    limit = int(guard["args"][0].removeprefix("--maxkb=")) * 1024
    sizes = {name: (ROOT / name).stat().st_size for name in listed() if (ROOT / name).is_file()}
    assert [name for name, size in sizes.items() if size > limit] == []


def test_ci_runs_what_make_has_and_compares_the_metrics() -> None:
    steps = document(".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands[0] == "make test"
    assert "dvc metrics diff --md" in commands[1]
    (python,) = [step["with"] for step in steps if "setup-python" in step.get("uses", "")]
    assert f"Programming Language :: Python :: {python['python-version']}" in PROJECT["classifiers"]


def test_editors_set_up_what_make_has() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    make, target = container["postCreateCommand"].split()
    assert make == "make"
    assert target in TARGETS
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text(encoding="utf-8"))["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended
    assert "iterative.dvc" in recommended


def test_the_quick_loop_leaves_out_what_is_there() -> None:
    left_out = MAKEFILE.split("\nSLOWER := ")[1].split("\n\n")[0].split("check:")[0].replace("\\\n", " ").split()
    assert left_out
    assert [path for path in left_out if not (ROOT / path).exists()] == []
