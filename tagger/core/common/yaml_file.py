"""Reading and writing YAML by the rules of version 1.2, as DVC does. PyYAML follows 1.1: `yes` is true, 0200 is 128.

PyYAML parses; plain scalars are resolved by 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema). Those
that DVC's parser resolves differently are refused.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from tagger.core.common.errors import InputError

Key = tuple[str | int, ...]  # of a value within the document: names and indices

_MOST_LEVELS = 20  # of nested values
_MOST_VALUES = 10_000
_MOST_SHOWN = 200  # characters of a message
_DEEP = "values are nested too deeply"
_UNCLEAR = "unclear"
_SCALARS = {
    # Read differently by ruamel.yaml, DVC's parser: dates, 1_000, 0b1, -0x1, .5e1, = and <<.
    _UNCLEAR: r"[-+]?[.\d][\d.]*_[\d_.]*([eE][-+]?\d+)?|[-+]?_[\d_]*|\d{4}-\d\d?-\d\d?([Tt \t].*)?|=|<<"
    r"|[-+]?0[box][\da-fA-F]*_[\da-fA-F_]*|[-+]?0b[01]+|[-+]0o[0-7]+|[-+]0x[\da-fA-F]+|[-+]?\.\d+[eE]\d+",
    "tag:yaml.org,2002:null": r"~|null|Null|NULL|",
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:int": r"[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+",
    "tag:yaml.org,2002:float": r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
# Directives, control characters, and U+0085, U+2028 and U+2029, which end a line in YAML 1.1 alone.
_FORBIDDEN = re.compile("(?m)^%|[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLON = re.compile(r"\s*:(?=\s|\Z)")


class Place(NamedTuple):
    """The line of a value in the file, and its text."""

    line: int
    typed: str


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text, self._levels = text, 0

    def fetch_tag(self) -> NoReturn:
        _refuse(self.get_mark(), "tags are not allowed, expected a plain value")

    def scan_anchor(self, token_class: Any) -> Any:
        token = super().scan_anchor(token_class)  # type: ignore[no-untyped-call]
        if self.peek() not in "\0 \t\r\n,]}":  # otherwise the parsers disagree on where the name ends
            _refuse(token.start_mark, "expected white space after the name of an anchor or alias")
        return token

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._levels += 1
        if self._levels > 2 * _MOST_LEVELS:
            _refuse(self.get_mark(), _DEEP)
        node = super().compose_node(parent, index)
        self._levels -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes every string that YAML 1.1 or 1.2 would read as something else."""


for _tag, _pattern in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z", re.ASCII), None)
_Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda _, node: int(node.value, 0 if node.value[1:2] in ("o", "x") else 10)
)


def read_yaml(path: Path) -> tuple[Any, Mapping[Key, Place]]:
    """Return the document in a file, and the place of each of its values; the place of a key's value is its key.

    It may hold lists, mappings with string keys, scalars and aliases, but no tags. Raises FileNotFoundError if the file
    is missing, InputError if it is not YAML or holds anything else.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(path, error) from None
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError.at(path, line, f"not YAML: unacceptable character U+{ord(found[0]):04X}")
    try:
        document, places = _parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "" if isinstance(error, (ConstructorError, ComposerError)) else "not YAML: "
        problem = str(error.problem or error).removeprefix("but ")
        raise InputError.at(path, mark.line + 1 if mark else None, f"{what}{problem}") from None
    return deepcopy(document), places  # who asked may change it


@lru_cache(maxsize=3)  # a stage reads each of params.yaml, dvc.yaml and dvc.lock several times
def _parse(text: str) -> tuple[Any, Mapping[Key, Place]]:
    places: dict[Key, Place] = {}
    loader = _Loader(text)
    node = loader.get_single_node()
    return (None if node is None else _value(loader, node, (), places)), places


def write_yaml(document: Any) -> str:
    """Return a document as YAML that versions 1.1 and 1.2 read alike."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


def _value(loader: Any, node: Any, key: Key, places: dict[Key, Place]) -> Any:
    """Return the value of a node, and record its place and those of the values within it."""
    if len(key) > _MOST_LEVELS:
        _refuse(node.start_mark, _DEEP)
    if len(places) > _MOST_VALUES:
        _refuse(node.start_mark, f"more than {_MOST_VALUES:,} values; are aliases multiplying them?")
    line = places[key].line if key in places else node.start_mark.line + 1
    places[key] = Place(line, loader.text[node.start_mark.index : node.end_mark.index].strip())
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*key, index), places) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for name_node, item in node.value:
            name = _scalar(loader, name_node) if isinstance(name_node, yaml.ScalarNode) else None
            if not isinstance(name, str):
                _refuse(name_node.start_mark, "a key is not text")
            if name_node.style is None and not _COLON.match(loader.text, name_node.end_mark.index):
                _refuse(name_node.start_mark, f"expected a colon and a space after {name!r}")
            if name in values:
                _refuse(name_node.start_mark, f"duplicate key {name!r}")
            places[*key, name] = Place(name_node.start_mark.line + 1, "")
            values[name] = _value(loader, item, (*key, name), places)
        return values
    return _scalar(loader, node)


def _scalar(loader: Any, node: Any) -> Any:
    """Return the value of a scalar."""
    if node.tag == _UNCLEAR:
        what = f"YAML parsers disagree on {node.value}; expected a plain number or a quoted string"
        _refuse(node.start_mark, what)
    try:
        return loader.construct_object(node)
    except ValueError as error:  # a number of thousands of digits
        _refuse(node.start_mark, str(error))


def _refuse(mark: Any, problem: str) -> NoReturn:
    raise ConstructorError(problem=problem[:_MOST_SHOWN], problem_mark=mark)
