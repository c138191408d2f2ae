"""The default settings serve other languages than English: these are made up, small, and unlike it."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tagger.core.corpus.dictionary import build_dictionaries
from tagger.core.corpus.encoded_split import encode
from tagger.core.corpus.indexed_corpus import IndexedCorpus
from tagger.core.params.reader import read_params
from tagger.core.params.schema import Training, TrainView
from tagger.prepare.read_corpus import read_corpus
from tagger.train.trainer import Trainer, TrainingInputs
from tests.conftest import PARAMS
from tests.samples import CPU

pytestmark = pytest.mark.slow  # the whole training of the settings, twice

Token = tuple[str, str]
VOWELS = {"back": "aou", "front": "eöü"}


def agglutinating(draw: random.Random) -> list[Token]:
    """Draw a sentence of mostly new stems; endings tell the tags, in two forms that follow the stem's vowels."""

    def word(tag: str, *endings: tuple[str, str]) -> Token:
        harmony = draw.choice(list(VOWELS))
        stem = "".join(draw.choice("bdgklmnrst") + draw.choice(VOWELS[harmony]) for _ in range(draw.randint(1, 3)))
        return stem + "".join(back if harmony == "back" else front for back, front in endings), tag

    plural = [("lar", "ler")] if draw.random() < 0.5 else []
    case = draw.choice([("da", "de"), ("dan", "den"), ("nun", "nün"), ("ya", "ye")])
    negation = [("ma", "me")] if draw.random() < 0.3 else []
    person = draw.choice([("dum", "düm"), ("dun", "dün"), ("muş", "müş"), ("acak", "ecek")])
    quality = [word("ADJ", ("lu", "lü"))] if draw.random() < 0.6 else []
    return [*quality, word("NOUN", *plural, case), word("VERB", *negation, person), (".", "PUNCT")]


def isolating(draw: random.Random) -> list[Token]:
    """Draw a sentence of words of one or two syllables, a space between them; the same syllables build other words."""
    nouns = ["học sinh", "sinh viên", "nhà", "nhà văn", "học phí", "văn học"]
    verbs = ["học", "viết", "phí", "sinh sống", "đi"]
    found = [(draw.choice(nouns), "NOUN"), (draw.choice(["đã", "sẽ", "đang"]), "AUX"), (draw.choice(verbs), "VERB")]
    # One that is both, told apart by the word before it alone.
    tail = [("rất", "ADV"), ("khó khăn", "ADJ")] if draw.random() < 0.5 else [("những", "DET"), ("khó khăn", "NOUN")]
    return [*found, *tail, (".", "PUNCT")]


def write(path: Path, sentences: Sequence[Sequence[Token]]) -> Path:
    blocks = (
        "\n".join(f"{number}\t{word}\t_\t{tag}\t_\t_\t_\t_\t_\t_" for number, (word, tag) in enumerate(sentence, 1))
        for sentence in sentences
    )
    path.write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    return path


def train(make: Callable[[random.Random], list[Token]], folder: Path) -> tuple[IndexedCorpus, IndexedCorpus, float]:
    """Train with the default settings; return both splits, and the accuracy on the second."""
    splits = []
    for seed, (name, amount) in enumerate((("train", 300), ("dev", 100))):
        draw = random.Random(seed)
        path = write(folder / f"{name}.conllu", [make(draw) for _ in range(amount)])
        splits.append(read_corpus(path, "conllu"))
    params = read_params(TrainView, PARAMS)
    dictionaries = build_dictionaries(splits[0], lowercase=True)
    train, dev = (encode(split, dictionaries) for split in splits)
    *_, last = Trainer(TrainingInputs(Training("nll", 1), params, CPU, dictionaries, train, dev)).epochs()
    return splits[0], splits[1], last.dev_accuracy


def test_the_endings_of_a_language_with_many_forms_are_learned(tmp_path: Path) -> None:
    known, dev, accuracy = train(agglutinating, tmp_path)
    forms = set(known.form_texts)
    new = [text for text in dev.form_texts if text not in forms]
    assert len(new) > 0.7 * len(dev.form_texts)
    assert accuracy > 0.95


def test_words_that_hold_spaces_are_words_like_others(tmp_path: Path) -> None:
    _, dev, accuracy = train(isolating, tmp_path)
    assert {"học", "học sinh"} <= set(dev.form_texts)
    assert accuracy == pytest.approx(1)
