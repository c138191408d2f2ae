"""The four questions about the losses, answered by measurements on the trained models and the dev split."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import torch

from tagger.core.common.arrays import Float32s
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.losses.definitions import LOSSES
from tagger.core.network.batches import make_batch
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import tag_scores
from tagger.evaluate.metrics import METRICS, score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.questions.equality import equality
from tagger.report.questions.identities import identities
from tagger.report.questions.one_by_one import one_by_one
from tagger.report.questions.precision import precision
from tagger.report.questions.textbook import textbook
from tagger.report.shared.results import LossResult
from tagger.report.shared.wording import listed, number

BATCH_TOKENS = 1000  # of the batch that gradients are compared on
NEAR_BEST = 0.99  # of the best dev accuracy
RANKED = ("accuracy", "nll", "ece")  # metrics whose values the answer lists, the best first


def study_losses(results: Mapping[str, LossResult], dev: EncodedSplit, groups: WordGroups) -> dict[str, Any]:
    """Measure everything on the CPU. A section is None if dev has no token whose tag the models know.

    Args:
        results: of each loss that was trained. Questions about a single model take the first.
        dev: the split that the epochs were chosen on.
        groups: of its words.
    """
    device = choose_device("cpu")
    models = {loss: result.model for loss, result in results.items()}
    raw = {loss: tag_scores(model, dev, device) for loss, model in models.items()}  # (N, K) each
    name, model = next(iter(models.items()))
    amount = raw[name].shape[1]
    known = dev.known_to(amount)
    study: dict[str, Any] = {
        "split": "dev",
        "sentences": dev.sentences,
        "tokens": int(dev.tagged.sum()),
        "tags": amount,
        "losses": list(results),
        "not_trained": [loss for loss in LOSSES if loss not in results],
    }
    sections = ("textbook", "equality", "precision", "comparison", "identities", "one_by_one")
    if not known.any():
        return study | dict.fromkeys(sections)
    scores = {loss: values[known].astype(np.float64) for loss, values in raw.items()}
    tags = dev.tags[known].astype(np.int64)
    first, gold = torch.from_numpy(scores[name]), torch.from_numpy(tags)
    amounts = np.add.reduceat(known, dev.sentence_starts[:-1], dtype=np.int64)  # (S) tokens of a known tag
    most_known = max(plan_batches(dev.lengths, BATCH_TOKENS), key=lambda sentences: amounts[sentences].sum())
    on_softmax = results["softmax_nll"].history if "softmax_nll" in results else None
    return study | {
        "textbook": textbook(name, first.log_softmax(dim=-1), gold),
        "equality": equality(models, make_batch(dev, most_known).tagged()),
        "precision": precision(name, first, gold, on_softmax),
        "comparison": _comparison(results, raw, dev, groups),
        "identities": identities(scores, dev.forms[known], tags),
        "one_by_one": one_by_one(model, dev),
    }


def _comparison(
    results: Mapping[str, LossResult], scores: Mapping[str, Float32s], dev: EncodedSplit, groups: WordGroups
) -> dict[str, Any]:
    rows = []
    for loss, result in results.items():
        outputs = LOSSES[loss].last_step(torch.from_numpy(scores[loss]))
        metrics = score(TaggedSplit.of(LOSSES[loss].probabilities(outputs).numpy(), dev, groups))
        row: dict[str, Any] = {"loss": loss} | {name: metrics[name] for name in shown_in("questions")}
        accuracy = result.history["dev_accuracy"]
        near = result.history["epoch"][accuracy >= NEAR_BEST * accuracy.max()]
        rows.append(row | {"best_epoch": result.summary["best_epoch"], "epochs_to_99": int(near.iloc[0])})
    return {"rows": rows, "answer": " ".join(_ranking(rows, name) for name in RANKED)}


def _ranking(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    metric = METRICS[name]
    ranked = sorted(rows, key=lambda row: -metric.better * row[name])
    groups = groupby(ranked, key=itemgetter(name))
    values = ", ".join(f"{listed([row['loss'] for row in group])} {number(value, 4)}" for value, group in groups)
    return f"{metric.title} on dev: {values}."
