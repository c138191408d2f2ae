"""Reading `params.yaml`: a mistake in it is reported with its line, the value and what was expected."""

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Params, Section

View = TypeVar("View", bound=Section)
_Key = tuple[str | int, ...]

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
    document, lines = _load(path)
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


def read_document(path: Path = Path("params.yaml")) -> Any:
    """Return the content of the file, unchecked.

    Raises:
        InputError: the file is missing or is not YAML.
    """
    return _load(path)[0]


def flatten(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every value of nested mappings under its dotted key."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _load(path: Path) -> tuple[Any, dict[_Key, int]]:
    """Return the content of the file and the line of each key."""
    try:
        loader = _Loader(path)
        root = loader.get_single_node()
        return loader.read(root) if root else None, loader.lines
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected the parameters of the pipeline") from None
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(path, error) from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = mark.line + 1 if mark else None
        raise InputError.at(path, line, f"not YAML: {problem or str(error).splitlines()[0]}") from None


class _Loader(yaml.SafeLoader):
    """Safe YAML that notes the line of each key, and reads 1e-3 as a number, as YAML 1.2 and DVC do."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.read_bytes().decode("utf-8"))
        self.path = path
        self.lines: dict[_Key, int] = {}

    def read(self, node: yaml.Node, key: _Key = ()) -> Any:
        """Return the value of the node that has this key."""
        self.lines.setdefault(key, node.start_mark.line + 1)
        if len(key) > _MOST_LEVELS:
            raise self._mistake(node, "values are nested too deeply")
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(value, (*key, index)) for index, value in enumerate(node.value)]
        try:
            return self.construct_object(node)
        except ValueError as error:  # it only looks like a date or a number
            raise self._mistake(node, str(error)) from None

    def _read_mapping(self, node: yaml.MappingNode, key: _Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in node.value:
            if name.tag != "tag:yaml.org,2002:str":
                raise self._mistake(name, "a key is not text")
            if name.value in values:
                raise self._mistake(name, f"duplicate key {name.value!r}")
            self.lines[*key, name.value] = name.start_mark.line + 1
            values[name.value] = self.read(value, (*key, name.value))
        return values

    def _mistake(self, node: yaml.Node, what: str) -> InputError:
        return InputError.at(self.path, node.start_mark.line + 1, what)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def _explain(error: ValidationError, lines: dict[_Key, int], path: Path) -> InputError:
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
