"""Reading `params.yaml`. Messages name the line, the value and what was expected."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tagger.core.common.errors import InputError, clip
from tagger.core.common.yaml_file import Key, Place, read_yaml
from tagger.core.params.schema import Params, Section

View = TypeVar("View", bound=Section)

_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
_RENAMED: dict[Key, str] = {
    ("seed",): "; use 'seeds', a list such as [1]; data.seed is the seed of the split",
}
_MEANT = {"gpu": "cuda", "yes": "true", "on": "true", "no": "false", "off": "false"}
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def read_params(view: type[View], path: Path = Path("params.yaml")) -> View:
    """Check the whole file, but return only what one stage may see. Raises InputError if it is missing or wrong."""
    document, places = read_document(path)
    try:
        params = Params.model_validate(document)
    except ValidationError as error:
        raise _explain(error, places, path) from None
    for key in ("losses", "seeds"):
        values = getattr(params, key)
        for value in values:
            if values.count(value) > 1:
                raise InputError.at(path, places[key,].line, f"{key}: {value!r} is listed twice")
    chosen = params.export.loss
    if chosen not in ("best", *params.losses):
        expected = f"expected 'best' or one of the losses {', '.join(params.losses)}"
        raise InputError.at(path, places["export", "loss"].line, f"export.loss: {chosen!r} is not trained; {expected}")
    return view.model_validate(params, from_attributes=True)


def read_document(path: Path = Path("params.yaml")) -> tuple[Any, Mapping[Key, Place]]:
    """Return the unchecked content and the place of each value. Raises InputError if the file is missing or no YAML."""
    try:
        return read_yaml(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the params of the pipeline") from None


def flatten(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every value of nested mappings under its dotted key."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _explain(error: ValidationError, places: Mapping[Key, Place], path: Path) -> InputError:
    """Describe the first problem; a misspelt key is reported before the key that it leaves missing."""
    problem = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key, kind, value = problem["loc"], problem["type"], problem["input"]
    if kind == "missing" and isinstance(key[-1], int):  # report that the list is too short, not its element
        key, kind = key[:-1], "too_short"
    name = ".".join(map(str, key))
    line = next((places[key[:length]].line for length in range(len(key), 0, -1) if key[:length] in places), None)
    if kind == "extra_forbidden":
        names = list(_schema_at(key[:-1])["properties"])
        hint = _RENAMED.get(key) or _near(key[-1], names, 0.5) or f"; expected one of {', '.join(names)}"
        return InputError.at(path, line, f"unknown key {clip(repr(name))}{hint}")
    schema = _schema_at(key)
    expected = _describe(schema)
    if kind == "missing":
        return InputError.at(path, line, f"the key {name!r} is missing; expected {expected}")
    place = f"{name}: " if name else ""
    choices = ["true", "false"] if schema.get("type") == "boolean" else list(map(str, schema.get("enum", [])))
    typed = places[key].typed if key in places else ""
    is_plain = isinstance(value, str) and typed[:1] not in ("'", '"')  # a string without quotes is shown with them
    found = clip(repr(value) if is_plain else " ".join(typed.split())) or "nothing"
    return InputError.at(path, line, f"{place}got {found}, expected {expected}{_near(value, choices)}")


def _near(value: object, choices: list[str], cutoff: float = 0.6) -> str:
    text = str(value).lower()
    meant = [_MEANT[text]] if _MEANT.get(text) in choices else []
    near = meant or difflib.get_close_matches(text, choices, n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def _schema_at(key: Key) -> dict[str, Any]:
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
    kinds = schema.get("type", "")
    names = [_KINDS.get(kind, "keys and values") for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " ".join([" or ".join(names), " and ".join(bounds)]).strip()
