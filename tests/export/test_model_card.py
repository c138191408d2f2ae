import json
from itertools import pairwise
from typing import Any

import pytest
import yaml
from jinja2 import UndefinedError

from tagger.core.params.schema import ExportView, Training
from tagger.export.model_card import model_card
from tests.samples import model_params, train_params

SURVEY: dict[str, Any] = {
    "train": {"sentences": 7, "tokens": 60, "types": 40},
    "dev": {"sentences": 3, "tokens": 20, "types": 15},
    "test": {"sentences": 2, "tokens": 10, "types": 9, "baseline_accuracy": 0.8765},
    "dictionary": {"words": 40, "words_with_vector": 0},
    "tags": [{"tag": "NOUN", "train": 5}, {"tag": "VERB|X", "train": 3}],
}
VERIFICATION: dict[str, Any] = {"tokens": 10, "different_tags": 0, "tolerance": 1e-5, "temperature": 1.0}
CALIBRATED = {"temperature": 1.53, "calibrated": {"nll": 0.1234, "brier": 0.1, "ece": 0.0104}}
EVALUATIONS = {
    Training("nll", 1): {"accuracy": 0.91, "macro_f1": 0.9, "unknown_accuracy": None, "nll": 0.25, "ece": 0.0312},
    Training("mse", 1): {"accuracy": 0.8912, "macro_f1": 0.88, "unknown_accuracy": 0.7, "nll": 0.3, "ece": 0.05},
}
PARAMS: dict[str, Any] = {
    "arithmetic": "portable",
    "losses": ["nll", "mse"],
    "seeds": [1],
    "data": {
        "train": "/home/someone/train.conllu",
        "dev": "d.csv",
        "test": "t|t.csv",
        "format": "auto",
        "column": "upos",
        "lowercase": True,
        "dev_share": 0.1,
        "test_share": 0.1,
    },
    "model": model_params().model_dump() | {"vectors": "/home/someone/none.vec"},
    "train": train_params().model_dump(),
    "export": {
        "loss": "best",
        "registered_model": "tagger",
        "max_drop": 0.1,
        "int8": False,
        "data_licence": "CC BY-SA 4.0",
    },
}


def params(**changes: dict[str, Any]) -> ExportView:
    """Change values of the sections that are named."""
    sections = {section: PARAMS[section] | values for section, values in changes.items()}
    return ExportView.model_validate(PARAMS | sections)


def card(**changes: Any) -> str:
    facts: dict[str, Any] = {
        "chosen": Training("nll", 1),
        "params": params(),
        "survey": SURVEY,
        "evaluations": EVALUATIONS,
        "verification": VERIFICATION,
    }
    return model_card(**facts | changes)


def test_the_card_has_data_metrics_losses_params_and_limits() -> None:
    text = card()
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Data", "Metrics", "Losses", "Calibration", "Exactness", "Limits", "Params", "Files"]
    for row in (
        "| train | train.conllu | 7 | 60 | 40 |",
        "| `accuracy` | 0.9100 |",
        "| `unknown_accuracy` | - |",
        "| mse | 0.8912 | 0.8800 | 0.7000 | 0.3000 | 0.0500 |",
        "| `train.epochs` | `3` |",
        "| `train.adam_betas` | `(0.9, 0.9)` |",
        "Licence of the data: CC BY-SA 4.0.",
    ):
        assert row in text.splitlines()
    assert "an accuracy of 0.8765" in text
    assert "On all 10 words" in text
    assert "no probability differs by more than 1e-05." in text


SEVERAL: dict[str, Any] = {
    "chosen": Training("nll", 2),
    "params": ExportView.model_validate(PARAMS | {"seeds": [1, 2]}),
    "evaluations": EVALUATIONS
    | {
        Training("nll", 2): {"accuracy": 0.93, "macro_f1": 0.9, "unknown_accuracy": None, "nll": 0.25, "ece": 0.0312},
        Training("mse", 2): {"accuracy": 0.8912, "macro_f1": 0.9, "unknown_accuracy": 0.7, "nll": 0.3, "ece": 0.05},
    },
}


def test_of_several_seeds_the_card_has_the_distribution_and_which_one_it_is() -> None:
    text = card(**SEVERAL)
    assert "This is the model of seed 2, the best of them on dev" in text
    for row in (
        "| on the test split | mean of nll | this model | seed 1 | seed 2 |",
        "| `accuracy` | 0.9200 ± 0.0141 | 0.9300 | 0.9100 | 0.9300 |",
        "| `unknown_accuracy` | - | - | - | - |",
        "| nll | 0.9200 ± 0.0141 | 0.9000 ± 0.0000 | - | 0.2500 ± 0.0000 | 0.0312 ± 0.0000 |",
        "| `seed` | `2` |",
    ):
        assert row in text.splitlines()
    assert "±" not in card()


def head_of(text: str) -> dict[str, Any]:
    """Return the YAML that Hugging Face's Hub reads."""
    before, head, _ = text.split("---\n", 2)
    assert before == ""
    read: dict[str, Any] = yaml.safe_load(head)
    return read


def test_the_head_is_what_the_hub_reads() -> None:
    head = head_of(card(params=params(export={"language": "de"})))
    assert (head["license"], head["language"]) == ("cc-by-sa-4.0", "de")
    assert (head["library_name"], head["pipeline_tag"]) == ("lstm-tagger", "token-classification")
    (result,) = head["model-index"][0]["results"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {"accuracy": 0.91, "f1": 0.9}
    assert result["dataset"]["name"] == "t|t.csv"


def test_a_licence_that_the_hub_has_no_name_for_is_another_one() -> None:
    head = head_of(card(params=params(export={"data_licence": 'Ask "us": no'})))
    assert (head["license"], head["license_name"]) == ("other", 'Ask "us": no')


def test_a_licence_that_nobody_named_is_said() -> None:
    for unknown in ("", "auto"):  # the data are not the bundled ones
        text = card(params=params(export={"data_licence": unknown}))
        assert "Licence of the data: not stated" in text
        assert head_of(text)["license"] == "unknown"
        assert "language" not in head_of(text)


def test_licence_and_language_of_the_bundled_corpus_are_known() -> None:
    files = {split: f"data/raw/{split}.csv" for split in ("train", "dev", "test")}
    bundled = card(params=params(data=files, export={"data_licence": "auto"}))
    assert "Licence of the data: CC BY 4.0." in bundled.splitlines()
    assert (head_of(bundled)["license"], head_of(bundled)["language"]) == ("cc-by-4.0", "en")
    other = card(params=params(data=files | {"test": "other.csv"}, export={"data_licence": "auto"}))
    assert "Licence of the data: not stated" in other


def test_vectors_that_words_began_with_are_named() -> None:
    assert "| `model.vectors` | `none.vec` |" in card().splitlines()
    assert "started from" not in card()
    text = card(
        params=params(model={"vectors": "glove.txt"}),
        survey=SURVEY | {"dictionary": {"words": 40, "words_with_vector": 3}},
    )
    assert "| `model.vectors` | `glove.txt` |" in text.splitlines()
    assert "3 of its 40 words started from a vector of `glove.txt`." in text.splitlines()


def test_the_calibration_error_is_given_with_and_without_the_temperature() -> None:
    text = card(verification=VERIFICATION | CALIBRATED)
    assert "by 1.53, which changes probabilities but no tag" in text
    for row in (
        "| metric | without | with it |",
        "| `nll` | 0.2500 | 0.1234 |",
        "| `brier` | - | 0.1000 |",
        "| `ece` | 0.0312 | 0.0104 |",
    ):
        assert row in text.splitlines()
    assert "by more than 1e-05, the temperature undone." in text


def test_probabilities_that_are_not_calibrated_are_said_to_be_so() -> None:
    assert "no temperature helped on dev" in card()
    off = card(params=params(export={"calibrate": False}))
    assert "(`export.calibrate` was off)" in off
    for text in (card(), off):
        assert "divided by" not in text


def test_the_card_has_no_path_of_the_machine() -> None:
    assert "/home" not in card()


def test_a_stroke_in_a_name_does_not_end_a_cell() -> None:
    assert "| test | t\\|t.csv | 2 | 10 | 9 |" in card().splitlines()
    assert "| `data.test` | `t\\|t.csv` |" in card().splitlines()


def test_tables_and_texts_stand_apart_by_single_blank_lines() -> None:
    survey = SURVEY | {"dictionary": {"words": 40, "words_with_vector": 3}}
    for text in (
        card(),
        card(**SEVERAL),
        card(verification=VERIFICATION | CALIBRATED),
        card(survey=survey),
        card(params=params(export={"int8": True})),
    ):
        assert "\n\n\n" not in text
        assert text.endswith("|\n")
        lines = text.splitlines()
        for line, after in pairwise(lines):
            assert not line.startswith("|") or not after or after.startswith("|")


def test_what_8_bits_change_is_said_where_there_are_any() -> None:
    assert "8 bits" not in card()
    assert "`tagger.int8.onnx` computes its LSTM in 8 bits" in card(params=params(export={"int8": True}))


def test_a_survey_without_its_figures_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        card(survey=json.loads("{}"))


def test_text_of_the_user_is_no_markup() -> None:
    hostile = "<script>alert(1)</script>`<img src=x>|"
    export = {"data_licence": hostile, "language": "en"}
    data, model = {"train": f"/x/{hostile.replace('/', '')}"}, {"vectors": "`<b>`"}
    survey = SURVEY | {"tags": [{"tag": "`<b>`", "train": 1}]}
    text = card(params=params(export=export, data=data, model=model), survey=survey).partition("# LSTM tagger")[2]
    outside = "".join(text.split("`")[::2])  # of code
    assert "<" not in outside
    assert "&lt;script&gt;" in outside
    assert text.count("`") % 2 == 0
