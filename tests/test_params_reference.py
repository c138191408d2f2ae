"""Editors, docs/params.md and the comments of params.yaml say of the params what their types say."""

import json
from typing import Any

import jsonschema
import pytest

from tagger.core.common.yaml_file import read_yaml
from tests.conftest import RECORDED, ROOT
from tests.params_reference import DEFAULTS, FIRST_LINE, PAGE, SCHEMA, commented, page, schema

WRITTEN = "`make params` writes it anew"
SAID: dict[str, Any] = json.loads(schema())


def test_the_schema_for_editors_is_that_of_the_types() -> None:
    assert (ROOT / SCHEMA).read_text(encoding="utf-8") == schema(), WRITTEN


def test_the_page_has_every_param_with_its_default_and_its_values() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert text == page(text), WRITTEN
    assert "| `train.learning_rate` | `0.007` | peak learning rate | above 0 to 100 |" in text


@pytest.mark.parametrize("run", ["starter", "five-losses"])
def test_the_comments_of_the_params_are_their_descriptions(run: str) -> None:
    text = (RECORDED / run / "params.yaml").read_text(encoding="utf-8")
    assert text == commented(text), WRITTEN
    assert text.startswith(FIRST_LINE)


def test_every_param_is_described() -> None:
    def check(properties: dict[str, Any]) -> None:
        assert [name for name, kind in properties.items() if "description" not in kind] == []

    check(SAID["properties"])
    for reference in ("ColumnParams", "DataParams", "ModelSection", "TrainParams", "ExportParams"):
        check(SAID["$defs"][reference]["properties"])


def test_an_editor_accepts_the_defaults_and_marks_mistakes() -> None:
    jsonschema.Draft202012Validator.check_schema(SAID)
    defaults = read_yaml(DEFAULTS)[0]
    jsonschema.validate(defaults, SAID)
    for section, changes in (("train", {"epoch": 1}), ("model", {"hidden": 0}), ("train", {"optimizer": "adams"})):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(defaults | {section: defaults[section] | changes}, SAID)
