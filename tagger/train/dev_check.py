"""Loss and accuracy of a model on dev, between the epochs of its training."""

import math
from typing import NamedTuple

import torch

from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.network.batches import make_batch
from tagger.core.network.inference import INFERENCE_TOKENS
from tagger.core.network.lstm_tagger import LstmTagger
from tagger.train.process_group import ALONE, ProcessGroup


class DevResult(NamedTuple):
    """Loss and accuracy of a model on a split."""

    loss: float  # mean over the tokens whose tag the model knows; infinite if there are none
    accuracy: float  # over all tokens; a tag that the model does not know counts as wrong


@torch.inference_mode()
def check(model: LstmTagger, split: EncodedSplit, device: torch.device, group: ProcessGroup = ALONE) -> DevResult:
    """Compute loss and accuracy; the processes of a group share the batches, and all get the result.

    Predictions are taken from the scores, before the last step: its rounding could make two losses that train the same
    weights choose different epochs.
    """
    model.eval()
    plan = plan_batches(split.lengths, INFERENCE_TOKENS)
    results = torch.zeros(len(plan), 3, dtype=torch.float64)  # per batch: loss, tokens with known tags, correct ones
    for number in range(group.rank, len(plan), group.size):
        batch = make_batch(split, plan[number], with_forms=model.reads_forms).to(device)
        scores = model.scores(batch)  # (N, K)
        known = batch.tags < scores.shape[-1]
        right = int((scores.argmax(dim=-1) == batch.tags).sum())
        loss, amount = 0.0, int(known.sum())
        if amount:
            outputs = model.loss.last_step(scores[known])
            loss = float(model.loss.criterion(outputs, batch.tags[known])) * amount
        results[number] = torch.tensor((loss, amount, right), dtype=torch.float64)
    # Each batch is zero in all processes but one: the sum over processes is exact, and the one over batches always
    # adds the same numbers.
    total_loss, known_tokens, total_right = torch.stack(group.gather(results.to(device))).sum(dim=0).sum(dim=0).tolist()
    return DevResult(total_loss / known_tokens if known_tokens else math.inf, total_right / len(split.tags))
