"""Reading `params.yaml`: what is wrong in it is named with its line, the value and the allowed ones."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from tagger.core.common.errors import InputError
from tagger.core.params.schema import EvaluateView, ExportView, Params, PrepareView, ReportView, TrainView

View = TypeVar("View", PrepareView, TrainView, EvaluateView, ReportView, ExportView)


def read_params(view: type[View], path: Path = Path("params.yaml")) -> View:
    """Check the whole file and return the keys of one stage; it can't reach any other.

    Raises:
        InputError: the file is missing, is not YAML, or has an unknown, missing or wrong value.
    """
    document, lines = _load(path)
    try:
        params = Params.model_validate(document)
    except ValidationError as error:
        raise _explain(error, document, lines, path) from None
    doubled = {name for name in params.losses if params.losses.count(name) > 1}
    if doubled:
        raise InputError.at(path, lines.get(("losses",)), f"losses: {sorted(doubled)[0]!r} is listed twice")
    if params.export.loss != "best" and params.export.loss not in params.losses:
        raise InputError.at(
            path,
            lines.get(("export", "loss")),
            f"export.loss: {params.export.loss!r} is not trained; expected 'best' or one of losses: "
            + ", ".join(params.losses),
        )
    return view.model_validate(params, from_attributes=True)


def flatten_params(path: Path = Path("params.yaml")) -> dict[str, Any]:
    """Return every value of the file under its dotted key, for the record that tracking keeps of a training."""
    return flatten(read_document(path))


def read_document(path: Path = Path("params.yaml")) -> Any:
    """Return the sections of the file as they stand there."""
    return _load(path)[0]


def flatten(document: Any) -> dict[str, Any]:
    """Return every value of nested mappings under its dotted key."""

    def walk(value: Any, key: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from walk(inner, f"{key}.{name}" if key else str(name))
        else:
            yield key, value

    return dict(walk(document, ""))


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number, as YAML 1.2 and DVC do; PyYAML alone would give a string."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Name the line of a value that looks like a date or a number and is none."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)

_Key = tuple[str | int, ...]


def _load(path: Path) -> tuple[Any, dict[_Key, int]]:
    """Return the document and the line of each key."""
    try:
        content = path.read_bytes()
        loader = _Loader(content.decode("utf-8"))
        try:
            root = loader.get_single_node()
            lines = dict(_key_lines(root, (), path)) if root else {}
            return (loader.construct_document(root) if root else None), lines
        finally:
            loader.dispose()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the parameters of the pipeline") from None
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(path, error) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InputError.at(path, line, f"not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _key_lines(node: yaml.Node, key: _Key, path: Path) -> Iterator[tuple[_Key, int]]:
    if len(key) > 20:
        raise InputError.at(path, node.start_mark.line + 1, "values are nested too deeply")
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            line = name.start_mark.line + 1
            if name.tag != "tag:yaml.org,2002:str":
                raise InputError.at(path, line, "a key is no text")
            if name.value in seen:
                raise InputError.at(path, line, f"the key {name.value!r} stands here a second time")
            seen.add(name.value)
            yield (*key, name.value), line
            yield from _key_lines(value, (*key, name.value), path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*key, index), value.start_mark.line + 1
            yield from _key_lines(value, (*key, index), path)


def _explain(error: ValidationError, document: Any, lines: dict[_Key, int], path: Path) -> InputError:
    """Turn the first of the problems into one line; a misspelt key is shown before the key that it leaves missing."""
    problem = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key: _Key = problem["loc"]
    known = [part for part in range(len(key), -1, -1) if key[:part] in lines]
    line = lines[key[: known[0]]] if known else None
    dotted = ".".join(map(str, key))
    if problem["type"] == "extra_forbidden":
        names = list(_schema_at(key[:-1]).get("properties", {}))
        near = difflib.get_close_matches(str(key[-1]), names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "expected one of " + ", ".join(names)
        return InputError.at(path, line, f"unknown key {dotted!r}; {hint}")
    if problem["type"] == "missing" and isinstance(key[-1], int):  # a list that is too short
        key, dotted = key[:-1], ".".join(map(str, key[:-1]))
        value: Any = document
        for part in key:
            value = value[part]
        problem = problem | {"type": "too_short", "input": list(value)}
    expected = _describe(_schema_at(key))
    if problem["type"] == "missing":
        return InputError.at(path, line, f"the key {dotted!r} is missing; expected {expected}")
    if not key:
        return InputError.at(path, line, f"expected keys and values, got {document!r}")
    value = problem["input"]
    message = f"{dotted}: got {value!r}, expected {expected}"
    choices = [str(choice) for choice in _schema_at(key).get("enum", [])]
    near = difflib.get_close_matches(str(value), choices, n=1)
    return InputError.at(path, line, message + (f"; did you mean {near[0]!r}?" if near else ""))


def _schema_at(key: _Key) -> dict[str, Any]:
    """Return the JSON schema of a key of `Params`, with its reference resolved."""
    root = Params.model_json_schema()
    schema = root
    for part in key:
        if isinstance(part, int):
            items = schema.get("prefixItems")
            schema = items[part] if items else schema["items"]
        else:
            schema = schema["properties"][part]
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _describe(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    kind = schema.get("type")
    if kind == "array":
        inner = schema["prefixItems"][0] if "prefixItems" in schema else schema["items"]
        amount = f"{len(schema['prefixItems'])} values" if "prefixItems" in schema else "one or more values"
        return f"a list of {amount}, each {_describe(inner)}"
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
    bounds = [
        f"{word} {schema[bound]}"
        for bound, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if bound in schema
    ]
    if kind == "string" and "minLength" in schema:
        bounds.append("that is not empty")
    return " ".join([names.get(str(kind), "keys and values"), " and ".join(bounds)]).strip()
