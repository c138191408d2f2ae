"""What `make setup` and `.ci/run` install, and whose code the installed command and the stages run."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.imports import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "bench/requirements.lock")
FOR_TESTS = {"mypy", "pip-tools", "py4j", "pyspark", "pytest", "ruff", "selenium", "spacy", "thinc"}


def locked(name: str) -> dict[str, str]:
    """Return the version of each package in a lock."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in lines)
    assert len(versions) == len(lines)
    return versions


def stub(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run(*command: str | Path, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_released_versions_and_one_torch(lock: str) -> None:
    versions = locked(lock)
    assert all(re.fullmatch(r"[0-9][0-9.]*(\.post\d+|b\d+|rc\d+)?", version) for version in versions.values())
    assert versions["torch"] == "2.13.0"


def test_both_locks_have_the_same_versions_and_the_first_has_nothing_that_tests_alone_need() -> None:
    light, whole = locked("requirements.lock"), locked("requirements-dev.lock")
    assert light.items() <= whole.items()
    assert whole.keys() - light.keys() >= FOR_TESTS
    assert len(light) + len(["pip", PROJECT["name"]]) < 165


def test_the_locks_have_what_the_project_requires() -> None:
    extras = PROJECT["optional-dependencies"]
    installed_by = {
        "requirements.lock": ("serving", "tracking", "training"),
        "requirements-dev.lock": set(extras) - {"bench"},
    }
    for lock, names in installed_by.items():
        versions = locked(lock)
        for requirement in map(
            Requirement, [*PROJECT["dependencies"], *(text for name in names for text in extras[name])]
        ):
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 14), (3, 15)])
def test_make_takes_the_versions_of_python_that_the_project_declares(version: tuple[int, int], tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    # Only the check is run: the environment is not made.
    stub(
        tmp_path / "python",
        f'[ "$1" = -c ] && exec {sys.executable} -c "import sys; sys.version_info = {(*version, 0)}; $2"',
    )
    done = run("make", "setup", "PYTHON=./python", cwd=tmp_path, PATH=os.environ["PATH"])
    accepted = SpecifierSet(PROJECT["requires-python"]).contains(".".join(map(str, version)))
    assert ("error: Python" not in done.stderr) == accepted, done.stderr
    assert accepted == ("-m venv" in done.stdout)


def test_the_installed_command_runs_this_repository_and_a_stage_its_own_snapshot(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("lstm-tagger")
    where = run(sys.executable, "-c", "import tagger; print(tagger.__file__)", cwd=tmp_path)
    assert (where.stdout, where.stderr) == (f"{ROOT / 'tagger' / '__init__.py'}\n", "")
    assert "Usage: lstm-tagger" in run(command, "--help", cwd=tmp_path).stdout
    for folder in ("stages", "tagger"):  # what `dvc exp run --temp` and the queue run in
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "tagger/__init__.py").open("a", encoding="utf-8") as file:
        file.write('\nraise SystemExit("the snapshot\'s code")\n')
    assert run(sys.executable, "-m", "stages", "prepare", cwd=tmp_path).stderr == "the snapshot's code\n"


def test_the_last_lines_of_a_run_name_each_skipped_test_and_why(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    tests = tmp_path / "tests"
    tests.mkdir()
    marks = '@pytest.mark.skip(reason="no browser")'
    code = f"import pytest\n{marks}\ndef test_a(): pass\n{marks}\ndef test_b(): pass\ndef test_c(): pass\n"
    (tests / "test_it.py").write_text(code, encoding="utf-8")
    done = run(sys.executable, "-m", "pytest", cwd=tmp_path, PATH=os.environ["PATH"])
    *_, first, second, last = done.stdout.splitlines()
    assert {first, second} == {f"SKIPPED tests/test_it.py::test_{name} - Skipped: no browser" for name in "ab"}
    assert "1 passed, 2 skipped" in last


@pytest.mark.parametrize("reachable", [True, False])
def test_ci_installs_the_programs_that_are_missing_and_runs_the_tests(reachable: bool, tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    stub(programs / "id", "echo 0")
    stub(programs / "make", 'echo "make $*"')
    stub(programs / "chromium", "")  # but no chromedriver
    stub(programs / "apt-get", f'echo "apt-get $*" >> apt.log; echo "no network"; exit {int(not reachable)}')
    done = run("bash", ".ci/run", cwd=tmp_path, PATH=str(programs))
    *notes, last = done.stdout.splitlines()
    assert (done.returncode, last) == (0, "make test")
    assert [note.endswith("could not be installed: no network") for note in notes] == [True] * (not reachable)
    asked = (tmp_path / "apt.log").read_text(encoding="utf-8").splitlines()
    assert len(asked) == 1 + reachable
    if reachable:
        assert "chromium-driver default-jre-headless" in asked[1]
