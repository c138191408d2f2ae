"""The command on one machine: rows come back with their tags, and a mistake is one line."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result

from tagger.core.common.errors import InputError
from tagger.core.network.model_folder import read_model, write_model
from tagger.predict.tagging import Tagger
from tests.spark.conftest import Command, needs_spark

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves a socket to the JVM
]

SMALL = ("--conf", "spark.sql.files.maxPartitionBytes=100")  # a block, and so a task, every hundred bytes


def read_json(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for path in folder.glob("part-*") for line in path.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: (row["file"], row["line"]))


def done(result: Result) -> str:
    assert (result.exit_code, result.exception) == (0, None), repr(result.exception)
    return result.stdout.replace(f"{Path.cwd()}/", "")


def mistake(result: Result) -> str:
    assert isinstance(result.exception, InputError), repr(result.exception)
    assert "\n" not in str(result.exception)
    return re.sub(rf"(file:(//)?)?{Path.cwd()}/", "", str(result.exception))


def test_every_line_of_text_keeps_its_number_and_gets_its_tags(tag: Command, model: Path, tmp_path: Path) -> None:
    texts = {
        "a.txt": [f"The dog number{number} barked loudly" if number % 3 else "" for number in range(41)],
        "b.txt": ["\ufeffשם", "🎉 \t two\u00a0words \r", "last"],
    }
    (tmp_path / "in").mkdir()
    for name, lines in texts.items():
        (tmp_path / "in" / name).write_text("\n".join(lines), encoding="utf-8", newline="")
    assert done(tag("in/*.txt", "out.json", *SMALL)) == "out.json: 44 sentences, 140 words\n"
    assert (tmp_path / "out.json/_SUCCESS").exists()
    rows = read_json(tmp_path / "out.json")
    assert len(list((tmp_path / "out.json").glob("part-*"))) > 5
    assert [(Path(row["file"]).name, row["line"]) for row in rows] == [
        (name, number) for name, lines in texts.items() for number in range(1, len(lines) + 1)
    ]
    sentences = [line.removeprefix("\ufeff").removesuffix("\r") for lines in texts.values() for line in lines]
    assert [row["sentence"] for row in rows] == sentences
    for row, expected in zip(rows, Tagger(model).tag(sentences), strict=True):
        assert (row["words"], row["tags"]) == (list(expected.words), list(expected.tags))
        assert row["probabilities"] == pytest.approx(expected.probabilities, abs=2e-6)


def test_a_table_keeps_its_columns_and_its_nulls(tag: Command, model: Path, tmp_path: Path) -> None:
    words: list[Any] = [["The", "dog"], None, [], ["two words", "it"]]
    pd.DataFrame({"key": [4, 3, 2, 1], "sentence": words, "a.b`": 1}).to_parquet("in.parquet")
    assert done(tag("in.parquet", "out.parquet")) == "out.parquet: 4 sentences, 4 words\n"
    found = pd.read_parquet("out.parquet").set_index("key").loc[[4, 3, 2, 1]]
    assert list(found) == ["sentence", "a.b`", "words", "tags", "probabilities"]
    for name in ("words", "tags", "probabilities"):
        assert found[name][3] is None
    for tags, expected in zip(found["tags"].drop(3), Tagger(model).tag([words[0], [], words[3]]), strict=True):
        assert list(tags) == list(expected.tags)
    assert found["words"].map(list, na_action="ignore")[1] == ["two words", "it"]
    assert len(found["tags"][2]) == 0


def test_lists_of_words_come_as_json_lines(tag: Command, model: Path, tmp_path: Path) -> None:
    words = [["New York", "\u3000"], [], ["it"]]
    Path("in.jsonl").write_text("".join(json.dumps({"id": 1, "tokens": given}) + "\n" for given in words), "utf-8")
    assert done(tag("in.jsonl", "out.json")) == "out.json: 3 sentences, 3 words\n"
    rows = [
        json.loads(line) for path in Path("out.json").glob("part-*") for line in path.read_text("utf-8").splitlines()
    ]
    assert [(row["id"], row["words"]) for row in rows] == [(1, given) for given in words]
    assert [row["tags"] for row in rows] == [list(sentence.tags) for sentence in Tagger(model).tag(words)]


CONLLU = (
    "# newdoc\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\tx=y\n1\tdo\tdo\t_\tVBP\t_\t3\taux\t_\t_\n"
    "2\tn't\tnot\tX\t_\t_\t0\troot\t_\t_\n2.1\te\t_\t_\t_\t_\t_\t_\t_\t_\n\n# b\n"
    "1\tNew York\t_\tX\t_\t_\t_\t_\t_\tSpaceAfter=No\t11th\n\n"
)


@pytest.mark.parametrize(("column", "cell", "end"), [("upos", 3, ""), ("xpos", 4, "\n"), ("misc", 9, "\n")])
def test_of_conllu_all_but_the_tags_is_kept(
    tag: Command, model: Path, column: str, cell: int, end: str, tmp_path: Path
) -> None:
    trained = read_model(model)
    model = tmp_path / "model"
    model.mkdir()
    write_model(trained._replace(dictionaries=trained.dictionaries._replace(column=column)), model)
    Path("in.conllu").write_text(CONLLU.removesuffix("\n") + end, encoding="utf-8", newline="")
    assert done(tag("in.conllu", "out.conllu", "--model", str(model))) == "out.conllu: 2 sentences, 3 words\n"
    (written,) = (path.read_text("utf-8") for path in Path("out.conllu").glob("part-*"))
    tags = iter([tag for sentence in Tagger(model).tag([["do", "n't"], ["New York"]]) for tag in sentence.tags])
    rows = [line.split("\t") for line in CONLLU.splitlines()]
    for row in filter(lambda row: row[0].isdecimal(), rows):
        own = {"_": [], "SpaceAfter=No": ["SpaceAfter=No"]}.get(row[cell], [])
        row[cell] = "|".join([f"Tag={next(tags)}", *own]) if column == "misc" else next(tags)
    assert written == "".join("\t".join(row) + "\n" for row in rows)


@pytest.mark.slow
def test_an_earlier_output_is_replaced_only_if_that_is_wanted(tag: Command, tmp_path: Path) -> None:
    Path("in.txt").write_text("a\n", encoding="utf-8")
    Path("mine").mkdir()
    Path("mine/in.txt").write_text("a\n", encoding="utf-8")
    done(tag("in.txt", "out.parquet"))
    before = sorted(Path("out.parquet").iterdir())
    assert mistake(tag("in.txt", "out.parquet")) == "out.parquet: exists already; expected a new path, or --overwrite"
    assert sorted(Path("out.parquet").iterdir()) == before
    done(tag("in.txt", "out.parquet", "--overwrite"))
    assert sorted(Path("out.parquet").iterdir()) != before
    wanted = ("--overwrite", "--to", "text")
    assert mistake(tag("in.txt", "mine", *wanted)).startswith("mine: not written by Spark")
    assert mistake(tag("mine/in.txt", "mine", *wanted)).startswith("mine: holds the input")
    assert mistake(tag("in.txt", "in.txt", *wanted)).startswith("in.txt: holds the input")
    assert Path("mine/in.txt").exists()
    assert Path("in.txt").exists()


@pytest.mark.slow
def test_a_mistake_is_one_line_and_leaves_nothing(tag: Command, tmp_path: Path) -> None:
    tables: dict[str, dict[str, Any]] = {
        "number": {"sentence": [1, 2]},
        "none": {"text": ["a"], "id": [1]},
        "blank": {"sentence": [["a"], ["b", " "]]},
        "null": {"sentence": [["a"], ["b", None]]},
        "tagged": {"sentence": ["a"], "Tags": ["b"]},
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_parquet(f"{name}.parquet")
    Path("latin.txt").write_bytes(b"a\n\xe4\n")
    Path("long.txt").write_text("a\nb\n" + "a " * 100_000 + "a\n", encoding="utf-8")
    Path("text.parquet").write_text("no table", encoding="utf-8")
    Path("in.txt").write_text("a\n", encoding="utf-8")
    rest, ids = "\ta" + "\t_" * 8, "with the ids 1, 2, ... and a line feed at the end of each line"
    Path("order.conllu").write_text(f"# a\n1{rest}\n3{rest}\n\n", encoding="utf-8")
    Path("crlf.conllu").write_bytes(f"1{rest}\r\n\r\n1{rest}\r\n".encode())
    Path("short.conllu").write_text("1 a _ X", encoding="utf-8")
    Path("number.jsonl").write_text('{"tokens": 1}\n', encoding="utf-8")
    blank = "row 2: got a word that is missing, blank or not UTF-8"
    cases = {
        "number.parquet": "number.parquet: column 'sentence': got bigint, expected string or array<string>",
        "none.parquet": "none.parquet: got the columns 'text', 'id', expected one 'sentence'",
        "blank.parquet": f"blank.parquet: blank.parquet: {blank}",
        "null.parquet": f"null.parquet: null.parquet: {blank}",
        "tagged.parquet": "tagged.parquet: has a column 'tags' already; expected none of words, tags, probabilities",
        "latin.txt": "latin.txt: latin.txt:2: expected UTF-8",
        "long.txt": "long.txt: long.txt:3: expected at most 100,000 words, of 100,000 characters each",
        "order.conllu": f"order.conllu: order.conllu: # a 1{rest} 3{rest}: expected CoNLL-U of ten columns, {ids}",
        "crlf.conllu": f"crlf.conllu: crlf.conllu: 1{rest}\\r \\r 1{rest}\\r : expected CoNLL-U of ten columns, {ids}",
        "short.conllu": f"short.conllu: short.conllu: 1 a _ X: expected CoNLL-U of ten columns, {ids}",
        "number.jsonl": "number.jsonl: column 'sentence': got bigint, expected string or array<string>",
        "nobody.txt": "nobody.txt: Path does not exist: nobody.txt.",
    }
    for source, said in cases.items():
        assert mistake(tag(source, "out.parquet")) == said
        assert not Path("out.parquet").exists()
    assert "text.parquet" in mistake(tag("text.parquet", "out.parquet"))
    Path("bad.json").write_text('{"sentence": ["a"]}\n{\n', encoding="utf-8")
    assert mistake(tag("bad.json", "out.parquet")).startswith("bad.json: ")
    assert mistake(tag("in.txt", "out.conllu")) == (
        "out.conllu: CoNLL-U can be written only from CoNLL-U; expected --to json or parquet"
    )
    assert mistake(tag("in.txt", "/proc/out.parquet")).startswith("in.txt: ")


def test_what_is_wrong_before_spark_starts(tag: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in.txt").write_text("a\n", encoding="utf-8")
    assert mistake(tag("corpus", "out.parquet")) == (
        "corpus: unknown format; expected --from, or a name that ends in .txt or .parquet"
    )
    assert mistake(tag("in.txt", "out")).startswith("out: unknown format; expected --to")
    assert mistake(tag("in.parquet.gz", "out.json")).startswith("in.parquet.gz: unknown format; expected --from")
    assert mistake(tag("in.txt", "o.json", "--conf", "spark.x")) == "--conf: got 'spark.x', expected KEY=VALUE"
    assert mistake(tag("in.txt", "o.json", "--model", "none")).startswith("none/config.json: no such file")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    said = f"java: not found in {tmp_path}; expected Java 17 or later, on PATH or in JAVA_HOME, for Spark"
    assert mistake(tag("in.txt", "o.json")) == said
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin/java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    assert mistake(tag("in.txt", "o.json")).startswith('bin/java: got openjdk version "11.0.2"; expected')
