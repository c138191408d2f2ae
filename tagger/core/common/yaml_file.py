"""Reading and writing YAML by the rules of version 1.2, as DVC does. PyYAML follows 1.1: `yes` is true, 0200 is 128.

PyYAML parses; what a plain text stands for is decided by 1.2's core schema
(https://yaml.org/spec/1.2.2/#103-core-schema). Where DVC's parser departs from it, the text is refused.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.constructor import ConstructorError

from tagger.core.common.errors import InputError

Key = tuple[str | int, ...]  # of a value within the document: names and indices

_MOST_LEVELS = 20  # of nested values
_MOST_SHOWN = 200  # characters of a message
_UNCLEAR = "unclear"
_SCALARS = {
    # What ruamel.yaml, DVC's parser, reads in a way of its own: dates, 1_000, 0b1, -0x1, .5e1, = and <<.
    _UNCLEAR: r"[-+]?[.\d][\d.]*_[\d_.]*([eE][-+]?\d+)?|[-+]?_[\d_]*|\d{4}-\d\d?-\d\d?([Tt \t].*)?|=|<<"
    r"|[-+]?0[box][\da-fA-F]*_[\da-fA-F_]*|[-+]?0b[01]+|[-+]0o[0-7]+|[-+]0x[\da-fA-F]+|[-+]?\.\d+[eE]\d+",
    "tag:yaml.org,2002:null": r"~|null|Null|NULL|",
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:int": r"[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+",
    "tag:yaml.org,2002:float": r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
# Directives, control characters, and U+0085, U+2028 and U+2029, which end a line in YAML 1.1 alone.
_FORBIDDEN = re.compile("(?m)^%|[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENDED = re.compile(r"(?![&*])|[&*][\w-]+(?=[\s,\]}]|\Z)")  # a name as both parsers read it, if there is one
_COLON = re.compile(r"\s*:(?=\s|\Z)")


class Place(NamedTuple):
    """Where a value stands in the file, and how it was typed."""

    line: int
    typed: str


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    """Quotes a text that is none for YAML 1.1 or for 1.2."""


for _tag, _pattern in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z", re.ASCII), None)
_Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda _, node: int(node.value, 0 if node.value[1:2] in ("o", "x") else 10)
)


def read_yaml(path: Path) -> tuple[Any, dict[Key, Place]]:
    """Return the document in a file, and the place of each of its values; that of a key's value is at the key.

    Lists, mappings with texts as keys, and scalars are read, and aliases of what holds no alias; there are no tags.

    Raises:
        FileNotFoundError: the file is missing.
        InputError: it is not YAML, or something else than the above.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError.not_utf8(path, error) from None
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError.at(path, line, f"not YAML: unacceptable character U+{ord(found[0]):04X}")
    try:
        return _Document(text).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "" if isinstance(error, ConstructorError) else "not YAML: "
        raise InputError.at(path, mark.line + 1 if mark else None, f"{what}{error.problem or error}") from None


def write_yaml(document: Any) -> str:
    """Return the YAML of a document, which both versions read alike."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


class _Document:
    """Reads PyYAML's events one by one, so that nothing is built which is to be refused."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._loader: Any = _Loader(text)
        self._places: dict[Key, Place] = {}
        self._anchored: dict[str, Any] = {}
        self._aliases = 0  # met so far

    def read(self) -> tuple[Any, dict[Key, Place]]:
        value = None
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.DocumentStartEvent):
            value = self._value(self._next(), ())
            self._next()  # the end of the document
            if not isinstance(other := self._next(), yaml.StreamEndEvent):
                _refuse(other, "found another document, expected one")
        return value, self._places

    def _next(self) -> Any:
        event = self._loader.get_event()
        if getattr(event, "tag", None):
            _refuse(event, f"unknown tag {event.tag!r}")
        if not _ENDED.match(self._text, event.start_mark.index):
            _refuse(event, "a name after & or * ends in a special character, expected white space")
        return event

    def _value(self, event: Any, key: Key) -> Any:
        """Return the value that begins with the event, and note its place."""
        if len(key) > _MOST_LEVELS:
            _refuse(event, "values are nested too deeply")
        line = self._places[key].line if key in self._places else event.start_mark.line + 1
        last, aliases = event, self._aliases
        value: Any
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                _refuse(event, f"found undefined alias {event.anchor!r}; expected that of a value without aliases")
            value = self._anchored[event.anchor]
            self._aliases += 1
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(last := self._next(), yaml.SequenceEndEvent):
                value.append(self._value(last, (*key, len(value))))
        elif isinstance(event, yaml.MappingStartEvent):
            value = {}
            while not isinstance(last := self._next(), yaml.MappingEndEvent):
                name = self._scalar(last)
                if not isinstance(name, str):
                    _refuse(last, "a key is not text")
                if last.implicit[0] and not _COLON.match(self._text, last.end_mark.index):
                    _refuse(last, f"expected a colon and a blank after {name!r}")
                if name in value:
                    _refuse(last, f"duplicate key {name!r}")
                self._places[*key, name] = Place(last.start_mark.line + 1, "")
                value[name] = self._value(self._next(), (*key, name))
        else:
            value = self._scalar(event)
        if event.anchor and aliases == self._aliases:  # an alias within it could multiply, or make it endless
            self._anchored[event.anchor] = value
        self._places[key] = Place(line, self._text[event.start_mark.index : last.end_mark.index].strip())
        return value

    def _scalar(self, event: Any) -> Any:
        """Return what a scalar stands for; None for anything else."""
        if not isinstance(event, yaml.ScalarEvent):
            return None
        tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _UNCLEAR:
            _refuse(event, f"parsers of YAML differ on {event.value}; expected a plain number, or quotes around a text")
        try:
            return self._loader.construct_object(yaml.ScalarNode(tag, event.value))
        except ValueError as error:  # a number of thousands of digits
            _refuse(event, str(error))


def _refuse(event: Any, problem: str) -> NoReturn:
    raise ConstructorError(problem=problem[:_MOST_SHOWN], problem_mark=event.start_mark)
