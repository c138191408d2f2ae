"""One word at a time against the whole sentence at once through an LSTM.

T words of a sentence, E input width, H hidden width.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tagger.core.common.rounding import six_digits
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import make_batch
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.report.shared.wording import small_number

SENTENCES = 200  # of the split at most, from its start


@torch.inference_mode()
def one_by_one(model: LstmTagger, split: EncodedSplit) -> dict[str, Any]:
    """Run each LSTM over the words of a sentence at once and one by one, with the state carried on and without.

    Each LSTM gets the inputs that it has in the model, the backward one from the last word to the first.
    """
    model.eval()
    layers = [module for module in model.layers.modules() if isinstance(module, nn.LSTM)]
    sentences = min(SENTENCES, split.sentences)
    carried = fresh = largest = 0.0
    for number in range(sentences):
        for lstm, inputs, whole in _passes(model, layers, split, number):
            carried = max(carried, _largest(whole, _by_word(lstm, inputs, carry=True)))
            fresh = max(fresh, _largest(whole, _by_word(lstm, inputs, carry=False)))
            largest = max(largest, whole.abs().max().item())
    return {
        "model": model.loss_name,
        "sentences": sentences,
        "tokens": int(split.sentence_starts[sentences]),
        "directions": 2 if model.params.bidirectional else 1,
        "with_state": six_digits(carried),
        "without_state": six_digits(fresh),
        "largest_output": six_digits(largest),
        "answer": (
            f"Word by word, with its state carried on, the LSTM puts out what it puts out for the whole sentence: the "
            f"largest difference in {sentences} sentences is {small_number(carried)}. If it forgets "
            f"the state after each word the largest difference is {fresh:.2f}."
        ),
    }


def _passes(
    model: LstmTagger, layers: list[nn.LSTM], split: EncodedSplit, sentence: int
) -> list[tuple[nn.LSTM, Tensor, Tensor]]:
    """Tag one sentence; return each LSTM with its inputs (T, 1, E) and its outputs (T, 1, H)."""
    passes: list[tuple[nn.LSTM, Tensor, Tensor]] = []
    hooks = [
        lstm.register_forward_hook(lambda lstm, inputs, outputs: passes.append((lstm, inputs[0], outputs[0])))
        for lstm in layers
    ]
    try:
        model.scores(make_batch(split, np.array([sentence])))
    finally:
        for hook in hooks:
            hook.remove()
    return passes


def _by_word(lstm: nn.LSTM, inputs: Tensor, carry: bool) -> Tensor:
    outputs, state = [], None
    for word in torch.split(inputs, 1):
        output, new_state = lstm(word, state)
        outputs.append(output)
        state = new_state if carry else None
    return torch.cat(outputs)


def _largest(one: Tensor, other: Tensor) -> float:
    return (one - other).abs().max().item()
