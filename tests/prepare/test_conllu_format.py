"""The quick reader of CoNLL-U against the one that reads line by line, which is the rule."""

import codecs
import gzip
import io
import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.indexed_corpus import IndexedCorpus
from tagger.prepare import conllu_format
from tagger.prepare.columns import USUAL, Columns
from tagger.prepare.conllu_format import read_quickly
from tagger.prepare.read_corpus import FORMATS, read_corpus

WHITE = ["\u00a0", "\u3000", "\u2028", "\x85", "\x1c", "10\u00a0000"]  # words of white space, or with some inside
REST = "_\t_\t_\t_\t_\n"
RIGHT = (
    "# newdoc\n# text = I don't\n"
    f"1\tI\ti\tPRON\tPRP\t{REST}"
    f"2-3\tdon't\t_\t_\t_\t{REST}"
    f"2\tdo\tdo\tAUX\tVBP\t{REST}"
    f"3\tn't\tnot\tPART\tRB\t{REST}"
    "\n"
    "#1\t2\t3\t4\t5\t6\t7\t8\t9\t10\n"
    f'1\t"New York\tx\tPROPN\tNNP\t{REST}'
    "# between\n"
    f"1.1\tis\tbe\tVERB\tVBZ\t{REST}"
    f"2\té\u2028\tx\tX\tFW\t{REST}"
    "\n\n"
    f"1\tNA\tNA\tPROPN\tNN\t{REST}"
    f"2\tnull\tnull\tNOUN\tNULL\t{REST}"
    f"3\tdo\tdo\tAUX\tVBP\t{REST}"
)
# What is put into a text, in the place of a character or before it.
CHANGES = [*'\n\t\r# -.12_"\\a', "\ufeff", "\x00", "\u00a0", "\x1c", "\x85", "\n\n", ""]


def by_line(data: bytes, column: str = "upos") -> IndexedCorpus | None:
    try:
        with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="\n") as lines:
            return IndexedCorpus.of(conllu_format.parse(lines, Path("corpus"), Columns(column)))
    except (InputError, UnicodeDecodeError):
        return None


def content(corpus: IndexedCorpus) -> tuple[object, ...]:
    arrays = (corpus.sentence_starts, corpus.forms, corpus.tags)
    return *((array.dtype.name, array.tolist()) for array in arrays), corpus.form_texts, corpus.tag_names


def both(data: bytes, column: str = "upos") -> tuple[IndexedCorpus | None, IndexedCorpus | None]:
    return read_quickly(io.BytesIO(data), Columns(column)), by_line(data, column)


@pytest.mark.parametrize("column", ["upos", "xpos"])
@pytest.mark.parametrize("block", [1, 40, 100, 1 << 22])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(RIGHT, id="lf"),
        pytest.param(RIGHT.replace("\n", "\r\n"), id="crlf"),
        pytest.param(RIGHT[:-1], id="no end of line"),
        pytest.param(RIGHT + "\n# last\n", id="comment last"),
        pytest.param("# alone\n", id="comment only"),
        *(pytest.param(RIGHT.replace("\tdo\t", f"\t{word}\t"), id=ascii(word)) for word in WHITE),
        pytest.param("# global.columns = ID FORM LEMMA XPOS UPOS X:Y\n1\ta\tb\tX\tU\tY\n", id="Plus"),
        pytest.param(RIGHT.replace("\t_\n", "\t_\tlast\n"), id="eleven columns"),
        pytest.param("\n", id="blank only"),
        pytest.param("", id="empty"),
    ],
)
def test_right_text_is_read_alike(text: str, block: int, column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conllu_format, "_BLOCK", block)
    quick, slow = both(text.encode(), column)
    assert quick is not None
    assert slow is not None
    assert content(quick) == content(slow)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_block_ends_with_a_sentence(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conllu_format, "_BLOCK", 1)
    blocks = list(conllu_format._blocks(io.BytesIO(RIGHT.replace("\n", end).encode())))
    assert [block.split()[1] for block in blocks if block.strip()] == [b"I", b'"New', b"NA"]


@pytest.mark.parametrize(
    "line",
    [
        "2\tb\t_\tX\tX\t_\t_\t_\t_\n",
        "2\tb\t_\tX\tX\t_\t_\t_\t_\t_\t_\n",
        "3\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "1\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "02\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "٢\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "9999999999\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "x\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "\t\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "\t\t\t\t\t\t\t\t\t_\n",
        "\tb\t_\t_\tX\t_\t_\t_\t_\t_\n",
        "x\t\t_\t_\tX\t_\t_\t_\t_\t_\n",
        "2\t\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "2\t \t_\tX\tX\t_\t_\t_\t_\t_\n",
        "2\tb\t_\t_\tX\t_\t_\t_\t_\t_\n",
        "2\tb\t_\t\tX\t_\t_\t_\t_\t_\n",
        "2\tb\t_\t \tX\t_\t_\t_\t_\t_\n",
        "2\tb\t_\tX\tX\t_\t_\t_\t_\t\udcff\n",
        "#\udcff\n",
        "\ufeff2\tb\t_\tX\tX\t_\t_\t_\t_\t_\n",
        "2\tb\rc\t_\tX\tX\t_\t_\t_\t_\n",
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 22])
def test_wrong_lines_are_refused(line: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conllu_format, "_BLOCK", block)
    text = f"1\ta\t_\tX\tX\t{REST}{line}\n1\tc\t_\tX\tX\t{REST}"
    assert both(text.encode(errors="surrogateescape")) == (None, None)


@pytest.mark.parametrize("seed", range(20))
def test_the_readers_agree_on_changed_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts with a few characters changed: the quick reader may refuse more, but never reads anything else."""
    draw = random.Random(seed)
    monkeypatch.setattr(conllu_format, "_BLOCK", draw.choice((1, 50, 1 << 22)))
    read = refused = 0
    for _ in range(100):
        letters = list(RIGHT)
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(letters))
            letters[place : place + draw.randrange(2)] = draw.choice(CHANGES)
        quick, slow = both("".join(letters).encode())
        if quick is None:
            refused += 1
            continue
        read += 1
        assert slow is not None
        assert content(quick) == content(slow)
    assert read
    assert refused


def test_a_line_that_the_quick_reader_refuses_is_still_read(tmp_path: Path) -> None:
    text = RIGHT.replace("\n\n\n", "\n \n")
    assert text != RIGHT
    assert read_quickly(io.BytesIO(text.encode()), USUAL) is None
    path = tmp_path / "corpus.conllu"
    path.write_text(text, encoding="utf-8", newline="")
    expected = by_line(RIGHT.encode())
    assert expected is not None
    assert content(read_corpus(path)) == content(expected)


def test_more_than_arrow_reads_at_once_is_read_alike() -> None:
    """Arrow cuts a text of more than a megabyte into parts, each with numbers of its own."""
    text = RIGHT + "".join(f"\n1\tw{number % 7000}\tx\tT{number % 90}\tX\t{REST}" for number in range(60_000))
    assert len(text) > 1_500_000
    quick, slow = both(text.encode())
    assert quick is not None
    assert slow is not None
    assert content(quick) == content(slow)


def test_a_mark_in_the_middle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conllu_format, "_BLOCK", 1)
    assert both(f"1\ta\t_\tX\tX\t{REST}\n\ufeff1\tb\t_\tX\tX\t{REST}".encode()) == (None, None)


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_right_file_is_not_read_by_line(
    compress: Callable[[bytes], bytes], mark: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "conllu", FORMATS["conllu"]._replace(parse=lambda *_: pytest.fail("read by line")))
    path = tmp_path / "corpus"
    path.write_bytes(compress(mark + RIGHT.encode()))
    expected = by_line(RIGHT.encode())
    assert expected is not None
    assert content(read_corpus(path)) == content(expected)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_a_mistake_is_read_is_not_lost(signal_number: signal.Signals) -> None:
    """Arrow's own handlers would drop some of them."""
    data = RIGHT.encode() * 2000 + b"wrong\n"
    received: list[int] = []
    before = signal.signal(signal_number, lambda number, _: received.append(number))
    try:
        for number in range(40):
            timer = threading.Timer(number / 2000, os.kill, (os.getpid(), signal_number))
            timer.start()
            while timer.is_alive():
                assert read_quickly(io.BytesIO(data), USUAL) is None
    finally:
        signal.signal(signal_number, before)
    assert len(received) == 40


def test_numbers_begin_anew_where_a_part_is_joined() -> None:
    sentences = list(by_line(RIGHT.encode()) or ())
    parts = [IndexedCorpus.of(sentences[2:]), IndexedCorpus.of([]), IndexedCorpus.of(sentences[:2])]
    joined = IndexedCorpus.joined(parts)
    assert content(joined) == content(IndexedCorpus.of([*sentences[2:], *sentences[:2]]))
    assert joined.forms.dtype == np.int32
