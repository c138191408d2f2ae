"""Hand out the model of the chosen loss, once it is shown to say what the trained one said."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ExportView
from tagger.export.exporting import choose_loss, export_model
from tagger.export.model_card import CardFacts, model_card


def export_chosen() -> None:
    """Run the stage."""
    params = read_params(ExportView)
    loss = choose_loss(params.export.loss, params.losses, paths.SUMMARIES)
    test = EncodedSplit.load(paths.TEST)
    predictions = pd.read_parquet(paths.predictions_file(loss))
    sections = {"data": params.data, "model": params.model, "train": params.train}
    with new_folder(paths.EXPORT) as folder:
        verification = export_model(paths.model_folder(loss), folder, test, predictions, params.export.int8)
        facts = CardFacts(
            loss=loss,
            settings={"seed": params.seed} | {name: section.model_dump() for name, section in sections.items()},
            vectors=Path(params.model.vectors).name,
            licence=params.export.data_licence,
            survey=_read(paths.SURVEY),
            evaluations={name: _read(paths.evaluation_file(name))[name] for name in params.losses},
            verification=verification,
        )
        (folder / paths.MODEL_CARD.name).write_text(model_card(facts), encoding="utf-8", newline="\n")
    print(f"exported {loss}: same tags for {verification.exact.tokens} test tokens as the trained model")


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected what the stages before have written") from None
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}") from None
