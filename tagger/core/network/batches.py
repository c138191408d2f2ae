"""Batches of sentences of similar length.

Shapes: B sentences, T tokens of the longest, N real tokens, F distinct forms of the batch, C characters of the longest,
A affixes of a form at most.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.arrays import Int32s, Int64s
from tagger.core.corpus.batch_plan import plan_batches
from tagger.core.corpus.dictionary import PADDING
from tagger.core.corpus.encoded_split import EncodedSplit

CHARACTER_STEP = 4  # forms whose lengths round up to the same multiple are padded together


class CharacterGroup(NamedTuple):
    """Forms of about one length, padded on the right."""

    characters: Tensor  # (C, F of the group)
    lengths: Tensor  # (F of the group)


class Batch(NamedTuple):
    """Sentences padded on the right to one length; time comes first."""

    words: Tensor  # (T, B) ids, PADDING past the end
    lengths: Tensor  # (B)
    tokens: Tensor  # (N) places of the real tokens in the flattened (T * B), sentence by sentence
    form_of: Tensor  # (T, B) row of each token's form in the joined groups and the affixes; 0 past the end
    groups: tuple[CharacterGroup, ...]  # no form at all in a batch that was made without them
    affixes: Tensor  # (F, A) ids, PADDING where there is none
    tags: Tensor  # (N)
    sentences: Int64s  # (B) their numbers in the split

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on a device."""
        return self._replace(
            words=self.words.to(device),
            lengths=self.lengths.to(device),
            tokens=self.tokens.to(device),
            form_of=self.form_of.to(device),
            groups=tuple(CharacterGroup(g.characters.to(device), g.lengths.to(device)) for g in self.groups),
            affixes=self.affixes.to(device),
            tags=self.tags.to(device),
        )


def make_batch(split: EncodedSplit, sentences: Int64s, *, with_forms: bool = True) -> Batch:
    """Gather the sentences of the given numbers, with their characters and affixes where these are read."""
    lengths = split.lengths[sentences]
    steps = np.arange(lengths.max())
    real = steps[None, :] < lengths[:, None]  # (B, T)
    tokens = (split.sentence_starts[sentences][:, None] + steps)[real]  # (N) in the split
    row, step = np.nonzero(real)
    forms = split.forms[tokens]
    shape = (len(steps), len(sentences))
    words = np.full(shape, PADDING, dtype=np.int64)
    words[step, row] = split.form_words[forms]
    form_of = np.zeros(shape, dtype=np.int64)
    groups: tuple[CharacterGroup, ...] = ()
    used = forms[:0]
    if with_forms:
        used, form_of[step, row], groups = _group_forms(split, forms)
    return Batch(
        words=torch.from_numpy(words),
        lengths=torch.from_numpy(lengths),
        tokens=torch.from_numpy(step * len(sentences) + row),
        form_of=torch.from_numpy(form_of),
        groups=groups,
        affixes=torch.from_numpy(split.form_affixes[used].astype(np.int64)),
        tags=torch.from_numpy(split.tags[tokens].astype(np.int64)),
        sentences=sentences,
    )


def forms_of(split: EncodedSplit, sentences: Int64s) -> Int32s:
    """Return the form of each token of the sentences of the given numbers, one sentence after the other: (N)."""
    starts, lengths = split.sentence_starts[sentences], split.lengths[sentences]
    before = np.cumsum(lengths) - lengths
    tokens = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    forms: Int32s = split.forms[tokens]
    return forms


def iterate_batches(split: EncodedSplit, batch_tokens: int, *, with_forms: bool = True) -> Iterator[Batch]:
    """Yield the whole split, shortest sentences first, in batches of `make_batch`."""
    for sentences in plan_batches(split.lengths, batch_tokens):
        yield make_batch(split, sentences, with_forms=with_forms)


def _group_forms(split: EncodedSplit, forms: Int32s) -> tuple[Int32s, Int64s, tuple[CharacterGroup, ...]]:
    """Return the distinct forms of the tokens in the order of their groups: (F), the row there of each token's: (N)."""
    used, rows = np.unique(forms, return_inverse=True)
    starts = split.form_starts[used]
    lengths = split.form_starts[used + 1] - starts
    bucket = -(-lengths // CHARACTER_STEP)
    order = np.argsort(bucket, kind="stable")
    groups = []
    for members in np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1):
        steps = np.arange(lengths[members].max())[:, None]
        real = steps < lengths[members]  # (C, F)
        places = np.where(real, starts[members] + steps, 0)
        characters = np.where(real, split.characters[places], PADDING).astype(np.int64)
        groups.append(CharacterGroup(torch.from_numpy(characters), torch.from_numpy(lengths[members])))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return used[order], rank[rows], tuple(groups)
