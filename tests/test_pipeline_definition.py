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


def keys_of(view: type[params.Section]) -> set[str]:
    """Return the keys that a view holds; where it holds a part of a section, each key of the part."""
    whole, held = typing.get_type_hints(params.Params), typing.get_type_hints(view)
    keys = set()
    for name in view.model_fields:
        is_part = isinstance(held[name], type) and not issubclass(whole[name], held[name])
        keys |= {f"{name}.{key}" for key in held[name].model_fields} if is_part else {name}
    return keys


def keys_read(stage: str, declared: list[str]) -> set[str]:
    """Return the keys that a stage reads off its params, as they are declared, or in full where they are not."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    inner = {node.value for node in attributes}
    chains = [ast.unparse(node).split(".", 1) for node in attributes if node not in inner]
    read = {chain for name, chain in chains if name == "params"}
    return {next((key for key in declared if f"{chain}.".startswith(f"{key}.")), chain) for chain in read}


def test_every_stage_has_its_script() -> None:
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__", "__main__"}
    assert scripts == set(STAGES) == {"prepare", "train", "evaluate", "report", "export"}


@pytest.mark.parametrize("stage", STAGES)
def test_every_param_that_a_stage_reads_is_declared_and_no_other(stage: str) -> None:
    declared = STAGES[stage]["params"]
    assert len(declared) == len(set(declared))
    assert set(declared) == keys_of(view_of(stage)) == keys_read(stage, declared)


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
        for name in view_of(stage).model_fields:
            if hints[name] != whole[name]:  # a section of which the view leaves keys out
                parts, all_keys = (
                    typing.get_type_hints(kind, include_extras=True) for kind in (hints[name], whole[name])
                )
                assert {key: all_keys[key] for key in hints[name].model_fields} == {
                    key: parts[key] for key in hints[name].model_fields
                }
