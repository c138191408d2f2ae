"""`params.yaml`: what is read from it, and the one line that names a mistake in it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tagger.core.common.errors import InputError
from tagger.core.params.reader import flatten, read_document, read_params
from tagger.core.params.schema import EvaluateView, ExportView, PrepareView, TrainView
from tests.conftest import PARAMS

GOOD = """\
seeds: [7, 8]
device: cpu
losses: [nll, mse]
data:
  train: train.csv
  dev: dev.csv
  test: test.csv
  dev_share: 0.1
  test_share: 0.2
  format: auto
  column: upos
  lowercase: true
model:
  word_dim: 8
  characters: none
  character_dim: 4
  character_filters: 7
  character_hidden: 5
  affix_dim: 0
  hidden: 6
  layers: 1
  bidirectional: true
  dropout: 0.5
  vectors: none.vec
train:
  epochs: 3
  batch_tokens: 100
  min_batches: 2
  optimizer: adam
  learning_rate: 0.01
  adam_betas: [0.9, 0.99]
  momentum: 0
  weight_decay: 0
  schedule: linear
  clip_norm: 1
  word_dropout: 0.25
  patience: 0
  shards: 2
"""
EXPORT = """\
export:
  loss: best
  registered_model: tagger
  max_drop: 0
  int8: false
  data_licence: CC0
"""
GOOD += EXPORT + "arithmetic: native\n"


def write(folder: Path, old: str = "", new: str = "") -> Path:
    assert GOOD.count(old) == 1 or not old
    path = folder / "params.yaml"
    path.write_text(GOOD.replace(old, new) if old else GOOD, encoding="utf-8")
    return path


def mistake(path: Path) -> str:
    """The message without the folder."""
    with pytest.raises(InputError) as caught:
        read_params(EvaluateView, path)
    return str(caught.value).removeprefix(f"{path.parent}/")


def test_prepare_reads_the_data_and_which_vectors(tmp_path: Path) -> None:
    view = read_params(PrepareView, write(tmp_path))
    assert view.model_dump() == {
        "data": {
            "seed": 1,
            "train": "train.csv",
            "dev": "dev.csv",
            "test": "test.csv",
            "format": "auto",
            "column": "upos",
            "lowercase": True,
            "dev_share": 0.1,
            "test_share": 0.2,
            "normalise": False,
            "encoding": "utf-8",
            "columns": {"sentence": "auto", "word": "auto", "tag": "auto"},
            "tag_names": (),
        },
        "model": {"vectors": "none.vec", "word_dim": 8},
    }


def test_train_reads_the_network_and_the_training(tmp_path: Path) -> None:
    view = read_params(TrainView, write(tmp_path))
    assert (view.device, view.model.hidden, view.model.characters) == ("cpu", 6, "none")
    assert (view.train.adam_betas, view.train.momentum, view.train.schedule) == ((0.9, 0.99), 0, "linear")


def test_the_network_is_described_without_a_path(tmp_path: Path) -> None:
    assert "vectors" not in read_params(TrainView, write(tmp_path)).model.model_dump()
    assert read_params(ExportView, write(tmp_path)).model.vectors == "none.vec"


def test_export_reads_the_losses_and_the_seeds(tmp_path: Path) -> None:
    view = read_params(ExportView, write(tmp_path))
    assert (view.losses, view.seeds, view.export.loss) == (("nll", "mse"), (7, 8), "best")
    assert list(map(str, view.trainings)) == ["nll-7", "nll-8", "mse-7", "mse-8"]


def test_export_takes_a_loss_that_is_trained(tmp_path: Path) -> None:
    view = read_params(ExportView, write(tmp_path, "loss: best", "loss: mse"))
    assert view.export.loss == "mse"


def test_a_view_has_the_keys_of_its_stage_alone(tmp_path: Path) -> None:
    assert read_params(EvaluateView, write(tmp_path)).model_dump() == {"arithmetic": "native", "device": "cpu"}


def test_the_params_of_the_recorded_run_are_valid() -> None:
    assert read_params(ExportView, PARAMS).losses


@pytest.mark.parametrize("number", ["1e-3", "1E-3", "+1e-3", ".1e-2", "1.e-3", "0.001"])
def test_a_number_may_be_written_with_an_exponent(tmp_path: Path, number: str) -> None:
    view = read_params(TrainView, write(tmp_path, "learning_rate: 0.01", f"learning_rate: {number}"))
    assert view.train.learning_rate == 0.001


def test_a_text_that_only_looks_like_an_exponent_stays_a_text(tmp_path: Path) -> None:
    view = read_params(PrepareView, write(tmp_path, "train: train.csv", "train: 1e-3.csv"))
    assert view.data.train == "1e-3.csv"


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("seed", "\ufeffseed")], ids=["CRLF", "byte order mark"])
def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path: Path, change: tuple[str, str]) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(GOOD.replace(*change).encode())
    assert read_params(ExportView, path).losses == ("nll", "mse")


def test_views_are_frozen(tmp_path: Path) -> None:
    view = read_params(TrainView, write(tmp_path))
    with pytest.raises(ValidationError, match="frozen"):
        view.device = "cuda"  # type: ignore[misc]


def test_sections_of_views_are_frozen(tmp_path: Path) -> None:
    view = read_params(TrainView, write(tmp_path))
    with pytest.raises(ValidationError, match="frozen"):
        view.train.epochs = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seeds: [7, 8]", "sead: 7", "params.yaml:1: unknown key 'sead'; did you mean 'seeds'?"),
        ("seeds: [7, 8]", "seed: 7", "params.yaml:1: unknown key 'seed'; use 'seeds', a list such as [1]; "),
        ("  epochs: 3", "  epoch: 3", "params.yaml:26: unknown key 'train.epoch'; did you mean 'epochs'?"),
        ("  dev: dev.csv", "  dev: dev.csv\n  tset: x", "params.yaml:7: unknown key 'data.tset'; did you mean 'test'?"),
        (
            "export:",
            "zzz: 1\nexport:",
            "params.yaml:39: unknown key 'zzz'; expected one of losses, seeds, device, arithmetic, data",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert mistake(write(tmp_path, old, new)).startswith(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "seeds: [7, 8]\n",
            "params.yaml: the key 'seeds' is missing; expected a list of one or more values, each a whole number at "
            "least 0 and at most 2147483647",
        ),
        (
            "  epochs: 3\n",
            "params.yaml:25: the key 'train.epochs' is missing; expected a whole number at least 1 and at most 100000",
        ),
        ("  lowercase: true\n", "params.yaml:4: the key 'data.lowercase' is missing; expected true or false"),
        (EXPORT, "params.yaml: the key 'export' is missing; expected keys and values"),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, line: str, expected: str) -> None:
    assert mistake(write(tmp_path, line, "")) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("epochs: 3", "epochs: three", "params.yaml:26: train.epochs: got 'three', expected a whole number"),
        ("epochs: 3", "epochs: '3'", "params.yaml:26: train.epochs: got '3', expected a whole number"),
        ("epochs: 3", "epochs: 3.0", "params.yaml:26: train.epochs: got 3.0, expected a whole number"),
        ("epochs: 3", "epochs: 1e2", "params.yaml:26: train.epochs: got 1e2, expected a whole number"),
        ("epochs: 3", "epochs: 12:30", "params.yaml:26: train.epochs: got '12:30', expected a whole number"),
        ("characters: none", "characters: no", "params.yaml:15: model.characters: got 'no', expected one of cnn, lstm"),
        ("hidden: 6", "hidden: 0x10000", "params.yaml:20: model.hidden: got 0x10000, expected a whole number"),
        ("train: train.csv", "train: 2024_1", "params.yaml:5: YAML parsers disagree on 2024_1; expected"),
        ("epochs: 3", "epochs: true", "params.yaml:26: train.epochs: got true, expected a whole number"),
        ("epochs: 3", "epochs:", "params.yaml:26: train.epochs: got nothing, expected a whole number"),
        ("dropout: 0.5", "dropout: '0.5'", "params.yaml:23: model.dropout: got '0.5', expected a number"),
        ("dropout: 0.5", "dropout: false", "params.yaml:23: model.dropout: got false, expected a number"),
        (
            "characters: none",
            "characters: true",
            "params.yaml:15: model.characters: got true, expected one of cnn, lstm, none",
        ),
        (
            "characters: none",
            "characters: gru",
            "params.yaml:15: model.characters: got 'gru', expected one of cnn, lstm, none",
        ),
        (
            "affix_dim: 0",
            "affix_dim: -1",
            "params.yaml:19: model.affix_dim: got -1, expected a whole number at least 0 and at most 8192",
        ),
        ("lowercase: true", "lowercase: 0", "params.yaml:12: data.lowercase: got 0, expected true or false"),
        ("train: train.csv", "train: 5", "params.yaml:5: data.train: got 5, expected text"),
        ("[nll, mse]", "nll", "params.yaml:3: losses: got 'nll', expected a list"),
        ("shards: 2", "shards: true", "params.yaml:38: train.shards: got true, expected one of auto, 1, 2, 4"),
        ("shards: 2", "shards: 2.0", "params.yaml:38: train.shards: got 2.0, expected one of auto, 1, 2, 4"),
        ("0.9, 0.99", "0.9, '1'", "params.yaml:31: train.adam_betas.1: got '1', expected a number"),
        (
            EXPORT,
            "export:\n",
            "params.yaml:39: export: got nothing, expected keys and values",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert mistake(write(tmp_path, old, new)).startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "seeds: [7, 8]",
            "seeds: [-1]",
            "params.yaml:1: seeds.0: got -1, expected a whole number at least 0 and at most 2147483647",
        ),
        (
            "seeds: [7, 8]",
            "seeds: [1, 2147483648]",
            "params.yaml:1: seeds.1: got 2147483648, expected a whole number at least 0 and at most 2147483647",
        ),
        (
            "dev_share: 0.1",
            "dev_share: 0",
            "params.yaml:8: data.dev_share: got 0, expected a number above 0 and below 1",
        ),
        (
            "dev_share: 0.1",
            "dev_share: 1",
            "params.yaml:8: data.dev_share: got 1, expected a number above 0 and below 1",
        ),
        (
            "word_dim: 8",
            "word_dim: 0",
            "params.yaml:14: model.word_dim: got 0, expected a whole number at least 1 and at most 8192",
        ),
        (
            "layers: 1",
            "layers: 9",
            "params.yaml:21: model.layers: got 9, expected a whole number at least 1 and at most 8",
        ),
        (
            "dropout: 0.5",
            "dropout: 1",
            "params.yaml:23: model.dropout: got 1, expected a number at least 0 and below 1",
        ),
        (
            "rate: 0.01",
            "rate: 0",
            "params.yaml:30: train.learning_rate: got 0, expected a number above 0 and at most 100",
        ),
        (
            "rate: 0.01",
            "rate: .nan",
            "params.yaml:30: train.learning_rate: got .nan, expected a number above 0 and at most 100",
        ),
        ("norm: 1", "norm: .inf", "params.yaml:35: train.clip_norm: got .inf, expected a number at least 0"),
        (
            "[nll, mse]",
            "[]",
            "params.yaml:3: losses: got [], expected a list of one or more values, each one of nll, cross_entropy",
        ),
        ("0.9, 0.99", "0.9, 1", "params.yaml:31: train.adam_betas.1: got 1, expected a number at least 0 and below 1"),
        ("train: train.csv", "train: ''", "params.yaml:5: data.train: got '', expected text that is not empty"),
        (
            "model: tagger",
            "model: a/b",
            "params.yaml:41: export.registered_model: got 'a/b', expected text that matches ^\\w[\\w.-]*$",
        ),
    ],
)
def test_a_value_out_of_range_is_named_with_the_range(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert mistake(write(tmp_path, old, new)).startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "[nll, mse]",
            "\n  - nll\n  - cross_entrpy",
            "params.yaml:5: losses.1: got 'cross_entrpy', expected one of nll, cross_entropy, softmax_nll, mse, hinge; "
            "did you mean 'cross_entropy'?",
        ),
        (
            "loss: best",
            "loss: bset",
            "params.yaml:40: export.loss: got 'bset', expected one of best, nll, cross_entropy, softmax_nll, mse, "
            "hinge; did you mean 'best'?",
        ),
        (
            "optimizer: adam",
            "optimizer: adm",
            "params.yaml:29: train.optimizer: got 'adm', expected one of adam, sgd; did you mean 'adam'?",
        ),
        (
            "device: cpu",
            "device: gpu",
            "params.yaml:2: device: got 'gpu', expected one of auto, cpu, cuda; did you mean 'cuda'?",
        ),
        (
            "lowercase: true",
            "lowercase: no",
            "params.yaml:12: data.lowercase: got 'no', expected true or false; did you mean 'false'?",
        ),
        ("device: cpu", "device: tpu8", "params.yaml:2: device: got 'tpu8', expected one of auto, cpu, cuda"),
    ],
)
def test_an_unknown_choice_is_named_with_the_nearest(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert mistake(write(tmp_path, old, new)).startswith(expected)


def test_a_choice_like_no_other_gets_no_suggestion(tmp_path: Path) -> None:
    message = mistake(write(tmp_path, "[nll, mse]", "[focal]"))
    assert message == (
        "params.yaml:3: losses.0: got 'focal', expected one of nll, cross_entropy, softmax_nll, mse, hinge"
    )


def test_a_seed_listed_twice_is_named(tmp_path: Path) -> None:
    assert mistake(write(tmp_path, "[7, 8]", "[7, 8, 8]")) == "params.yaml:1: seeds: 8 is listed twice"


def test_a_loss_listed_twice_is_named(tmp_path: Path) -> None:
    assert mistake(write(tmp_path, "[nll, mse]", "[nll, mse, nll]")) == "params.yaml:3: losses: 'nll' is listed twice"


def test_a_loss_to_export_has_to_be_trained(tmp_path: Path) -> None:
    assert mistake(write(tmp_path, "loss: best", "loss: hinge")) == (
        "params.yaml:40: export.loss: 'hinge' is not trained; expected 'best' or one of the losses nll, mse"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("device: cpu", "device: cpu\nseeds: [8]", "params.yaml:3: duplicate key 'seeds'"),
        ("  epochs: 3", "  epochs: 3\n  epochs: 4", "params.yaml:27: duplicate key 'epochs'"),
    ],
)
def test_a_duplicate_key_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert mistake(write(tmp_path, old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("device: cpu", "device: @", "params.yaml:2: not YAML: found character '@'"),
        ("[nll, mse]", "[nll, mse", "params.yaml:4: not YAML: "),
        ("seeds: [7, 8]", "seed: 7: 8", "params.yaml:1: not YAML: mapping values are not allowed here"),
        ("seeds: [7, 8]", "seed: *x", "params.yaml:1: found undefined alias"),
        ("export:", "---\nexport:", "params.yaml:39: found another document"),
        ("seeds: [7, 8]", "seed: \x01", "params.yaml:1: not YAML: unacceptable character U+0001"),
    ],
)
def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    message = mistake(write(tmp_path, old, new))
    assert message.startswith(expected)
    assert "\n" not in message


@pytest.mark.parametrize(
    "line",
    ["1: 2", "true: 2", "? [a, b]\n: 2", "extra: &x [*x]", "seed: 2024-13-45", "seed: !!int x", "seed: !!python/none"],
)
def test_yaml_other_than_plain_keys_and_values_is_a_mistake_too(tmp_path: Path, line: str) -> None:
    assert mistake(write(tmp_path, "seeds: [7, 8]", line)).startswith("params.yaml:1: ")


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(GOOD.encode().replace(b"dev: dev.csv", b"dev: d\xe9v.csv"))
    message = mistake(path)
    assert message.startswith("params.yaml:6: ")
    assert "UTF-8" in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = mistake(tmp_path / "params.yaml")
    assert message == "params.yaml: no such file; expected the params of the pipeline"


@pytest.mark.parametrize(
    ("text", "found"), [("", "nothing"), ("# only a comment\n", "nothing"), ("- a\n", "- a"), ("abc\n", "'abc'")]
)
def test_a_file_without_keys_and_values_is_named(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    assert mistake(path) == f"params.yaml: got {found}, expected keys and values"


@pytest.mark.parametrize("given", ["[0.9]", "[0.9, 0.9, 0.9]"])
def test_a_list_of_another_length_is_named_with_the_length(tmp_path: Path, given: str) -> None:
    expected = "expected a list of 2 values, each a number at least 0 and below 1"
    message = mistake(write(tmp_path, "[0.9, 0.99]", given))
    assert message == f"params.yaml:31: train.adam_betas: got {given}, {expected}"


@pytest.mark.parametrize("tagged", ["!foo [nll]", "!!python/object:os.system {}", "!!str [nll]"])
def test_a_tag_on_a_list_or_a_mapping_is_refused(tmp_path: Path, tagged: str) -> None:
    message = mistake(write(tmp_path, "[nll, mse]", tagged))
    assert message == "params.yaml:3: tags are not allowed, expected a plain value"


def test_a_character_that_yaml_forbids_is_named_with_its_place(tmp_path: Path) -> None:
    message = mistake(write(tmp_path, "[nll, mse]", "[nll, \0]"))
    assert message == "params.yaml:3: not YAML: unacceptable character U+0000"


@pytest.mark.parametrize("old", ["nll, mse", "train: train.csv", "epochs: 3", "device: cpu"])
def test_a_message_about_a_long_value_is_short(tmp_path: Path, old: str) -> None:
    name = old.partition(":")[0]
    assert len(mistake(write(tmp_path, old, f"{name}: [{'9' * 100_000}]"))) < 300


def test_flattened_params_have_dotted_keys(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("seed: 1\nlosses: [nll]\ntrain:\n  rate: 1e-3\n  deep: {x: true}\n", encoding="utf-8")
    assert flatten(read_document(path)[0]) == {"seed": 1, "losses": ["nll"], "train.rate": 0.001, "train.deep.x": True}


@pytest.mark.parametrize(("given", "expected"), [("xpos", "xpos"), ("4", 4), ("'4'", "4"), ("auto", "auto")])
def test_a_column_is_a_name_or_a_number(tmp_path: Path, given: str, expected: str | int) -> None:
    assert read_params(PrepareView, write(tmp_path, "column: upos", f"column: {given}")).data.column == expected


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "true", "''", "[1]"])
def test_what_is_no_column_is_named(tmp_path: Path, given: str) -> None:
    message = mistake(write(tmp_path, "column: upos", f"column: {given}"))
    assert message.startswith("params.yaml:11: data.column: got ")
    assert message.endswith(", expected text or a whole number at least 1")


def test_the_columns_of_a_table_may_be_named(tmp_path: Path) -> None:
    data = read_params(
        PrepareView, write(tmp_path, "column: upos", "column: upos\n  columns: {tag: POS, word: 2}")
    ).data
    assert (data.columns.sentence, data.columns.word, data.columns.tag) == ("auto", 2, "POS")
    wrong = write(tmp_path, "column: upos", "column: upos\n  columns: {tags: POS}")
    assert mistake(wrong) == "params.yaml:12: unknown key 'data.columns.tags'; did you mean 'tag'?"
