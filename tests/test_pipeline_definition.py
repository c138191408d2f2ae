"""`dvc.yaml` declares what the code reads: both are derived here, so they can't drift."""

import ast
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tagger import params

ROOT = Path(__file__).parent.parent
STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def imported_modules(path: Path) -> set[Path]:
    """Return the project's own files that a file imports, anywhere in it, or names to hand them on."""
    found: set[Path] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue  # not imported when the program runs
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Constant) and str(node.value).endswith(".py"):
            found |= {file for file in [ROOT / "tagger" / str(node.value)] if file.exists()}
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("tagger", "stages"):
                place = ROOT / name.replace(".", "/")
                packages = (folder / "__init__.py" for folder in (place, *place.parents) if folder.is_relative_to(ROOT))
                found |= {file for file in (place.with_suffix(".py"), *packages) if file.exists()}
    return found


def needed_modules(path: Path) -> set[str]:
    """Return the file and all that it imports, directly or not, as paths from the root."""
    needed: set[Path] = set()
    waiting = {path}
    while waiting:
        needed |= waiting
        waiting = set().union(*(imported_modules(file) for file in waiting)) - needed
    return {file.relative_to(ROOT).as_posix() for file in needed}


def view_of(stage: str) -> type[params.Section]:
    """Return the view of the params that a stage asks `read_params` for."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "read_params"]
    assert len(calls) == 1
    view: type[params.Section] = getattr(params, ast.unparse(calls[0].args[0]))
    return view


def attributes_read(stage: str) -> set[str]:
    """Return the keys that a stage reads off its params."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "params"
    }


def test_every_stage_has_its_script() -> None:
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__", "__main__"}
    assert scripts == set(STAGES) == {"prepare", "train", "evaluate", "report", "export"}


@pytest.mark.parametrize("stage", STAGES)
def test_every_param_that_a_stage_reads_is_declared_and_no_other(stage: str) -> None:
    declared = STAGES[stage]["params"]
    assert len(declared) == len(set(declared))
    assert set(declared) == set(view_of(stage).model_fields) == attributes_read(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_every_module_that_a_stage_uses_is_a_dependency_and_no_other(stage: str) -> None:
    declared = [dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")]
    assert len(declared) == len(set(declared))
    runner = needed_modules(ROOT / "stages" / "__main__.py")
    assert set(declared) == runner | needed_modules(ROOT / "stages" / f"{stage}.py")


def test_every_file_of_the_page_is_a_dependency_of_the_report() -> None:
    folder = ROOT / "tagger" / "report_page"
    files = {path.relative_to(ROOT).as_posix() for path in folder.glob("*.*") if path.suffix != ".py"}
    declared = {dep for dep in STAGES["report"]["deps"] if dep.startswith("tagger/") and not dep.endswith(".py")}
    assert files == declared


def test_every_key_of_the_params_is_read_by_some_stage() -> None:
    read = set().union(*(view_of(stage).model_fields for stage in STAGES))
    assert read == set(params.Params.model_fields)


def test_the_views_hold_the_types_of_the_whole() -> None:
    whole = typing.get_type_hints(params.Params, include_extras=True)
    for stage in STAGES:
        hints = typing.get_type_hints(view_of(stage), include_extras=True)
        assert {name: hints[name] for name in view_of(stage).model_fields} == {
            name: whole[name] for name in view_of(stage).model_fields
        }
