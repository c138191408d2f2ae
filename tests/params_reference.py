"""The docs of the params, generated from their types. `python -m tests.params_reference` writes them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tagger.core.common.yaml_file import read_yaml
from tagger.core.params.reader import flatten
from tagger.core.params.schema import Params
from tests.imports import ROOT

SCHEMA, PAGE = "params.schema.json", "docs/params.md"
DEFAULTS = ROOT / "recorded/starter/params.yaml"
FIRST_LINE = f"# yaml-language-server: $schema={SCHEMA}"
_COMMENT = 30  # column of the comments


def schema() -> str:
    """Return the JSON schema of `params.yaml`, for editors."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | _types()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def page(text: str) -> str:
    """Return the page of the params with its table made anew."""
    values = flatten(read_yaml(DEFAULTS)[0])
    rows = [f"| `{key}` | {_default(values[key])} | {about} | {_values(kind)} |" for key, about, kind in _params()]
    table = "\n".join(["| param | default | meaning | values |", "|---|---|---|---|", *rows])
    return re.sub(r"^\| param \|.*?(?=\n\n)", lambda _: table, text, flags=re.DOTALL | re.MULTILINE)


def commented(text: str) -> str:
    """Return the text of a `params.yaml` with the schema in its first line and a comment for each param."""
    comments = {key: ": ".join(filter(None, [", ".join(_choices(kind)), about])) for key, about, kind in _params()}
    comments |= {f"data.{name}": str(kind["description"]) for name, kind in _section("data").items() if "$ref" in kind}
    lines, above = [FIRST_LINE], [""]
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if match := re.match(r"( *)(\w+):(.*)", line):
            depth = len(match[1]) // 2
            above = [*above[: depth + 1], match[2]]
            key = ".".join(above[1:])
            if key in comments:
                lines.append(f"{re.split(' +#', line)[0].rstrip():<{_COMMENT}} # {comments[key]}")
                continue
        lines.append(line)
    return "\n".join(lines) + "\n"


def _types() -> dict[str, Any]:
    return Params.model_json_schema()


def _section(name: str) -> dict[str, Any]:
    root = _types()
    properties: dict[str, Any] = root["$defs"][root["properties"][name]["$ref"].rpartition("/")[2]]["properties"]
    return properties


def _params(properties: dict[str, Any] | None = None, prefix: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the name, the description and the JSON schema of each param."""
    root = _types()
    for name, kind in (root["properties"] if properties is None else properties).items():
        if "$ref" in kind:
            section = root["$defs"][kind["$ref"].rpartition("/")[2]]
            yield from _params(section["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, kind["description"], kind


def _choices(kind: dict[str, Any]) -> list[str]:
    return list(map(str, kind.get("enum", []) or kind.get("items", {}).get("enum", [])))


def _default(value: object) -> str:
    return "empty" if value in ("", []) else f"`{json.dumps(value, ensure_ascii=False)}`".replace('"', "")


def _values(kind: dict[str, Any]) -> str:
    """Say which values a JSON schema allows."""
    kinds = kind.get("type")
    if choices := _choices(kind):
        return ("a list of " if kinds == "array" else "") + ", ".join(f"`{choice}`" for choice in choices)
    if kinds == "array":
        inner = kind.get("prefixItems", [kind.get("items")])
        if "prefixItems" in kind:
            return f"{len(inner)} numbers, each {_values(inner[0])}"
        return "a list of strings" if inner[0]["type"] == "string" else f"a list of numbers, each {_values(inner[0])}"
    if kinds == ["string", "integer"]:
        return "a name, or a number from 1"
    if kinds == "string":
        text = "a path" if kind.get("format") == "path" else "a string"
        return "letters, digits, `_`, `-`, `.`" if "pattern" in kind else text
    if kinds == "boolean":
        return "`true`, `false`"
    low = f"above {kind['exclusiveMinimum']:g}" if "exclusiveMinimum" in kind else f"{kind['minimum']:g}"
    if "exclusiveMaximum" in kind:
        return f"{low} to below {kind['exclusiveMaximum']:g}"
    return f"{low} to {kind['maximum']}" if "maximum" in kind else f"{low} or more"


def main() -> None:
    """Write the files: the schema, the page, and the comments of `params.yaml` and of the recorded params."""
    (ROOT / SCHEMA).write_text(schema(), encoding="utf-8")
    for path in (ROOT / "params.yaml", *ROOT.glob("recorded/*/params.yaml")):
        path.write_text(commented(path.read_text(encoding="utf-8")), encoding="utf-8")
    path = ROOT / PAGE
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
