from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from tagger.tracking.delivery import confusion_page

TAGS = ["ADJ", "NOUN", "VERB"]
COUNTS = pd.DataFrame([[5, 0, 1], [2, 40, 0], [0, 0, 0]], index=TAGS, columns=TAGS)


class Page:
    """What a page shows, which is also well-formed XML."""

    def __init__(self, counts: pd.DataFrame, title: str = "x") -> None:
        root = ElementTree.fromstring(confusion_page(counts, title).removeprefix("<!DOCTYPE html>"))  # noqa: S314
        self.title = root.findtext(".//h1")
        head, *rows = root.iter("tr")
        self.predicted = [name.text for name in head.iter("b")]
        self.gold = [row.findtext("th") for row in rows]
        self.counts = [[cell.text or "" for cell in row.iter("td")] for row in rows]
        self.shares = [
            [float(cell.attrib["style"].removeprefix("--share: ")) for cell in row.iter("td")] for row in rows
        ]


def test_the_page_names_every_tag_on_both_sides() -> None:
    page = Page(COUNTS, "nll, test split")
    assert (page.title, page.gold, page.predicted) == ("nll, test split", TAGS, TAGS)


def test_the_page_has_the_counts_in_their_cells() -> None:
    assert Page(COUNTS).counts == [["5", "", "1"], ["2", "40", ""], ["", "", ""]]


def test_the_colours_of_the_page_are_shares_of_the_row() -> None:
    assert Page(COUNTS).shares == [[0.833, 0, 0.167], [0.048, 0.952, 0], [0, 0, 0]]


@pytest.mark.parametrize("tag", ["PRP$", "<b>", "&amp;", "É", "``", "T" * 200])
def test_any_tag_can_be_shown(tag: str) -> None:
    page = Page(pd.DataFrame([[1]], index=[tag], columns=[tag]))
    assert page.gold == page.predicted == [tag]


def test_a_control_character_is_not_shown_as_it_stands() -> None:
    (name,) = Page(pd.DataFrame([[1]], index=["\x1b[31mX"], columns=["\x1b[31mX"])).gold
    assert "\x1b" not in str(name)


def test_of_very_many_tags_the_most_frequent_are_shown_and_the_title_says_so() -> None:
    names = [f"t{number:03}" for number in range(120)]
    page = Page(pd.DataFrame(np.diag(np.arange(120)), index=names, columns=names), "nll")
    assert page.title == "nll, the 50 most frequent of 120 tags"
    assert page.gold == names[70:]


def test_a_split_without_any_tag_is_shown() -> None:
    assert Page(COUNTS.iloc[:0, :0]).gold == []
