# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A tour: from the tutorial's three programs to the pipeline
#
# If you come from a tutorial on LSTM taggers, you know three programs: `main_example` (losses on two words, an LSTM word by
# word), `main_v1` (a tagger for two sentences) and `main_v2` (the same from CSV files). Here they are again, in cells that you can
# change, together with this library's counterparts. Every number below is printed by the cell above it.
# [losses.md](losses.md) has the answers for a full-size trained model.
#
# The notebook is kept as text in `tour.py`; `make tour` runs it and writes `tour.ipynb`.

# %%
import json
from itertools import product
from pathlib import Path

from tagger.core.common import arithmetic

arithmetic.use("portable")  # before torch is imported: the same digits on every x86-64 processor with AVX2

import pandas as pd
import torch
from torch import nn

ROOT = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "dvc.yaml").exists())

# %% [markdown]
# ## `main_example`: is `NLLLoss` the NLL?
#
# Two words, two tags; the first tag is right both times, with probability 0.8, then 0.6. `NLLLoss` takes log-probabilities, so the
# first line is the negative log-likelihood, which the tutorial prints as 0.36. The last line is its result for probabilities: not a
# likelihood at all, and nothing warns you. Change the probabilities and look again.

# %%
probabilities = torch.tensor([[0.8, 0.2], [0.6, 0.4]])
tags = torch.tensor([0, 0])
print(f"NLLLoss of log-probabilities: {nn.NLLLoss()(probabilities.log(), tags):.6f}")
print(f"mean of -ln(p) by hand:       {-probabilities[[0, 1], tags].log().mean():.6f}")
print(f"NLLLoss of probabilities:     {nn.NLLLoss()(probabilities, tags):.6f}")

# %% [markdown]
# ## `main_example`: are NLL of log_softmax and cross-entropy the same?
#
# A model outputs scores, not probabilities. `CrossEntropyLoss` combines `log_softmax` and `NLLLoss`.

# %%
scores = torch.tensor([[2.0, -1.0], [0.5, 0.1]])
print(f"NLLLoss of log_softmax: {nn.NLLLoss()(scores.log_softmax(-1), tags):.6f}")
print(f"CrossEntropyLoss:       {nn.CrossEntropyLoss()(scores, tags):.6f}")

# %% [markdown]
# ## Why not softmax in the model and a logarithm in the loss?
#
# Softmax rounds a small probability to 0, whose logarithm is infinite. `log_softmax` never computes the small number. Raise the
# score of the wrong tag to see where it happens.

# %%
for wrong in (10.0, 100.0, 200.0):
    one = torch.tensor([[0.0, wrong]])
    print(
        f"{wrong:5.0f}: log(softmax) {one.softmax(-1).log()[0, 0]:8.1f}, log_softmax {one.log_softmax(-1)[0, 0]:8.1f}"
    )

# %% [markdown]
# ## Why cross-entropy and not MSE or hinge?
#
# One word, two tags; the scores differ by `d`, and the model is wrong. What matters is the gradient: how hard the loss pushes the
# score of the right tag. When the model is confident and wrong, the gradient of MSE vanishes, that of hinge stays the same, and
# that of cross-entropy tends to -1.

# %%
from tagger.core.losses.definitions import LOSSES

rows = []
for d in (0.5, 2.0, 8.0):
    row = {"d": d}
    for name in ("cross_entropy", "mse", "hinge"):
        wrong_scores = torch.tensor([[0.0, d]], requires_grad=True)
        loss = LOSSES[name]
        loss.criterion(loss.last_step(wrong_scores), torch.tensor([0])).backward()
        row[name] = round(wrong_scores.grad[0, 0].item(), 4)
    rows.append(row)
pd.DataFrame(rows).set_index("d")

# %% [markdown]
# ## `main_example`: one word at a time, or the whole sentence?
#
# An LSTM carries a state from word to word. With the state carried over, both ways give the same output; without it, they do not.

# %%
torch.manual_seed(1)
lstm, sentence = nn.LSTM(3, 3), torch.randn(5, 1, 3)
whole, _ = lstm(sentence)
state, carried = None, []
for word in sentence.split(1):
    output, state = lstm(word, state)
    carried.append(output)
forgotten = [lstm(word)[0] for word in sentence.split(1)]
print(f"state carried over: largest difference {(torch.cat(carried) - whole).abs().max():.4f}")
print(f"state forgotten:    largest difference {(torch.cat(forgotten) - whole).abs().max():.4f}")

# %% [markdown]
# ## `main_v1`: a tagger for two sentences, with both losses
#
# A dictionary numbers the words; an embedding, an LSTM and a linear layer compute scores. The two losses differ in the last step of
# the model, and thus in how probabilities are recovered: with `exp` or `softmax`.

# %%
TRAIN = [("The dog ate the apple", "DET NN V DET NN"), ("Everybody read that book", "NN V DET NN")]
word_ids = {word: number for number, word in enumerate(dict.fromkeys(" ".join(text for text, _ in TRAIN).split()))}
tag_ids = {"DET": 0, "NN": 1, "V": 2}


def ids(text, numbers):
    return torch.tensor([numbers[name] for name in text.split()])


class Tutorial(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.linear = (
            nn.Embedding(len(word_ids), 6),
            nn.LSTM(6, 6),
            nn.Linear(6, len(tag_ids)),
        )

    def forward(self, words):
        states, _ = self.lstm(self.embedding(words).unsqueeze(1))
        return self.linear(states.squeeze(1))


def train(loss, sentences, epochs=300):
    torch.manual_seed(1)
    model = Tutorial()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _, (text, gold) in product(range(epochs), sentences):
        optimizer.zero_grad()
        loss.criterion(loss.last_step(model(ids(text, word_ids))), ids(gold, tag_ids)).backward()
        optimizer.step()
    return model


models = {name: train(LOSSES[name], TRAIN) for name in ("nll", "cross_entropy")}
weights = [torch.cat([weight.flatten() for weight in model.parameters()]) for model in models.values()]
print(f"largest difference between the weights of the two: {(weights[0] - weights[1]).abs().max():.1g}")

# %% [markdown]
# A sentence that neither model was trained on, made of known words. `torch.no_grad()`, because nothing is learned here.

# %%
TEST = "Everybody ate the apple"


def probabilities_of(name, text):
    with torch.no_grad():
        loss = LOSSES[name]
        return loss.probabilities(loss.last_step(models[name](ids(text, word_ids))))


pd.concat(
    {name: pd.DataFrame(probabilities_of(name, TEST).numpy(), TEST.split(), list(tag_ids)) for name in models}
).round(4)

# %% [markdown]
# ## `main_v2`: the same from CSV files
#
# `data/tutorial/` has such files. The library reads them, builds the dictionaries, and encodes the splits. Here it trains with each
# of its five losses, using the tutorial's network and settings, and tags the sentence in `test.csv`. (For MSE, whose gradients are
# small, 300 epochs are not enough. Give it more.)

# %%
from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.core.params.schema import Training, TrainView
from tagger.prepare.read_corpus import read_corpus
from tagger.train.trainer import Trainer, TrainingInputs

corpora = {name: read_corpus(ROOT / f"data/tutorial/{name}.csv") for name in ("train", "dev", "test")}
dictionaries = build_dictionaries(corpora["train"], lowercase=False)
splits = {name: encode(corpus, dictionaries) for name, corpus in corpora.items()}
params = TrainView.model_validate(
    {
        "device": "cpu",
        "arithmetic": "portable",
        "model": {
            "word_dim": 6,
            "characters": "none",
            "character_dim": 1,
            "character_filters": 1,
            "character_hidden": 1,
            "affix_dim": 0,
            "hidden": 6,
            "layers": 1,
            "bidirectional": False,
            "dropout": 0,
        },
        "train": {
            "epochs": 300,
            "batch_tokens": 1,
            "min_batches": 1,
            "shards": 1,
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "adam_betas": [0.9, 0.9],
            "momentum": 0,
            "weight_decay": 0,
            "schedule": "constant",
            "clip_norm": 0,
            "word_dropout": 0,
            "patience": 0,
        },
    }
)
device = torch.device("cpu")
found = {}
for name in LOSSES:
    trainer = Trainer(
        TrainingInputs(Training(name, seed=1), params, device, dictionaries, splits["train"], splits["dev"])
    )
    last = list(trainer.epochs())[-1]
    p = tag_probabilities(trainer.model, splits["test"], device)
    tagged = " ".join(splits["test"].tag_names[number] for number in p.argmax(-1))
    found[name] = {
        "its own loss": round(last.train_loss, 4),
        "tags": tagged,
        "least sure": round(float(p.max(-1).min()), 4),
    }
pd.DataFrame(found).T

# %% [markdown]
# ## The pipeline: the same questions on a real corpus
#
# `make repro` does all this on the bundled corpus, with characters, affixes and both directions, and `make losses` for all five
# losses. The results of the recorded runs on the dev split:

# %%
study = json.loads((ROOT / "recorded/five-losses/metrics/losses.json").read_text(encoding="utf-8"))
pd.DataFrame(study["comparison"]["rows"]).set_index("loss")

# %% [markdown]
# And do the differences on test exceed what other sentences and seeds could cause by chance?

# %%
print(json.loads((ROOT / "recorded/five-losses/metrics/compare.json").read_text(encoding="utf-8"))["summary"])
