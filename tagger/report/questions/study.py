"""The questions about the losses, answered by measurements on the trained models and the dev split.

T words of a sentence, N tokens of the split, K tags, H hidden width of an LSTM.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tagger.core.common.arrays import Float32s
from tagger.core.common.rounding import six_digits
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.lexicon import WordGroups
from tagger.core.losses.definitions import LOSSES
from tagger.core.network.batches import make_batch
from tagger.core.network.device import choose_device
from tagger.core.network.lstm_tagger import LstmTagger, tag_scores
from tagger.evaluate.metrics import METRICS, over_seeds, score, shown_in
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.questions.cross_entropy import equality, identities, textbook
from tagger.report.questions.precision import precision
from tagger.report.shared.results import Results, first_seeds
from tagger.report.shared.wording import phrases

BATCH_TOKENS = 1000  # of the batch that gradients are compared on
SENTENCES = 200  # that LSTMs read word by word: of the split at most, from its start
ROUNDED = 100_000  # tokens whose scores are rounded: of the split at most, from its start
NEAR_BEST = 0.99  # of the best dev accuracy
RANKED = ("accuracy", "nll", "ece")  # metrics whose values the answer lists, the best first


def study_losses(results: Results, dev: EncodedSplit, groups: WordGroups) -> dict[str, Any]:
    """Measure everything on the CPU. A section is None if dev has no token whose tag the models know.

    Questions about a single model take the first; whether two losses are the same is asked of every seed, and what the
    losses reach is the mean over seeds.
    """
    cpu, firsts = choose_device("cpu"), first_seeds(results)
    raw = {  # (N, K) each
        loss: {seed: tag_scores(result.model, dev, cpu) for seed, result in seeds.items()}
        for loss, seeds in results.items()
    }
    name, first = next(iter(firsts.items()))
    amount = first.model.linear.out_features
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
    scores = {loss: next(iter(seeds.values()))[known] for loss, seeds in raw.items()}
    tags = dev.tags[known].astype(np.int64)
    gold = torch.from_numpy(tags)
    amounts = np.add.reduceat(known, dev.sentence_starts[:-1], dtype=np.int64)  # (S) tokens of a known tag
    most_known = max(plan_batches(dev.lengths, BATCH_TOKENS), key=lambda sentences: amounts[sentences].sum())
    on_softmax = firsts["softmax_nll"].history if "softmax_nll" in firsts else None
    by_seed = [{loss: seeds[seed].model for loss, seeds in results.items()} for seed in next(iter(results.values()))]
    measured = {
        "textbook": textbook(name, _exact(scores[name]).log_softmax(dim=-1), gold),
        "equality": equality(by_seed, make_batch(dev, most_known).tagged()),
        "precision": precision(name, _exact(scores[name][:ROUNDED]), gold[:ROUNDED], on_softmax),
        "comparison": _on_dev(results, raw, dev, groups),
        "identities": identities(scores, dev.forms[known], tags),
        "one_by_one": one_by_one(first.model, dev),
    }
    sentences, ranked = Path(__file__).with_name("answers.jinja"), {metric: METRICS[metric] for metric in RANKED}
    answer = phrases(sentences, losses=list(results), seeds=len(by_seed), tokens=len(tags), ranked=ranked)
    return study | {question: found | {"answer": answer(question, found)} for question, found in measured.items()}


def _exact(scores: Float32s) -> Tensor:
    return torch.from_numpy(scores.astype(np.float64))


def _on_dev(
    results: Results, scores: Mapping[str, Mapping[int, Float32s]], dev: EncodedSplit, groups: WordGroups
) -> dict[str, Any]:
    """Return for each loss the means over the seeds of its metrics, its best epoch, and the first that is near it."""
    rows = []
    for name, seeds in results.items():
        loss, trainings = LOSSES[name], []
        for seed, result in seeds.items():
            outputs = loss.last_step(torch.from_numpy(scores[name][seed]))
            metrics = score(TaggedSplit.of(loss.probabilities(outputs).numpy(), dev, groups))
            accuracy = result.history["dev_accuracy"]
            near = result.history["epoch"][accuracy >= NEAR_BEST * accuracy.max()]
            epochs = {"best_epoch": result.summary["best_epoch"], "epochs_to_99": int(near.iloc[0])}
            trainings.append({metric: metrics[metric] for metric in shown_in("questions")} | epochs)
        rows.append({"loss": name, **over_seeds(trainings)})
    return {"rows": rows}


@torch.inference_mode()
def one_by_one(model: LstmTagger, split: EncodedSplit) -> dict[str, Any]:
    """Run each LSTM over a sentence at once and word by word, with the state carried over and without.

    Each LSTM gets the inputs that it has in the model, the backward one from the last word to the first.
    """
    model.eval()
    sentences = min(SENTENCES, split.sentences)
    largest = dict.fromkeys(("with_state", "without_state", "largest_output"), 0.0)

    def compare(lstm: nn.LSTM, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, Any]) -> None:
        whole = outputs[0]  # (T, 1, H)
        found = {
            "with_state": whole - _by_word(lstm, inputs[0], carry=True),
            "without_state": whole - _by_word(lstm, inputs[0], carry=False),
            "largest_output": whole,
        }
        for name, values in found.items():
            largest[name] = max(largest[name], values.abs().max().item())

    with ExitStack() as hooks:
        for module in model.layers.modules():
            if isinstance(module, nn.LSTM):
                hooks.enter_context(module.register_forward_hook(compare))
        for number in range(sentences):
            model.scores(make_batch(split, np.array([number])))
    return {
        "model": model.loss_name,
        "sentences": sentences,
        "tokens": int(split.sentence_starts[sentences]),
        **{name: six_digits(value) for name, value in largest.items()},
    }


def _by_word(lstm: nn.LSTM, inputs: Tensor, carry: bool) -> Tensor:
    """Run an LSTM over one word after the other, without its hooks: (T, 1, E) -> (T, 1, H)."""
    outputs, state = [], None
    for word in torch.split(inputs, 1):
        output, new_state = lstm.forward(word, state)
        outputs.append(output)
        state = new_state if carry else None
    return torch.cat(outputs)
