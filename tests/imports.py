"""Which module of the project imports which, late imports and those under TYPE_CHECKING included."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules(*folders: str) -> dict[str, Path]:
    """Return the file of each module below the folders, by its dotted name; a package has the name of its folder."""
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imports_of(path: Path, *, typing: bool = True) -> Iterator[str]:
    """Yield the dotted names that a file imports, for its types too; of `from a import b` both `a` and `a.b`."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if typing or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def folder_of(module: str, path: Path) -> str:
    """Return the folder of a module, dotted and without `tagger`: `core.common`, or nothing for the top."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return package.removeprefix("tagger").removeprefix(".")


def graph_of(found: Mapping[str, Path]) -> dict[str, set[str]]:
    """Return the modules that each one imports."""
    return {module: {name for name in imports_of(path) if name in found} for module, path in found.items()}


def find_chain(graph: Mapping[str, set[str]], start: str, goal: str) -> list[str]:
    """Return the shortest way from one node to another, empty if there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        for node in sorted(graph.get(way[-1], ())):
            if node == goal:
                return [*way, node]
            if node not in seen:
                seen.add(node)
                ways.append([*way, node])
    return []
