import struct
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tagger.tracking.delivery import draw_confusions

TAGS = ["ADJ", "NOUN", "VERB"]
COUNTS = pd.DataFrame([[5, 0, 1], [2, 40, 0], [0, 0, 0]], index=TAGS, columns=TAGS)


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_confusion_picture_is_a_png_of_sensible_size(tmp_path: Path) -> None:
    draw_confusions(COUNTS, "nll, test split").savefig(tmp_path / "confusion.png")
    width, height = png_size(tmp_path / "confusion.png")
    assert 300 <= width <= 2000
    assert 300 <= height <= 2000


def test_the_confusion_picture_grows_with_the_tags(tmp_path: Path) -> None:
    names = [f"TAG{number}" for number in range(40)]
    many = pd.DataFrame(np.eye(40, dtype=int), index=names, columns=names)
    few_size, many_size = (draw_confusions(counts, "x").get_size_inches() for counts in (COUNTS, many))
    assert (many_size > 2 * few_size).all()


def test_the_confusion_picture_names_every_tag_on_both_sides() -> None:
    (axes,) = draw_confusions(COUNTS, "nll, test split").axes
    assert [label.get_text() for label in axes.get_xticklabels()] == TAGS
    assert [label.get_text() for label in axes.get_yticklabels()] == TAGS
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "gold")
    assert axes.get_title() == "nll, test split"


def test_the_confusion_picture_has_the_counts_in_their_cells() -> None:
    (axes,) = draw_confusions(COUNTS, "x").axes
    # (column, row)
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "5", (2, 0): "1", (0, 1): "2", (1, 1): "40"}


def test_the_colours_of_the_confusion_picture_are_shares_of_the_row() -> None:
    (axes,) = draw_confusions(COUNTS, "x").axes
    expected = np.array([[5 / 6, 0, 1 / 6], [2 / 42, 40 / 42, 0], [0, 0, 0]])
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), expected)


@pytest.mark.parametrize("tag", ["PRP$", "a_b$c^d$", "$^$", "\\frac", "É"])
def test_any_tag_can_be_drawn(tag: str, tmp_path: Path) -> None:
    counts = pd.DataFrame([[1]], index=[tag], columns=[tag])
    figure = draw_confusions(counts, "x")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [tag]
    figure.savefig(tmp_path / "confusion.png")
    assert png_size(tmp_path / "confusion.png") > (300, 300)


def test_the_same_counts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.png", "second.png"):
        draw_confusions(COUNTS, "x").savefig(tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_of_very_many_tags_the_most_frequent_are_drawn_and_the_title_says_so() -> None:
    names = [f"t{number:03}" for number in range(120)]
    counts = pd.DataFrame(np.diag(np.arange(120)), index=names, columns=names)
    axes = draw_confusions(counts, "nll").axes[0]
    assert axes.get_title() == "nll, the 50 most frequent of 120 tags"
    assert [label.get_text() for label in axes.get_yticklabels()] == names[70:]


@pytest.mark.parametrize("tag", ["\x1b[31mX", "T" * 200])
def test_a_tag_that_no_picture_can_show_is_drawn_short_and_without_a_warning(tag: str, tmp_path: Path) -> None:
    counts = pd.DataFrame([[1]], index=[tag], columns=[tag])
    with warnings.catch_warnings(action="error"):
        draw_confusions(counts, "x").savefig(tmp_path / "confusion.png")
    assert png_size(tmp_path / "confusion.png") > (300, 300)
