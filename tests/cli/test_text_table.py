"""Tables as text: aligned, and no wider than a terminal."""

import pandas as pd
import pytest
import wcwidth

from tagger.cli.text_table import WIDTH, padded, text_table


@pytest.mark.parametrize("text", ["dog", "狗", "ごはん", "👩‍🔬", "❤️", "é", "e\u0301", "שָׁלוֹם", ""])
def test_every_script_is_padded_to_the_same_width(text: str) -> None:
    assert {wcwidth.width(cell) for cell in padded([text, "watchdog"])} == {8}
    assert padded([text, "watchdog"], right=True)[0].endswith(text)


def test_texts_stand_left_and_numbers_right_and_a_missing_value_is_a_dash() -> None:
    table = pd.DataFrame({"run": ["狗", None, "dog"], "accuracy": [0.5, None, 12.25], "epoch": [1, 20, None]})
    assert text_table(table.convert_dtypes()) == (
        "run  accuracy  epoch\n"
        "狗     0.5000      1\n"
        "-           -     20\n"
        "dog   12.2500      -"
    )  # fmt: skip


def test_the_longest_texts_are_cut_at_their_start() -> None:
    path = "/a/very/long/path/to/the/corpora/of/train.conllu"
    table = pd.DataFrame({"data.train": [path, "short"]})
    assert text_table(table).splitlines()[1:] == ["…o/the/corpora/of/train.conllu", "short"]
    assert text_table(table, whole=True).splitlines()[1] == path
    wide = text_table(pd.DataFrame({"x": ["狗" * 40]})).splitlines()[1]
    assert (wide, wcwidth.width(wide)) == ("… " + "狗" * 14, 30)


def test_headings_are_broken_if_the_table_is_too_wide() -> None:
    names = [f"test_unknown_accuracy.{letter}" for letter in "abcdefg"]
    table = pd.DataFrame([[0.5] * len(names)], columns=names)
    assert text_table(table).splitlines()[:4] == [
        "    test_" + "      test_" * 6,
        " unknown_" + "   unknown_" * 6,
        "accuracy." + "  accuracy." * 6,
        "        a          b          c          d          e          f          g",
    ]
    assert text_table(table, whole=True).splitlines()[0].split() == names


def test_columns_that_do_not_fit_are_named_and_later_ones_that_do_are_shown() -> None:
    texts = {f"path_{number}": ["x" * 30] for number in range(1, 6)}
    lines = text_table(pd.DataFrame(texts | {"seed": ["1"]})).splitlines()
    assert lines[0].split() == ["path_1", "path_2", "path_3", "seed"]
    assert lines[-1] == "too wide for 120 columns: path_4, path_5; use --columns or --all to see them"
    assert max(map(len, lines)) <= WIDTH


def test_a_heading_without_a_break_stays_whole() -> None:
    table = pd.DataFrame({"": ["nll"], "a" * 110: [1], "b" * 8: [2]})
    assert text_table(table).splitlines()[:2] == ["     " + "a" * 110, "nll  " + " " * 109 + "1"]
