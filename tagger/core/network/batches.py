"""Batches of sentences of similar length.

Shapes: B sentences, T tokens of the longest, N real tokens, F distinct forms of the batch, C characters of the longest,
A affixes of a form at most.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tagger.core.common.arrays import Int32s, Int64s
from tagger.core.corpus.dictionary import PADDING
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.indexed_corpus import NO_TAG
from tagger.core.network.device import send

CHARACTER_STEP = 4  # forms whose lengths round up to the same multiple are padded together


class CharacterGroup(NamedTuple):
    """Forms of similar length, padded on the right."""

    characters: Tensor  # (C, F of the group)
    lengths: Tensor  # (F of the group)


class Batch(NamedTuple):
    """Sentences padded on the right to one length; time comes first."""

    words: Tensor  # (T, B) ids; PADDING past the end
    lengths: Tensor  # (B)
    tokens: Tensor  # (N) places of the real tokens in the flattened (T * B), sentence by sentence
    form_of: Tensor  # (T, B) row of each token's form in the joined groups and the affixes; 0 past the end
    groups: tuple[CharacterGroup, ...]  # empty in a batch without forms
    affixes: Tensor  # (F, A) ids; PADDING after a form's last affix
    tags: Tensor  # (N) ids, or NO_TAG

    def tagged(self) -> "Batch":
        """Return the batch with the places and tags of those tokens alone that have a tag."""
        known = self.tags != NO_TAG
        return self._replace(tokens=self.tokens[known], tags=self.tags[known])

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on a device."""
        moved = {name: send(value, device) for name, value in self._asdict().items() if isinstance(value, Tensor)}
        groups = tuple(CharacterGroup(*(send(part, device) for part in group)) for group in self.groups)
        return self._replace(**moved, groups=groups)


def make_batch(split: EncodedSplit, sentences: Int64s, *, with_forms: bool = True) -> Batch:
    """Gather the sentences of the given numbers (B), with their characters and affixes if `with_forms`."""
    lengths = split.lengths[sentences]
    tokens = tokens_of(split, sentences)
    row, step = np.nonzero(np.arange(lengths.max()) < lengths[:, None])  # of the real places of (B, T): (N) each
    forms = split.forms[tokens]
    shape = (int(lengths.max()), len(sentences))
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
    )


def tokens_of(split: EncodedSplit, sentences: Int64s) -> Int64s:
    """Return the places in the split of the tokens of some sentences, one sentence after the other: (N)."""
    starts, lengths = split.sentence_starts[sentences], split.lengths[sentences]
    before = np.cumsum(lengths) - lengths
    places: Int64s = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return places


def _group_forms(split: EncodedSplit, forms: Int32s) -> tuple[Int32s, Int64s, tuple[CharacterGroup, ...]]:
    """Return the distinct forms, ordered by group: (F), the row of each token's form among them: (N), the groups."""
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
