"""The folders of `tagger/`: what each may import, and that no two places share a name."""

import ast
import itertools
import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from tests.imports import ROOT, find_chain, folder_of, graph_of, imports_of, modules

MODULES = modules("tagger")
FOLDERS = sorted({folder_of(module, path) for module, path in MODULES.items()} - {""})
WATCHING = ("runner", "tracking")
DECIDING = [folder for folder in FOLDERS if folder.split(".")[0] not in (*WATCHING, "serving", "spark", "cli")]


def declared(folder: str) -> list[str]:
    """Return what the docstring of a folder says that it may import."""
    docstring = ast.get_docstring(ast.parse(MODULES[f"tagger.{folder}"].read_text(encoding="utf-8")))
    named = re.search(r"^May import: ([\w., ]+)\.$", docstring or "", re.MULTILINE)
    assert named, f"tagger/{folder.replace('.', '/')}/__init__.py: its docstring has no line 'May import: ...'"
    if named[1] == "nothing of the project":
        return []
    return FOLDERS if named[1] == "everything else" else named[1].split(", ")


def within(folder: str, allowed: str) -> bool:
    return f"{folder}.".startswith(f"{allowed}.")


@cache
def between_folders() -> dict[tuple[str, str], str]:
    """Return one import as an example of each pair of folders, those of the top left out."""
    found = {}
    for module, others in graph_of(MODULES).items():
        for other in others:
            pair = folder_of(module, MODULES[module]), folder_of(other, MODULES[other])
            if all(pair) and pair[0] != pair[1]:
                found[pair] = f"{module} imports {other}"
    return found


@cache
def folder_graph() -> dict[str, set[str]]:
    graph = defaultdict(set)
    for importer, imported in between_folders():
        graph[importer].add(imported)
    return graph


def test_every_folder_is_a_package_that_says_what_it_is_for() -> None:
    assert FOLDERS
    for folder in FOLDERS:
        declared(folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_what_its_docstring_allows(folder: str) -> None:
    allowed = declared(folder)
    for (importer, imported), example in between_folders().items():
        if importer == folder:
            assert any(within(imported, folder) for folder in allowed), f"{example}, but may import {allowed}"


def test_imports_between_folders_run_one_way() -> None:
    for folder in FOLDERS:
        circle = find_chain(folder_graph(), folder, folder)
        examples = [between_folders()[pair] for pair in itertools.pairwise(circle)]
        assert not circle, f"{' -> '.join(circle)}: {'; '.join(examples)}"


@pytest.mark.parametrize("folder", DECIDING)
def test_what_decides_bytes_knows_nothing_of_what_watches(folder: str) -> None:
    for watching in WATCHING:
        chain = find_chain(folder_graph(), folder, watching)
        assert not chain, " -> ".join(chain)


def test_the_packages_import_nothing_themselves() -> None:
    for folder in FOLDERS:
        tree = ast.parse(MODULES[f"tagger.{folder}"].read_text(encoding="utf-8"))
        imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert imports == (["import pyspark"] if folder == "spark" else []), folder


def test_no_two_places_share_a_name() -> None:
    names = [path.stem for path in MODULES.values() if not path.stem.startswith("__")]
    names += [folder.rpartition(".")[2] for folder in FOLDERS]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_no_folder_has_the_name_of_one_at_the_top_that_holds_something_else() -> None:
    top = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert {folder.split(".")[0] for folder in FOLDERS} & top == set()


def test_tests_mirror_the_folders() -> None:
    places = {*FOLDERS, "", "bench", "fuzz", "pipeline"}
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = ".".join(path.parent.relative_to(ROOT / "tests").parts)
        assert folder in places, f"{path.relative_to(ROOT)}: no folder of tagger/ has this name"


def test_the_tree_in_the_architecture_names_every_folder() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [folder for folder in FOLDERS if f"`{folder.replace('.', '/')}/`" not in text] == []


@pytest.mark.parametrize("stage", ["prepare", "train", "evaluate", "report", "export"])
def test_a_script_puts_the_folder_of_its_stage_and_what_watches_together(stage: str) -> None:
    for name in imports_of(ROOT / "stages" / f"{stage}.py"):
        if name in MODULES:
            assert name.split(".")[1] in ("core", stage, *WATCHING), f"stages/{stage}.py imports {name}"
