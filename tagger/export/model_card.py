"""The model card of an export, in Markdown; its text is in `model_card.md.jinja`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template

from tagger.core.params.reader import flatten
from tagger.core.params.schema import ExportView, Training
from tagger.evaluate.metrics import over_seeds, shown_in
from tagger.predict.sentences import MOST_CHARACTERS, MOST_WORDS

_BUNDLED = Path("data/raw")  # the corpus that `auto` knows
_HUB_LICENCE = re.compile(r"cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-\d\.0|apache-2\.0|mit")  # names that the Hub uses


def model_card(
    chosen: Training,
    params: ExportView,
    survey: Mapping[str, Any],
    evaluations: Mapping[Training, Mapping[str, float | None]],
    verification: Mapping[str, Any],
) -> str:
    """Return the card; `evaluations` are test metrics. Raises jinja2.UndefinedError if the survey lacks a figure."""
    text = Path(__file__).with_name("model_card.md.jinja").read_text(encoding="utf-8")
    template = Template(
        text, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    is_bundled = {Path(file).parent for file in (params.data.train, params.data.dev, params.data.test)} == {_BUNDLED}
    stated = params.export.data_licence, params.export.language
    known = ("CC BY 4.0", "en") if is_bundled else ("", "")
    licence, language = (auto if text == "auto" else text for text, auto in zip(stated, known, strict=True))
    settings = {"seed": chosen.seed, **params.settings}
    by_loss = {loss: [evaluations[Training(loss, seed)] for seed in params.seeds] for loss in params.losses}
    card: str = template.render(
        chosen=chosen,
        licence=licence,
        hub_licence=found[0] if (found := _HUB_LICENCE.fullmatch(licence.lower().replace(" ", "-"))) else "other",
        language=language,
        settings=settings,
        flat_settings=flatten(settings),
        survey=survey,
        evaluations=evaluations,
        losses={loss: over_seeds(models) for loss, models in by_loss.items()},
        seeds=params.seeds,
        metrics=shown_in("card"),
        loss_metrics=shown_in("card_losses"),
        verification=verification,
        export=params.export,
        most_words=MOST_WORDS,
        most_characters=MOST_CHARACTERS,
    )
    return card
