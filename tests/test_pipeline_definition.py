"""`dvc.yaml` declares what the code reads: both are derived here, so they can't drift."""

import re
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tagger.core.params import schema
from tagger.core.params.reader import read_params
from tagger.runner.stage_files import FOLDERS, deciding_files, installed_versions
from tests.conftest import PARAMS
from tests.imports import graph_of, imports_of, modules

ROOT = Path(__file__).parent.parent
STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

# Packages whose version decides no figure: they check types, read params, or write bytes that others have computed.
DECIDES_NOTHING = {"markupsafe", "pydantic", "safetensors", "spacy", "tagger", "yaml"}
DECIDES_NOTHING |= {"alembic", "mlflow", "requests", "sqlalchemy", "huggingface_hub"}  # to fetch a model


def folders_reached(stage: str) -> set[str]:
    """Return the folders of `tagger/` that the one of a stage imports, directly or not, and itself."""
    graph = graph_of(modules("tagger"))
    reached = {module for module in graph if module.split(".")[1:2] == [stage]}
    while more := set().union(*(graph[module] for module in reached)) - reached:
        reached |= more
    return {module.split(".")[1] for module in reached}


def source_of(stage: str) -> str:
    """Return the code of a stage's own folder."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tagger" / stage).rglob("*.py")))


def view_of(stage: str) -> type[schema.Section]:
    """Return the view of the params that a stage asks `read_params` for."""
    (view,) = re.findall(r"\bread_params\((\w+)\)", source_of(stage))
    kind: type[schema.Section] = getattr(schema, view)
    return kind


def keys_of(view: type[schema.Section]) -> set[str]:
    """Return the keys that a view holds; where it holds a part of a section, each key of the part."""
    whole, held = typing.get_type_hints(schema.Params), typing.get_type_hints(view)
    keys = set()
    for name in view.model_fields:
        is_part = isinstance(held[name], type) and not issubclass(whole[name], held[name])
        keys |= {f"{name}.{key}" for key in held[name].model_fields} if is_part else {name}
    return keys


def keys_read(stage: str) -> set[str]:
    """Return the dotted keys that the code of a stage reads off `params`; all of a view that it writes out."""
    source = source_of(stage)
    read = set(re.findall(r"\bparams\.(\w+(?:\.\w+)*)", source))
    if "settings" in read:
        read |= set(read_params(schema.ReportView, PARAMS).settings)
    return read | (set(view_of(stage).model_fields) if re.search(r"\bparams\.model_dump\(", source) else set())


@pytest.mark.parametrize("stage", STAGES)
def test_the_shell_takes_a_param_for_one_word(stage: str) -> None:
    """Not for a command of its own: DVC puts it in before the stage can refuse it."""
    command = STAGES[stage]["cmd"]
    assert re.findall(r"\$\{[^}]+\}", command) == re.findall(r"(?<=')\$\{[^}]+\}(?=')", command)


def test_an_experiment_changes_a_value_in_the_params_and_nothing_else(tmp_path: Path) -> None:
    from dvc.utils.hydra import apply_overrides

    text = PARAMS.read_text(encoding="utf-8")
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    apply_overrides(path, ["train.epochs=7", "export.data_licence=CC0"])
    old, new = (set(content.splitlines()) for content in (text, path.read_text(encoding="utf-8")))
    assert sorted(line.partition("#")[0].strip() for line in new - old) == ["data_licence: CC0", "epochs: 7"]
    apply_overrides(path, ["train.epochs=12", "export.data_licence=auto"])
    assert path.read_text(encoding="utf-8") == text


def test_the_export_is_an_artifact_for_dvc() -> None:
    artifacts = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    assert artifacts["lstm-tagger"]["path"] in STAGES["export"]["outs"]


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_lists_a_description_of_each_stage_in_full(stage: str) -> None:
    assert len(STAGES[stage]["desc"]) <= 80  # `dvc stage list` cuts what is longer


def test_every_stage_has_its_script() -> None:
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__", "__main__"}
    assert scripts == set(STAGES) == {"prepare", "train", "evaluate", "report", "export"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_params_of_its_view_and_reads_each(stage: str) -> None:
    declared = STAGES[stage]["params"]
    assert len(declared) == len(set(declared))
    assert set(declared) == keys_of(view_of(stage))
    read = keys_read(stage)
    assert [key for key in declared if not any(f"{found}.".startswith(f"{key}.") for found in read)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_folders_that_it_reaches_and_on_no_other_code(stage: str) -> None:
    declared = [dep for dep in STAGES[stage]["deps"] if dep.startswith(("tagger", "stages"))]
    assert declared == [f"tagger/{folder}" for folder in FOLDERS[stage]]
    assert set(FOLDERS[stage]) == folders_reached(stage)


def test_the_key_of_a_checkpoint_covers_the_wings_of_train() -> None:
    covered = {path.relative_to(ROOT / "tagger").parts[0] for path in deciding_files("train")}
    assert covered == set(FOLDERS["train"])


@pytest.mark.parametrize("stage", STAGES)
def test_the_versions_that_a_stage_depends_on_are_those_of_the_packages_that_it_computes_with(stage: str) -> None:
    files = [path for path in deciding_files(stage) if path.suffix == ".py"]
    tops = {name.split(".")[0] for file in files for name in imports_of(file, typing=False)}
    imported = tops - set(sys.stdlib_module_names) - DECIDES_NOTHING
    assert imported <= set(installed_versions(stage)) <= imported | {"pyarrow"}  # pandas writes Parquet with it


def test_the_versions_of_the_wings_are_those_of_the_lock() -> None:
    locked = set((ROOT / "requirements.lock").read_text(encoding="utf-8").split())
    for path in (ROOT / "tagger").rglob("versions.txt"):
        assert set(path.read_text(encoding="utf-8").split()) <= locked, path


def test_every_key_of_the_params_is_read_by_some_stage() -> None:
    read = set().union(*(view_of(stage).model_fields for stage in STAGES))
    assert read == set(schema.Params.model_fields)


def test_the_views_hold_the_types_of_the_whole() -> None:
    whole = typing.get_type_hints(schema.Params, include_extras=True)
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
