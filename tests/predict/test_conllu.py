"""New tags in lines of CoNLL-U."""

import pytest

from tagger.predict.conllu import retagged

LINES = [
    "# a",
    "1-2\tab\t_\tX\tY\t_\t_\t_\t_\t_",
    "1\ta\t_\tX\tY\t_\t_\t_\t_\t_",
    "2\tb\t_\tX\tY\t_\t_\t_\t_\tTag=Q|A=B",
    "",
]


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("upos", "\tN\tY\t_\t_\t_\t_\t_", "\tV\tY\t_\t_\t_\t_\tTag=Q|A=B"),
        ("xpos", "\tX\tN\t_\t_\t_\t_\t_", "\tX\tV\t_\t_\t_\t_\tTag=Q|A=B"),
        ("misc", "\tX\tY\t_\t_\t_\t_\tTag=N", "\tX\tY\t_\t_\t_\t_\tTag=V|A=B"),
    ],
)
def test_tags_go_into_the_column_of_the_model(column: str, first: str, second: str) -> None:
    assert retagged(LINES, ["N", "V"], column) == [*LINES[:2], f"1\ta\t_{first}", f"2\tb\t_{second}", ""]


def test_a_tag_with_a_bar_leaves_misc_in_its_parts() -> None:
    assert retagged(LINES[2:4], [r"NN|X\Y", "N"], "misc")[0].endswith("\tTag=NN\\pX\\\\Y")
