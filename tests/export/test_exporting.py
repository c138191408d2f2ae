import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder
from tagger.core.losses.definitions import LOSSES
from tagger.core.network.lstm_tagger import tag_probabilities, tag_scores
from tagger.core.network.model_folder import TrainedModel, fingerprint, read_model, write_model
from tagger.core.params.schema import LossName, Training
from tagger.evaluate.metrics import score
from tagger.evaluate.predictions import prediction_table, probabilities_of
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.export.exporting import choose_training, cost_of_int8, export_model
from tagger.predict.tagging import Tagger
from tests.evaluate.test_metrics import nothing
from tests.samples import CPU, RANDOM, contents, save_model

Change = Callable[[pd.DataFrame], pd.DataFrame | None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of the training summaries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics/train").mkdir(parents=True)
    return tmp_path / "metrics/train"


def write_summaries(folder: Path, accuracies: dict[str, float], seed: int = 1) -> None:
    for loss, accuracy in accuracies.items():
        text = json.dumps({"best_dev_accuracy": accuracy, "best_dev_loss": 1 - accuracy})
        (folder / loss).mkdir(exist_ok=True)
        (folder / loss / f"{seed}.json").write_text(text, encoding="utf-8")


def chosen(wanted: str, losses: list[str], seeds: tuple[int, ...] = (1,)) -> str:
    return str(choose_training(wanted, [Training(loss, seed) for loss in losses for seed in seeds]))


@pytest.mark.parametrize(
    ("nll", "cross_entropy", "mse", "best"),
    [
        (0.9, 0.8, 0.7, "nll"),
        (0.8, 0.9, 0.7, "cross_entropy"),
        (0.8, 0.9, 0.91, "mse"),
        (0.9, 0.9, 0.9, "nll"),
        (0.8, 0.9, 0.9, "cross_entropy"),
    ],
)
def test_the_best_on_dev_is_chosen_and_the_first_of_equals(
    nll: float, cross_entropy: float, mse: float, best: str, folder: Path
) -> None:
    write_summaries(folder, {"nll": nll, "cross_entropy": cross_entropy, "mse": mse})
    assert chosen("best", ["nll", "cross_entropy", "mse"]) == f"{best}-1"


def test_the_first_of_equals_is_the_first_listed(folder: Path) -> None:
    write_summaries(folder, {"nll": 0.9, "cross_entropy": 0.9})
    assert chosen("best", ["cross_entropy", "nll"]) == "cross_entropy-1"


def test_only_listed_losses_are_looked_at(folder: Path) -> None:
    write_summaries(folder, {"nll": 0.5, "cross_entropy": 0.9})
    assert chosen("best", ["nll"]) == "nll-1"


def test_a_named_loss_is_chosen_whatever_the_summaries_say(folder: Path) -> None:
    write_summaries(folder, {"nll": 0.9, "mse": 0.1})
    assert chosen("mse", ["nll", "mse"]) == "mse-1"


def test_the_best_seed_is_chosen_of_a_named_loss_and_of_all(folder: Path) -> None:
    for seed, accuracies in {3: (0.8, 0.7), 1: (0.9, 0.8), 2: (0.85, 0.95), 5: (0.9, 0.1)}.items():
        write_summaries(folder, dict(zip(("nll", "mse"), accuracies, strict=True)), seed)
    assert chosen("best", ["nll", "mse"], (3, 1, 2, 5)) == "mse-2"
    assert chosen("nll", ["nll", "mse"], (3, 1, 2, 5)) == "nll-1"
    assert chosen("best", ["nll", "mse"], (3, 1)) == "nll-1"


def test_a_missing_summary_is_named(folder: Path) -> None:
    write_summaries(folder, {"nll": 0.9})
    with pytest.raises(InputError) as caught:
        chosen("best", ["nll", "mse"])
    assert str(caught.value) == "metrics/train/mse/1.json: no such file; expected the output of `train`"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "{}",
        "[]",
        "3",
        "null",
        '{"nll": {"best_dev_accuracy": 0.9}}',
        '{"best_dev_accuracy": "high"}',
        '{"best_dev_accuracy": null}',
    ],
)
def test_a_damaged_summary_is_named(text: str, folder: Path) -> None:
    (folder / "nll").mkdir()
    (folder / "nll/1.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^metrics/train/nll/1\.json: damaged: "):
        chosen("best", ["nll"])


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


class Export(NamedTuple):
    trained: Path
    target: Path
    predictions: pd.DataFrame

    def run(self, predictions: pd.DataFrame | None = None, int8: bool = False) -> dict[str, Any]:
        given = self.predictions if predictions is None else predictions
        with new_folder(self.target) as folder:
            return export_model(self.trained, folder, RANDOM.dev, given, int8=int8, dev=None)

    def changed(self, change: Change) -> pd.DataFrame:
        table = self.predictions.copy()
        result = change(table)
        return table if result is None else result


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Give a trained model, what it said, and an earlier export of another model."""
    model = save_model(tmp_path / "models" / "nll")
    save_model(tmp_path / "models" / "export", seed=2)
    table = prediction_table(tag_probabilities(model, RANDOM.dev, CPU), RANDOM.dev)
    return Export(tmp_path / "models" / "nll", tmp_path / "models" / "export", table)


def set_cell(column: str, value: Any) -> Change:
    def change(table: pd.DataFrame) -> None:
        table[column] = table[column].astype(object).where(table.index != 7, value)

    return change


def add_to_cell(column: str, value: float) -> Change:
    def change(table: pd.DataFrame) -> None:
        table.loc[7, column] = np.float32(table[column].iloc[7] + value)

    return change


FILES = [
    "affixes.json",
    "characters.json",
    "characters.onnx",
    "config.json",
    "lookup.json",
    "tagger.onnx",
    "tags.json",
    "verification.json",
    "words.json",
]


def test_the_export_says_what_the_trained_model_says(export: Export) -> None:
    export.run()
    assert sorted(contents(export.target)) == FILES
    words = [RANDOM.dev.form_texts[form] for form in RANDOM.dev.forms]
    sentences = [words[first:end] for first, end in pairwise(RANDOM.dev.sentence_starts)]
    exported, trained = (
        np.concatenate([sentence.distribution for sentence in Tagger(folder).tag(sentences)])
        for folder in (export.target, export.trained)
    )
    np.testing.assert_allclose(exported, trained, rtol=0, atol=2e-6)
    assert (exported != trained).any()  # they are two programs


def test_the_export_names_the_model_that_it_was_made_from(export: Export) -> None:
    export.run()
    config = json.loads((export.target / "config.json").read_text(encoding="utf-8"))
    assert config["trained"] == fingerprint(export.trained)


def test_the_same_weights_give_the_same_bytes(export: Export, tmp_path: Path) -> None:
    export.run(int8=True)
    before = contents(export.target)
    export.run(int8=True)
    assert contents(export.target) == before


def test_the_agreement_is_reported_and_kept(export: Export) -> None:
    verification = export.run()
    assert json.loads((export.target / "verification.json").read_text(encoding="utf-8")) == verification
    same = {"tokens": len(RANDOM.dev.forms), "different_tags": 0, "tolerance": 1e-5, "temperature": 1}
    assert {name: verification[name] for name in same} == same


def test_what_8_bits_cost_is_measured(export: Export) -> None:
    export.run(int8=True)
    words = [RANDOM.dev.form_texts[form] for form in RANDOM.dev.forms]
    sentences = [words[first:end] for first, end in pairwise(RANDOM.dev.sentence_starts)]
    found = {
        rough: np.concatenate([row.distribution for row in Tagger(export.target, int8=rough).tag(sentences)])
        for rough in (False, True)
    }
    difference = np.abs(found[True] - found[False]).max()
    assert 1e-5 < difference < 0.05
    tags = {rough: row.argmax(axis=1) for rough, row in found.items()}
    right = {rough: f"{100 * float((row == RANDOM.dev.tags).mean()):.2f} %" for rough, row in tags.items()}
    assert cost_of_int8(export.target, RANDOM.dev) == (
        f"in 8 bits: accuracy {right[True]} instead of {right[False]}; "
        f"{(tags[True] != tags[False]).sum()} tokens get another tag, probabilities differ by up to {difference:.2g}"
    )


@pytest.mark.parametrize("loss", ["cross_entropy", "softmax_nll", "mse", "hinge"])
def test_every_loss_can_be_exported(loss: LossName, tmp_path: Path) -> None:
    model = save_model(tmp_path / "model", loss)
    table = prediction_table(tag_probabilities(model, RANDOM.dev, CPU), RANDOM.dev)
    (tmp_path / "export").mkdir()
    verification = export_model(tmp_path / "model", tmp_path / "export", RANDOM.dev, table, int8=False, dev=None)
    assert verification["different_tags"] == 0


def test_predictions_that_were_stored_agree(export: Export, tmp_path: Path) -> None:
    export.predictions.to_parquet(tmp_path / "predictions.parquet", index=False)
    assert export.run(pd.read_parquet(tmp_path / "predictions.parquet"))["different_tags"] == 0


class Calibrated(NamedTuple):
    """An export whose model is far too sure, and what that says of each word of dev, as trained: (N, K)."""

    export: Export
    verification: dict[str, Any]
    scores: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        return np.asarray(softmax(self.scores / self.verification["temperature"], axis=1))

    def said(self, int8: bool = False) -> np.ndarray:
        words = [RANDOM.dev.form_texts[form] for form in RANDOM.dev.forms]
        sentences = [words[first:end] for first, end in pairwise(RANDOM.dev.sentence_starts)]
        tagger = Tagger(self.export.target, int8=int8)
        return np.concatenate([sentence.distribution for sentence in tagger.tag(sentences)])


def calibrated(folder: Path, loss: LossName = "nll", change: Change = lambda _: None) -> Calibrated:
    model = save_model(folder / "nll", loss)
    for parameter in model.linear.parameters():
        parameter.data *= 8
    write_model(TrainedModel(model, RANDOM.dictionaries), emptied(folder / "nll"))
    table = prediction_table(tag_probabilities(model, RANDOM.dev, CPU), RANDOM.dev)
    export = Export(folder / "nll", folder / "export", table)
    with new_folder(export.target) as target:
        verification = export_model(
            export.trained, target, RANDOM.dev, export.changed(change), dev=RANDOM.dev, int8=True
        )
    return Calibrated(export, verification, tag_scores(model, RANDOM.dev, CPU))


@pytest.mark.parametrize("loss", list(LOSSES))
def test_a_model_that_is_too_sure_is_exported_with_its_scores_divided_by_a_temperature(
    loss: LossName, tmp_path: Path
) -> None:
    done = calibrated(tmp_path, loss)
    assert done.verification["temperature"] > 2
    assert done.verification["different_tags"] == 0
    np.testing.assert_allclose(done.said(), done.expected, rtol=0, atol=2e-6)
    assert (done.said().argmax(axis=1) == done.scores.argmax(axis=1)).all()


def test_the_tagger_in_8_bits_is_calibrated_too(tmp_path: Path) -> None:
    done = calibrated(tmp_path)
    np.testing.assert_allclose(done.said(int8=True), done.expected, rtol=0, atol=0.05)
    assert np.abs(done.said(int8=True) - softmax(done.scores, axis=1)).max() > 0.2


def test_the_metrics_at_the_temperature_are_those_of_what_the_export_says(tmp_path: Path) -> None:
    done = calibrated(tmp_path)
    raw, said = (
        score(TaggedSplit.of(each, RANDOM.dev, nothing(len(each))))
        for each in (probabilities_of(done.export.predictions), done.said())
    )
    found = done.verification["calibrated"]
    assert found == pytest.approx({name: said[name] for name in ("nll", "brier", "ece")}, abs=2e-6)
    for name, value in found.items():
        assert value < (raw[name] or 0)


def test_the_trained_model_stays_as_it_is_and_calibration_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = calibrated(tmp_path / "a"), calibrated(tmp_path / "b")
    assert contents(first.export.target) == contents(second.export.target)
    read, _ = read_model(first.export.trained)
    np.testing.assert_array_equal(tag_scores(read, RANDOM.dev, CPU), first.scores)


@pytest.mark.parametrize(
    "change", [add_to_cell("p_NOUN", 0.01), add_to_cell("p_NOUN", -2e-5), set_cell("predicted", "another")]
)
def test_at_a_temperature_too_another_model_is_refused(change: Change, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not exported: the export tags "):
        calibrated(tmp_path, change=change)
    assert not (tmp_path / "export").exists()


def test_nothing_else_is_left_beside_the_export(export: Export) -> None:
    export.run()
    assert sorted(path.name for path in export.target.parent.iterdir()) == ["export", "nll"]


def test_a_difference_of_rounding_is_accepted(export: Export) -> None:
    verification = export.run(export.changed(add_to_cell("p_NOUN", 5e-6)))
    assert verification["different_tags"] == 0


@pytest.mark.parametrize(
    "change",
    [
        add_to_cell("p_NOUN", 0.01),
        add_to_cell("p_NOUN", -2e-5),
        add_to_cell("p_VERB", float("nan")),
        set_cell("word", "another"),
        set_cell("predicted", "another"),
        lambda table: table.iloc[:-1],
        lambda table: table.iloc[::-1].reset_index(drop=True),
        lambda table: table.drop(columns="p_VERB"),
        lambda table: table.rename(columns={"p_VERB": "p_X"}),
        lambda table: table.iloc[:0],
    ],
    ids=["probability", "small", "nan", "word", "tag", "shorter", "order", "column", "name", "empty"],
)
def test_another_model_or_split_is_refused_and_the_old_export_stays(change: Change, export: Export) -> None:
    before = contents(export.target.parent)
    with pytest.raises(InputError):
        export.run(export.changed(change))
    assert contents(export.target.parent) == before


def test_the_error_says_how_far_the_two_are_apart(export: Export) -> None:
    with pytest.raises(InputError) as caught:
        export.run(export.changed(add_to_cell("p_NOUN", 0.25)))
    assert str(caught.value) == (
        f"{export.trained}: not exported: the export tags 0 of {len(RANDOM.dev.forms)} test tokens differently, "
        "and probabilities differ by up to 2.5e-01, expected at most 1e-05"
    )


def test_the_error_counts_the_tags_that_differ(export: Export) -> None:
    with pytest.raises(InputError, match=rf" tags 1 of {len(RANDOM.dev.forms)} test tokens differently"):
        export.run(export.changed(set_cell("predicted", "another")))


def test_predictions_of_another_split_are_a_clear_error(export: Export) -> None:
    with pytest.raises(InputError, match="the predictions are not of this model and test split"):
        export.run(export.changed(set_cell("word", "another")))


def test_a_weight_that_is_not_finite_is_refused(export: Export) -> None:
    before = contents(export.target)
    model, dictionaries = read_model(export.trained)
    model.linear.bias.data[0] = float("nan")
    write_model(TrainedModel(model, dictionaries), emptied(export.trained))
    with pytest.raises(InputError) as caught:
        export.run()
    reason = "linear.bias: got nan, expected at most 1e+09 in absolute value"
    assert str(caught.value) == f"{export.trained}/weights.safetensors: damaged: {reason}"
    assert contents(export.target) == before


def test_a_damaged_model_is_refused_and_the_old_export_stays(export: Export) -> None:
    (export.trained / "weights.safetensors").write_bytes(b"")
    before = contents(export.target)
    with pytest.raises(InputError, match=r"weights\.safetensors: damaged"):
        export.run()
    assert contents(export.target) == before
    assert sorted(path.name for path in export.target.parent.iterdir()) == ["export", "nll"]
