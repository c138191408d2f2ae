"""Reading `params.yaml`: a mistake in it is reported with its line, the value and what was expected."""

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError, SafeConstructor

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Params, Section

View = TypeVar("View", bound=Section)
_Key = tuple[str | int, ...]
_Lines = dict[_Key, int]

_PLAIN_TAGS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")
_MOST_LEVELS = 20  # of nested values: an alias may contain itself
_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def read_params(view: type[View], path: Path = Path("params.yaml")) -> View:
    """Check the whole file and return the keys of one stage, which can't reach any other.

    Raises:
        InputError: the file is missing, is not YAML, or has an unknown, missing or wrong value.
    """
    document, lines = read_document(path)
    try:
        params = Params.model_validate(document)
    except ValidationError as error:
        raise _explain(error, lines, path) from None
    for name in params.losses:
        if params.losses.count(name) > 1:
            raise InputError.at(path, lines["losses",], f"losses: {name!r} is listed twice")
    chosen = params.export.loss
    if chosen not in ("best", *params.losses):
        expected = f"expected 'best' or one of losses: {', '.join(params.losses)}"
        raise InputError.at(path, lines["export", "loss"], f"export.loss: {chosen!r} is not trained; {expected}")
    return view.model_validate(params, from_attributes=True)


def read_document(path: Path = Path("params.yaml")) -> tuple[Any, _Lines]:
    """Return the content of the file, unchecked, and the line of each key.

    Raises:
        InputError: the file is missing or is not YAML.
    """
    lines: _Lines = {}
    try:
        root = yaml.compose(path.read_bytes().decode("utf-8"), _Loader)
        return _read(root, (), lines) if root else None, lines
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the parameters of the pipeline") from None
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(path, error) from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = mark.line + 1 if mark else None
        what = "" if isinstance(error, ConstructorError) else "not YAML: "
        raise InputError.at(path, line, f"{what}{problem or ' '.join(str(error).split())}") from None


def flatten(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every value of nested mappings under its dotted key."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number, as YAML 1.2 and DVC do."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def _read(node: yaml.Node, key: _Key, lines: _Lines) -> Any:
    """Return the value of the node that has this key, and note the line of each key in it."""
    lines.setdefault(key, node.start_mark.line + 1)
    if len(key) > _MOST_LEVELS:
        raise ConstructorError(problem="values are nested too deeply", problem_mark=node.start_mark)
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        raise ConstructorError(problem=f"unknown tag {node.tag!r}", problem_mark=node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return [_read(value, (*key, index), lines) for index, value in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        try:
            return SafeConstructor().construct_object(node)
        except ValueError as error:  # it only looks like a date or a number
            raise ConstructorError(problem=str(error), problem_mark=node.start_mark) from None
    values: dict[str, Any] = {}
    for name, value in node.value:
        if name.tag != "tag:yaml.org,2002:str":
            raise ConstructorError(problem="a key is not text", problem_mark=name.start_mark)
        if name.value in values:
            raise ConstructorError(problem=f"duplicate key {name.value!r}", problem_mark=name.start_mark)
        lines[*key, name.value] = name.start_mark.line + 1
        values[name.value] = _read(value, (*key, name.value), lines)
    return values


def _explain(error: ValidationError, lines: _Lines, path: Path) -> InputError:
    """Word the first of the problems; a misspelt key is reported before the key that it leaves missing."""
    problem = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key, kind, value = problem["loc"], problem["type"], problem["input"]
    if kind == "missing" and isinstance(key[-1], int):  # a list is too short: that is what is wrong, not its element
        key, kind = key[:-1], "too_short"
    name = ".".join(map(str, key))
    line = next((lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in lines), None)
    if kind == "extra_forbidden":
        names = list(_schema_at(key[:-1])["properties"])
        hint = _near(key[-1], names, 0.5) or f"; expected one of {', '.join(names)}"
        return InputError.at(path, line, f"unknown key {name!r}{hint}")
    schema = _schema_at(key)
    expected = _describe(schema)
    if kind == "missing":
        return InputError.at(path, line, f"the key {name!r} is missing; expected {expected}")
    place = f"{name}: " if name else ""
    hint = _near(value, list(map(str, schema.get("enum", []))))
    return InputError.at(path, line, f"{place}got {value!r}, expected {expected}{hint}")


def _near(value: object, choices: list[str], cutoff: float = 0.6) -> str:
    near = difflib.get_close_matches(str(value), choices, n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def _schema_at(key: _Key) -> dict[str, Any]:
    """Return the JSON schema of a key of `Params`, with its reference resolved."""
    root = Params.model_json_schema()
    schema = root
    for part in key:
        if isinstance(part, int):
            schema = schema["prefixItems"][part] if "prefixItems" in schema else schema["items"]
        else:
            schema = schema["properties"][part]
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _describe(schema: dict[str, Any]) -> str:
    """Say what a JSON schema expects."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if schema.get("type") == "array":
        inner = schema.get("prefixItems", [schema.get("items")])
        amount = f"{len(inner)} values" if "prefixItems" in schema else "one or more values"
        return f"a list of {amount}, each {_describe(inner[0])}"
    bounds = [f"{words} {schema[bound]}" for bound, words in _BOUNDS.items() if bound in schema]
    if "minLength" in schema:
        bounds.append("that is not empty")
    if "pattern" in schema:
        bounds.append(f"that matches {schema['pattern']}")
    return " ".join([_KINDS.get(schema.get("type", ""), "keys and values"), " and ".join(bounds)]).strip()
