"""What a bare install lacks is said in one line, and the command of that line installs it."""

import ast
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tagger.cli.commands import run
from tagger.cli.extras import EXTRAS, install_command

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"pyyaml": "yaml"}  # of distributions that have other names
BROUGHT_ALONG = {"alembic", "markupsafe", "py4j", "requests", "sqlalchemy", "starlette"}  # by mlflow, pyspark, ...


def modules(requirements: list[str]) -> set[str]:
    names = {requirement.split(">")[0].split("=")[0] for requirement in requirements}
    return {MODULES.get(name, name) for name in names}


def test_every_extra_brings_the_module_that_it_is_named_for() -> None:
    for module, extra in EXTRAS.items():
        assert module in modules(PROJECT["optional-dependencies"][extra]) | BROUGHT_ALONG


def test_training_brings_what_tracking_does() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras["tracking"]) < set(extras["training"])


def test_every_import_of_the_library_is_installed_with_it_or_by_an_extra() -> None:
    known = modules(PROJECT["dependencies"]) | BROUGHT_ALONG
    for name, requirements in PROJECT["optional-dependencies"].items():
        known |= modules(requirements) if name != "dev" else set()
    found = set()
    for path in (ROOT / "tagger").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    found -= {*sys.stdlib_module_names, "tagger", "stages"}
    assert found <= known
    assert found - modules(PROJECT["dependencies"]) <= EXTRAS.keys()


def test_a_registered_model_is_used_on_spark_without_what_training_needs() -> None:
    extras = PROJECT["optional-dependencies"]
    missing = modules(extras["training"]) - modules(extras["spark"])
    assert "torch" in missing
    lines = [f"sys.modules[{module!r}] = None" for module in sorted(missing)]
    code = "\n".join(["import sys", *lines, "import tagger.spark.job, tagger.tracking.compared_runs"])
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_tag_corpus_names_the_extra_that_brings_all_it_needs() -> None:
    code = "import sys; sys.modules |= {'pyspark': None, 'pandas': None}; from tagger.__main__ import run; run()"
    command = [sys.executable, "-c", code, "tag-corpus", "a.txt", "b.json"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"error: pyspark is not installed; install it with {install_command('spark')}\n"


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_the_command_installs_what_the_extra_brings_and_leaves_the_project_as_it_is(extra: str) -> None:
    words = shlex.split(install_command(extra))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert {*map(Requirement, words[4:])} == {*map(Requirement, PROJECT["optional-dependencies"][extra])}


def test_code_that_was_never_installed_is_installed_from_its_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("tagger.cli.extras.requires", absent)
    words = [sys.executable, "-m", "pip", "install", "--editable", f"{ROOT}[serving]"]
    assert install_command("serving") == shlex.join(words)


def test_a_missing_module_of_our_own_is_not_the_user_s_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ModuleNotFoundError("No module named 'tagger.x'", name="tagger.x")

    def fail() -> None:
        raise error

    monkeypatch.setattr("tagger.cli.commands.main", fail)
    with pytest.raises(ModuleNotFoundError) as caught:
        run()
    assert caught.value is error
