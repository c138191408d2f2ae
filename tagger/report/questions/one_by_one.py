"""One word at a time against the whole sentence at once through an LSTM.

T words of a sentence, E input width, H hidden width.
"""

from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tagger.core.common.rounding import six_digits
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import make_batch
from tagger.core.network.lstm_tagger import LstmTagger

SENTENCES = 200  # of the split at most, from its start


@torch.inference_mode()
def one_by_one(model: LstmTagger, split: EncodedSplit) -> dict[str, Any]:
    """Run each LSTM over the words of a sentence at once and one by one, with the state carried over and without.

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
