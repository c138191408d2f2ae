"""Scores, losses and probabilities of a whole split."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from tagger.batching import iterate_batches
from tagger.encoding import EncodedSplit
from tagger.model import LstmTagger

INFERENCE_TOKENS = 4000  # places in a batch; results do not depend on it beyond the last bit


class DevResult(NamedTuple):
    """How a model does on a split while it is trained."""

    loss: float  # mean over the tokens whose tag the model knows; infinite if there is none
    accuracy: float  # over all tokens; a tag that the model does not know counts as wrong


@torch.inference_mode()
def check(model: LstmTagger, split: EncodedSplit, device: torch.device) -> DevResult:
    """Compute loss and accuracy.

    The prediction is taken from the scores, before the last step, so that rounding in it can't make two losses that
    train the same weights choose different epochs.
    """
    model.eval()
    total_loss, known_tokens, right = 0.0, 0, 0
    for cpu_batch in iterate_batches(split, INFERENCE_TOKENS):
        batch = cpu_batch.to(device)
        scores = model.scores(batch)  # (N, K)
        known = batch.tags < scores.shape[-1]
        right += int((scores.argmax(dim=-1) == batch.tags).sum())
        if amount := int(known.sum()):
            outputs = model.loss.last_step(scores[known])
            total_loss += float(model.loss.criterion(outputs, batch.tags[known])) * amount
            known_tokens += amount
    return DevResult(total_loss / known_tokens if known_tokens else math.inf, right / len(split.tags))


@torch.inference_mode()
def tag_probabilities(model: LstmTagger, split: EncodedSplit, device: torch.device) -> npt.NDArray[np.float32]:
    """Return the probability of each tag for each token, in the order of the split: (N, K)."""
    model.eval()
    result = np.empty((len(split.forms), model.linear.out_features), dtype=np.float32)
    for batch in iterate_batches(split, INFERENCE_TOKENS):
        probabilities = model.loss.probabilities(model(batch.to(device)))  # (N, K)
        starts, lengths = split.sentence_starts[batch.sentences], split.lengths[batch.sentences]
        places = np.concatenate(
            [np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)]
        )
        result[places] = probabilities.cpu().numpy()
    return result
