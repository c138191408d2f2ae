"""What `make setup` and `.ci/run` install, and whose code the installed command and the stages run."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests import licences
from tests.imports import ROOT
from tests.lock_hashes import PYTHONS, is_supported, read_lock, write_lock

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "bench/requirements.lock")
FOR_TESTS = {"mypy", "pip-tools", "py4j", "pyspark", "pytest", "ruff", "selenium", "spacy", "thinc"}


def locked(name: str) -> dict[str, str]:
    """Return the version of each package in a lock."""
    pins = read_lock(ROOT / name)
    versions = dict(pin.split("==") for pin in pins)
    assert len(versions) == len(pins)
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


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_but_torch_has_hashes(lock: str) -> None:
    pins = read_lock(ROOT / lock)
    assert [pin for pin, hashes in pins.items() if not hashes] == ["torch==2.13.0"]
    stated = [text for hashes in pins.values() for text in hashes]
    assert len(stated) > len(pins)
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", text) for text in stated)


def test_a_lock_is_written_as_it_was_read(tmp_path: Path) -> None:
    write_lock(tmp_path / "lock", read_lock(ROOT / "requirements.lock"))
    assert (tmp_path / "lock").read_bytes() == (ROOT / "requirements.lock").read_bytes()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a-1.0.tar.gz", True),
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-py2.py3-none-any.whl", True),
        ("a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", True),
        ("a-1.0-cp38-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", True),
        ("a-1.0-cp314-cp314-macosx_11_0_arm64.whl", True),
        ("a-1.0-cp314-cp314t-macosx_11_0_arm64.whl", False),
        ("a-1.0-cp310-cp310-manylinux_2_28_x86_64.whl", False),
        ("a-1.0-cp311-cp311-win_amd64.whl", False),
    ],
)
def test_hashes_are_of_files_that_pip_may_install_where_the_project_runs(file: str, expected: bool) -> None:
    assert is_supported(file) == expected
    assert {f"Programming Language :: Python :: {version}" for version in PYTHONS} <= set(PROJECT["classifiers"])


def make_wheel(folder: Path, content: str) -> Path:
    """Write a package of one module and a lock with its hash, in which torch has none."""
    folder.mkdir()
    wheel = folder / "honest-1.0-py3-none-any.whl"
    files = {
        "honest.py": content,
        "honest-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: honest\nVersion: 1.0\n",
        "honest-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "honest-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


@pytest.mark.parametrize("hostile", [False, True])
def test_a_package_with_another_hash_than_that_of_the_lock_is_not_installed(hostile: bool, tmp_path: Path) -> None:
    found = make_wheel(tmp_path / "index", "x = 2" if hostile else "x = 1")
    honest = make_wheel(tmp_path / "honest", "x = 1")
    digest = hashlib.sha256((found if not hostile else honest).read_bytes()).hexdigest()
    write_lock(tmp_path / "lock", {"honest==1.0": [f"sha256:{digest}"], "torch==2.13.0": []})
    define = MAKEFILE.split("\nPIP_INSTALL := ")[1].split("\nendef")[0]
    *_, install = define.splitlines()
    command = install.replace("$(1)/bin/python", f"{sys.executable}").replace("$(2)", "lock")
    command = command.replace("$(PIP_INSTALL)", f"{define.splitlines()[0]} --no-index --find-links index --target new")
    done = run("sh", "-c", command, cwd=tmp_path, PATH=os.environ["PATH"])
    assert (tmp_path / "new/honest.py").exists() == (not hostile), done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) == hostile


def test_an_audit_that_can_look_nothing_up_says_so(tmp_path: Path) -> None:
    """As where pip-audit's source answers that it knows no such package, for which pip-audit itself exits with 0."""
    answer = {"dependencies": [{"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1.0", "vulns": []}]}
    stub(tmp_path / "pip-audit", f"echo '{json.dumps(answer)}'")
    write_lock(tmp_path / "lock", {"a==1.0": [], "b==1.0": []})
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = run(sys.executable, "-m", "tests.audit", str(tmp_path / "lock"), cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: 1 of 2 packages could not be looked up, such as a==1.0\n"


def test_an_audit_names_what_is_vulnerable(tmp_path: Path) -> None:
    found = [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"], "description": ""}]
    stub(
        tmp_path / "pip-audit",
        f"echo '{json.dumps({'dependencies': [{'name': 'a', 'version': '1.0', 'vulns': found}]})}'; exit 1",
    )
    write_lock(tmp_path / "lock", {"a==1.0": []})
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = run(sys.executable, "-m", "tests.audit", str(tmp_path / "lock"), cwd=tmp_path, **environment)
    assert done.returncode == 1
    assert done.stdout == "a==1.0: PYSEC-1, CVE-1; fixed in 1.1\n1 packages looked up, 1 with a known vulnerability\n"


def test_the_page_of_licences_has_what_the_packages_of_the_locks_state() -> None:
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page()


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
