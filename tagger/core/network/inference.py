"""Scores and probabilities of a whole split."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.arrays import Float32s
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import Batch, make_batch, tokens_of
from tagger.core.network.lstm_tagger import LstmTagger

INFERENCE_TOKENS = 4000  # places in a batch; it changes results only in their last bit


def tag_probabilities(model: LstmTagger, split: EncodedSplit, device: torch.device) -> Float32s:
    """Return the probability of each tag for each token, in the order of the split: (N, K)."""
    return _each_token(model, split, device, lambda batch: model.loss.probabilities(model(batch)))


def tag_scores(model: LstmTagger, split: EncodedSplit, device: torch.device) -> Float32s:
    """Return the raw score of each tag for each token, before the last step, in the order of the split: (N, K)."""
    return _each_token(model, split, device, model.scores)


@torch.inference_mode()
def _each_token(
    model: LstmTagger, split: EncodedSplit, device: torch.device, values: Callable[[Batch], Tensor]
) -> Float32s:
    model.eval()
    result = np.empty((len(split.forms), model.linear.out_features), dtype=np.float32)
    for sentences in plan_batches(split.lengths, INFERENCE_TOKENS):
        batch = make_batch(split, sentences, with_forms=model.reads_forms).to(device)
        result[tokens_of(split, sentences)] = values(batch).cpu().numpy()
    return result
