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

_MOST_LEVELS = 20  # of nested values: an alias may contain itself
# What was expected, by pydantic's type of the error; the names in braces are those of the error and its context.
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "tuple_type": "a list",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "model_type": "keys and values",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


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
        InputError: the file is missing, is not YAML, or holds anything but keys and values.
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
        raise InputError.at(path, line, f"{what}{problem or str(error).splitlines()[0]}") from None


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
    name = ".".join(map(str, key))
    line = next((lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in lines), None)
    if kind == "missing":
        what = "value" if isinstance(key[-1], int) else "key"
        return InputError.at(path, line, f"the {what} {name!r} is missing")
    if kind == "extra_forbidden":
        section: Any = Params
        for part in key[:-1]:
            section = section.model_fields[part].annotation
        names = list(section.model_fields)
        hint = _near(key[-1], names) or f"; expected one of {', '.join(names)}"
        return InputError.at(path, line, f"unknown key {name!r}{hint}")
    expected = _EXPECTED.get(kind, "{msg}").format(**{**problem, **problem.get("ctx", {})})
    hint = _near(value, re.findall(r"'(\w+)'", expected))
    place = f"{name}: " if name else ""
    return InputError.at(path, line, f"{place}got {value!r}, expected {expected}{hint}")


def _near(value: object, choices: list[str]) -> str:
    near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
