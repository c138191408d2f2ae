"""The four questions about the losses, answered with measurements on the trained models and the dev split."""

from collections.abc import Mapping
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
from tagger.evaluate.metrics import score
from tagger.report.questions.equality import equality
from tagger.report.questions.identities import identities
from tagger.report.questions.one_by_one import one_by_one
from tagger.report.questions.precision import log_sum_exp_error, log_then_softmax_error, overflow
from tagger.report.questions.textbook import textbook
from tagger.report.shared.wording import listed, number

BATCH_TOKENS = 1000  # of the batch that gradients are compared on
NEAR_BEST = 0.99  # of the best dev accuracy


def study_losses(
    models: Mapping[str, LstmTagger],
    histories: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, dict[str, Any]],
    dev: EncodedSplit,
    groups: WordGroups,
) -> dict[str, Any]:
    """Measure everything on the CPU. A section is none where dev has no token whose tag the models know.

    Args:
        models: of each loss that was trained.
        histories: the epochs of each, as `write_history` writes them.
        summaries: of each, as `Trainer.summary` gives them.
        dev: the split that the epochs were chosen on.
        groups: of its words.
    """
    device = choose_device("cpu")
    raw = {loss: tag_scores(model, dev, device) for loss, model in models.items()}  # (N, K) each
    known = dev.tags < next(iter(raw.values())).shape[1]
    study: dict[str, Any] = {
        "split": "dev",
        "sentences": dev.sentences,
        "tokens": len(dev.tags),
        "tags": next(iter(raw.values())).shape[1],
        "losses": list(models),
        "not_trained": [loss for loss in LOSSES if loss not in models],
    }
    sections = ("textbook", "equality", "precision", "comparison", "identities", "one_by_one")
    if not known.any():
        return study | dict.fromkeys(sections)
    name = next(iter(models))  # the first stands for all where one model is enough
    scores = {loss: values[known].astype(np.float64) for loss, values in raw.items()}
    tags = dev.tags[known].astype(np.int64)
    scored = {loss: score(_probabilities(models[loss], values), dev, groups) for loss, values in raw.items()}
    batch = make_batch(dev, _batch_with(dev, known))
    return study | {
        "textbook": textbook(name, torch.from_numpy(scores[name]).log_softmax(dim=-1), torch.from_numpy(tags)),
        "equality": equality(models, batch),
        "precision": _precision(name, scores[name], tags, histories.get("softmax_nll")),
        "comparison": _comparison(scored, histories, summaries),
        "identities": identities(scores, dev.forms[known], tags),
        "one_by_one": one_by_one(models[name], dev),
    }


def epochs_to(history: pd.DataFrame, share: float) -> int:
    """Return the first epoch whose dev accuracy reaches this share of the best."""
    near = history["dev_accuracy"] >= share * history["dev_accuracy"].max()
    return int(history["epoch"][near].iloc[0])


def _batch_with(dev: EncodedSplit, known: np.ndarray) -> np.ndarray:
    """Return the sentences of the batch that has most tokens with a known tag."""
    amounts = np.add.reduceat(known, dev.sentence_starts[:-1], dtype=np.int64)  # (S)
    return max(plan_batches(dev.lengths, BATCH_TOKENS), key=lambda sentences: amounts[sentences].sum())


def _probabilities(model: LstmTagger, scores: np.ndarray) -> np.ndarray:
    return np.asarray(model.loss.probabilities(model.loss.last_step(torch.from_numpy(scores))).numpy())


def _precision(name: str, scores: np.ndarray, tags: np.ndarray, trained: pd.DataFrame | None) -> dict[str, Any]:
    values, gold = torch.from_numpy(scores), torch.from_numpy(tags)
    logarithms, sums = log_then_softmax_error(values, gold), log_sum_exp_error(values)
    lost = {
        row["scale"]: row["infinite"]
        for row in logarithms
        if (row["dtype"], row["method"]) == ("float32", "log(softmax)")
    }
    training = None if trained is None else _softmax_nll(trained)
    kept = max(row["infinite"] for row in logarithms if (row["dtype"], row["method"]) == ("float32", "log_softmax"))
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


def _softmax_nll(history: pd.DataFrame) -> dict[str, Any]:
    """Say whether the training on softmax came through: its loss on dev is infinite once a probability is 0."""
    return {
        "epochs": len(history),
        "infinite_dev_epochs": int(np.isinf(history["dev_loss"]).sum()),
        "dev_accuracy": float(history["dev_accuracy"].max()),
    }


def _comparison(
    scored: Mapping[str, dict[str, float | None]],
    histories: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    rows = []
    for loss, metrics in scored.items():
        row: dict[str, Any] = {"loss": loss}
        row |= {name: metrics[name] for name in ("accuracy", "macro_f1", "nll", "brier", "ece")}
        row["best_epoch"] = summaries[loss]["best_epoch"]
        rows.append(row | {"epochs_to_99": epochs_to(histories[loss], NEAR_BEST)})
    return {"rows": rows, "answer": " ".join(_ranking(rows, *metric) for metric in _RANKED)}


_RANKED = (("accuracy", "Accuracy", -1), ("nll", "NLL", 1), ("ece", "Calibration error", 1))


def _ranking(rows: list[dict[str, Any]], metric: str, words: str, sign: int) -> str:
    by_value: dict[float, list[str]] = {}
    for row in rows:
        by_value.setdefault(row[metric], []).append(row["loss"])
    ranked = sorted(by_value, key=lambda value: sign * value)
    return f"{words} on dev: " + ", ".join(f"{listed(by_value[value])} {number(value, 4)}" for value in ranked) + "."
