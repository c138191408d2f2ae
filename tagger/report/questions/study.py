"""The four questions about the losses, answered by measurements on the trained models and the dev split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from tagger.core.common.rounding import six_digits
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.losses.definitions import LOSSES
from tagger.core.network.batches import make_batch
from tagger.core.network.device import choose_device
from tagger.core.network.inference import tag_scores
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.evaluate.metrics import METRICS, score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.questions.equality import equality
from tagger.report.questions.identities import identities
from tagger.report.questions.one_by_one import one_by_one
from tagger.report.questions.precision import log_sum_exp_error, log_then_softmax_error, overflow
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
    known = dev.tags < amount
    study: dict[str, Any] = {
        "split": "dev",
        "sentences": dev.sentences,
        "tokens": len(dev.tags),
        "tags": amount,
        "losses": list(results),
        "not_trained": [loss for loss in LOSSES if loss not in results],
    }
    sections = ("textbook", "equality", "precision", "comparison", "identities", "one_by_one")
    if not known.any():
        return study | dict.fromkeys(sections)
    scores = {loss: values[known].astype(np.float64) for loss, values in raw.items()}
    tags = dev.tags[known].astype(np.int64)
    metrics = {
        loss: score(TaggedSplit.of(_probabilities(models[loss], values), dev, groups)) for loss, values in raw.items()
    }
    on_softmax = results["softmax_nll"].history if "softmax_nll" in results else None
    return study | {
        "textbook": textbook(name, torch.from_numpy(scores[name]).log_softmax(dim=-1), torch.from_numpy(tags)),
        "equality": equality(models, make_batch(dev, _batch_with(dev, known))),
        "precision": _precision(name, scores[name], tags, on_softmax),
        "comparison": _comparison(metrics, results),
        "identities": identities(scores, dev.forms[known], tags),
        "one_by_one": one_by_one(model, dev),
    }


def epochs_to(history: pd.DataFrame, share: float) -> int:
    """Return the first epoch whose dev accuracy reaches this share of the best."""
    near = history["dev_accuracy"] >= share * history["dev_accuracy"].max()
    return int(history["epoch"][near].iloc[0])


def _batch_with(dev: EncodedSplit, known: np.ndarray) -> np.ndarray:
    """Return the sentences of the batch with most tokens of a known tag."""
    amounts = np.add.reduceat(known, dev.sentence_starts[:-1], dtype=np.int64)  # (S)
    return max(plan_batches(dev.lengths, BATCH_TOKENS), key=lambda sentences: amounts[sentences].sum())


def _probabilities(model: LstmTagger, scores: np.ndarray) -> np.ndarray:
    return np.asarray(model.loss.probabilities(model.loss.last_step(torch.from_numpy(scores))).numpy())


def _precision(name: str, scores: np.ndarray, tags: np.ndarray, trained: pd.DataFrame | None) -> dict[str, Any]:
    values, gold = torch.from_numpy(scores), torch.from_numpy(tags)
    logarithms, sums = log_then_softmax_error(values, gold), log_sum_exp_error(values)
    in_float32 = [row for row in logarithms if row["dtype"] == "float32"]
    lost = {row["scale"]: row["infinite"] for row in in_float32 if row["method"] == "log(softmax)"}
    kept = max(row["infinite"] for row in in_float32 if row["method"] == "log_softmax")
    training = (
        trained
        if trained is None
        else {
            "epochs": len(trained),
            "infinite_dev_epochs": int(np.isinf(trained["dev_loss"]).sum()),  # infinite if a probability is 0
            "dev_accuracy": float(trained["dev_accuracy"].max()),
        }
    )
    return {
        "model": name,
        "tokens": len(tags),
        "largest_score": six_digits(np.abs(scores).max()),
        "logarithms": logarithms,
        "log_sum_exp": sums,
        "overflow": overflow(),
        "softmax_nll": training,
        "answer": (
            "In float32 log(softmax) makes the loss infinite for "
            + listed([f"{100 * share:.1f} %" for share in lost.values()])
            + f" of the words when the scores of {name} are multiplied by "
            + listed([number(scale) for scale in lost])
            + f"; log_softmax for {100 * kept:.1f} % at most."
            + (_TRAINED_ON_SOFTMAX.format(**training) if training else "")
        ),
    }


_TRAINED_ON_SOFTMAX = (
    " softmax_nll was trained all the same: its loss on dev was infinite in {infinite_dev_epochs} of {epochs} epochs."
)


def _comparison(metrics: Mapping[str, dict[str, float | None]], results: Mapping[str, LossResult]) -> dict[str, Any]:
    rows = [
        {"loss": loss}
        | {name: metrics[loss][name] for name in shown_in("questions")}
        | {"best_epoch": result.summary["best_epoch"], "epochs_to_99": epochs_to(result.history, NEAR_BEST)}
        for loss, result in results.items()
    ]
    return {"rows": rows, "answer": " ".join(_ranking(rows, name) for name in RANKED)}


def _ranking(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    metric = METRICS[name]
    by_value: dict[float, list[str]] = {}
    for row in rows:
        by_value.setdefault(row[name], []).append(row["loss"])
    ranked = sorted(by_value, key=lambda value: -metric.better * value)
    values = ", ".join(f"{listed(by_value[value])} {number(value, 4)}" for value in ranked)
    return f"{metric.title} on dev: {values}."
