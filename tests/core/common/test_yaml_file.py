"""YAML: what is read equals what DVC reads, or is refused with its line."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import parse_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.core.common.errors import InputError
from tagger.core.common.yaml_file import Place, read_yaml, write_yaml

FEW = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=10_000)

# Characters of numbers, dates and words that a parser may take for something else.
LIKE_NUMBERS = st.text("0123456789_.:+-eEoxbXTZ af", min_size=1, max_size=12)
WORDS = st.sampled_from(
    [
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "null",
        "~",
        "True",
        "FALSE",
        ".inf",
        "-.INF",
        ".nan",
        "=",
        "<<",
        "0o17",
        "0200",
        "08",
        "12:30",
        "1_000",
        "0b11",
        "2024-01-31",
        "1e-3",
        ".5e1",
        "190:20:30.15",
    ]
)
TEXTS = st.text(max_size=8)
SCALARS = LIKE_NUMBERS | WORDS | TEXTS | st.floats().map(str) | st.integers().map(str)
MARKS = st.sampled_from(
    ["'{}'", '"{}"', "{}", "{} # {}", "[{}, {}]", "{{a: {}}}", "&x {}", "!!str {}", "|\n  {}", ">-\n  {}"]
)
LINES = st.text("ab01:-#&*!|>'\"%@`{}[],? \t\n", max_size=30)
TOKENS = [
    "a",
    "b",
    " ",
    ":",
    ": ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "?",
    "- ",
    "'x'",
    '"y"',
    "&a ",
    "*a",
    " #",
    "\n",
    "\n  ",
    "1",
]
LISTS = st.lists(st.sampled_from(TOKENS), max_size=10).map(lambda tokens: f"a: [{''.join(tokens)}]\nb: 1\n")


def ours(folder: Path, text: str) -> Any:
    path = folder / "params.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_yaml(path)[0]


def mistake(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        ours(folder, text)
    return str(caught.value).removeprefix(f"{folder}/")


def check(folder: Path, text: str) -> None:
    """Compare both readings of a document, if both accept it."""
    try:
        value = ours(folder, text)
    except InputError as error:
        assert re.fullmatch(r"[^\n]+params\.yaml(:\d+)?: [^\n]+", str(error))  # noqa: PT017
        return
    try:
        expected = parse_yaml(text, "params.yaml")
    except Exception:  # then DVC runs no stage
        return
    if isinstance(value, dict):  # everything else is refused by its type
        assert repr(value) == repr(expected)


@FEW
@given(scalar=SCALARS, form=MARKS)
def test_a_scalar_means_what_dvc_records(tmp_path: Path, scalar: str, form: str) -> None:
    check(tmp_path, f"a: {form.format(scalar, scalar)}\n")


@FEW
@given(text=LINES | LISTS)
def test_a_document_means_what_dvc_records(tmp_path: Path, text: str) -> None:
    check(tmp_path, text)


@pytest.mark.slow
@MANY
@given(scalar=SCALARS, form=MARKS)
def test_ten_thousand_scalars_mean_what_dvc_records(tmp_path: Path, scalar: str, form: str) -> None:
    check(tmp_path, f"a: {form.format(scalar, scalar)}\n")


@pytest.mark.slow
@MANY
@given(text=LINES | LISTS)
def test_ten_thousand_documents_mean_what_dvc_records(tmp_path: Path, text: str) -> None:
    check(tmp_path, text)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("0200", 200),
        ("0128", 128),
        ("08", 8),
        ("0o17", 15),
        ("0x10", 16),
        ("+12", 12),
        ("12:30", "12:30"),
        ("190:20:30.15", "190:20:30.15"),
        ("yes", "yes"),
        ("off", "off"),
        ("1e-3", 0.001),
        ("1.e3", 1000.0),
        ("TRUE", True),
        ("", None),
        ("~", None),
        ("'0200'", "0200"),
    ],
)
def test_a_scalar_is_read_as_in_yaml_1_2(tmp_path: Path, scalar: str, value: object) -> None:
    assert ours(tmp_path, f"a: {scalar}\n") == {"a": value} == parse_yaml(f"a: {scalar}\n", "")


@pytest.mark.parametrize(
    "scalar", ["1_000", "2024-01-31", "2024-1-1 10:00:00", "0b11", "-0x1f", "-0o7", ".5e1", "=", "<<"]
)
def test_a_scalar_that_dvc_reads_in_its_own_way_is_refused_with_its_line(tmp_path: Path, scalar: str) -> None:
    expected = f"params.yaml:2: YAML parsers disagree on {scalar}; expected a plain number or a quoted string"
    assert mistake(tmp_path, f"b: 1\na: {scalar}\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b: 1\na: [x:]\n", "params.yaml:2: expected a colon and a space after 'x'"),
        ("b: 1\na: &x:1 2\n", "params.yaml:2: expected white space after the name of an anchor or alias"),
        ("b: 1\na: x\u2028y\n", "params.yaml:2: not YAML: unacceptable character U+2028"),
        ("%YAML 1.1\n---\na: yes\n", "params.yaml:1: not YAML: unacceptable character U+0025"),
        ("b: 1\na: !!int 0o17\n", "params.yaml:2: tags are not allowed, expected a plain value"),
        ("b: 1\n? [a]\n: 2\n", "params.yaml:2: a key is not text"),
        ("b: &b 1\na: [*c]\n", "params.yaml:2: found undefined alias 'c'"),
        ("b: 1\na: &a [*a]\n", "params.yaml:2: values are nested too deeply"),
        ("b: 1\nb: 2\n", "params.yaml:2: duplicate key 'b'"),
        (f"b: 1\na: {'9' * 5000}\n", "params.yaml:2: Exceeds the limit"),
    ],
)
def test_what_is_no_plain_document_is_refused_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    assert mistake(tmp_path, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: " + "[" * 3000, "values are nested too deeply"),
        ("a: " + "{b: " * 3000, "values are nested too deeply"),
        ("- " * 3000, "values are nested too deeply"),
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 9)),
            "are aliases multiplying them?",
        ),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000)), "too deeply"),
    ],
)
def test_deep_nesting_and_aliases_that_multiply_are_refused_at_once(tmp_path: Path, text: str, problem: str) -> None:
    started = time.process_time()
    assert problem in mistake(tmp_path, text)
    assert time.process_time() - started < 2


def test_a_document_is_its_readers_own(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: {b: [1]}", encoding="utf-8")
    read_yaml(path)[0]["a"]["b"].append(2)
    assert read_yaml(path)[0] == {"a": {"b": [1]}}


def test_an_alias_stands_for_the_value(tmp_path: Path) -> None:
    text = "a: &x one\nb: *x\nc: &y [1, {d: 2}]\ne: *y\nf: {g: *y}\n"
    values = [1, {"d": 2}]
    assert ours(tmp_path, text) == {"a": "one", "b": "one", "c": values, "e": values, "f": {"g": values}}


def test_each_value_has_its_line_and_is_kept_as_it_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("a:\n  0x10\nb: {c: 'x y'}\nd:\n  - 1e3\n", encoding="utf-8")
    places = read_yaml(path)[1]
    assert (places["a",], places["b", "c"], places["d", 0]) == (Place(1, "0x10"), Place(3, "'x y'"), Place(5, "1e3"))


@FEW
@given(value=SCALARS | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_both_versions_read_alike_what_is_written(tmp_path: Path, value: object) -> None:
    text = write_yaml({"a": value})
    assert yaml.safe_load(text) == {"a": value} == parse_yaml(text, "")
    assert ours(tmp_path, text) == {"a": value}
