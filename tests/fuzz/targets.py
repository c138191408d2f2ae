"""The loaders of what a stranger may have written, each with good files, and with the use of what it has loaded."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from tagger.cli.output_formats import FORMATTERS
from tagger.core.common.yaml_file import write_yaml
from tagger.core.corpus.dictionary import Dictionaries
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors
from tagger.core.params.reader import read_params
from tagger.core.params.schema import DataParams, PrepareView, Training, TrainView, VectorParams
from tagger.predict.mlflow_store import address
from tagger.predict.tagging import Tagger
from tagger.prepare.prepare_corpus import examine_corpus
from tagger.runner.checkpoint import OUTPUTS, Checkpoint
from tagger.runner.dvc_lock import read_lock_file
from tagger.tracking.outbox import find_waiting
from tagger.tracking.record import Dataset, Point, Record
from tagger.train.trainer import Trainer, TrainingInputs
from tests.conftest import PARAMS
from tests.fuzz.fuzzer import Target
from tests.model_files import make_export
from tests.samples import CPU, data_of, random_corpus, save_model, train_view, trainer_of

SENTENCES = [["abs", "bed"], ["c"], ["eely", "Öä", "abs", "1"]]
KEY = "0" * 32
SETTINGS = {"device": "auto", "arithmetic": "portable", "seeds": [1], "model": {"hidden": 5}, "train": {"epochs": 1}}
SETTINGS |= {"export": {"registered_model": "lstm-tagger", "max_drop": 0}}
TINY = data_of(random_corpus(6, seed=1), random_corpus(3, seed=2))
QUICK = {"epochs": 2, "min_batches": 1, "shards": 1}

# Corpora

DATA = {
    "train": "",
    "dev": "dev.csv",
    "test": "dev.csv",
    "format": "auto",
    "column": "auto",
    "lowercase": True,
    "dev_share": 0.5,
    "test_share": 0.5,
    "encoding": "utf-8",
    "tag_names": [],
    "normalise": False,
    "columns": {"sentence": "auto", "word": "auto", "tag": "auto"},
}
VECTORS = b"3 3\nthe 0.418 0.25 -0.412\nNew York 0.013 0.237 1e-3\ndog 1 2 3\n"
_CSV = b'text,tag\nThe dog barked,DET NOUN VERB\n"Yes , she said",INTJ PUNCT PRON VERB\n'
_CONLLU = b"""# text = The dog
1-2\tx\t_\t_\t_\t_\t_\t_\t_\t_
1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_
2\tdog\tdog\tNOUN\tNN\tNumber=Sing\t0\troot\t_\tTag=B-X

1\tbarked\tbark\tVERB\tVBD\t_\t0\troot\t_\t_

"""
CORPORA = {
    "csv": ("train.csv", _CSV),
    "gzip": ("train.csv.gz", gzip.compress(_CSV, mtime=0)),
    "table": ("train.tsv", b"Sentence #\tWord\tTag\n1\tThe\tDET\n\tdog\tNOUN\n2\tbarked\tVERB\n"),
    "conllu": ("train.conllu", _CONLLU),
    "json": (
        "train.jsonl",
        b'{"tokens": ["The", "dog"], "tags": ["DET", "NOUN"]}\n{"tokens": ["barked"], "tags": ["VERB"]}\n',
    ),
    "pairs": ("train.pairs", b"The/DET dog/NOUN\n# a comment\nbarked/VERB 1/2/NOUN\n"),
    "conll": ("train.conll", b"-DOCSTART- -X- -X- O\n\nMira NNP I-NP B-X\nslept VBD I-VP O\n\n# id 3\nYes UH O O\n"),
}


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _write_parquet(path: Path) -> None:
    features = {"ner": {"feature": {"names": ["DET", "NOUN", "VERB"]}}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    table = pa.table({"tokens": [["The", "dog"], ["barked"]], "ner": [[0, 1], [2]]})
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="none")


def _corpus(name: str, write_train: Callable[[Path], object]) -> Target:
    def write(folder: Path) -> None:
        write_train(folder / name)
        (folder / "dev.csv").write_text("text,tag\nthe dog slept,DET NOUN O\n", encoding="utf-8")
        (folder / "data.json").write_text(json.dumps(DATA | {"train": name}), encoding="utf-8")
        (folder / "vectors.txt").write_bytes(VECTORS)

    return Target(write, _read_corpus, kept=("dev.csv",))


def _read_corpus(folder: Path) -> None:
    with contextlib.chdir(folder):
        try:
            data = DataParams.model_validate(json.loads(Path("data.json").read_bytes()), strict=False)
        except (ValidationError, ValueError, RecursionError):  # the target `params` is for these
            return
        if {data.train, data.dev, data.test} <= {path.name for path in Path().iterdir()}:
            examine_corpus(PrepareView(data=data, model=VectorParams(word_dim=3, vectors="vectors.txt")))


# Params and dvc.lock


def _write_lock(folder: Path) -> None:
    file = {"path": "data/prepared", "hash": "md5", "md5": "0" * 32 + ".dir", "size": 10, "nfiles": 2}
    stage = {"cmd": "true", "deps": [file], "params": {"params.yaml": {"device": "cpu"}}, "outs": [file]}
    document = {"schema": "2.0", "stages": {"prepare": stage, "train@nll-1": stage}}
    (folder / "dvc.lock").write_text(write_yaml(document), encoding="utf-8")


def _read_lock(folder: Path) -> None:
    with contextlib.chdir(folder):
        for stage in read_lock_file(folder).values():
            stage.read(Path("data/prepared"))
            stage.wrote()


# Prepared data


def _write_prepared(folder: Path) -> None:
    for name, part in (("train", TINY.train), ("dev", TINY.dev), ("dictionaries", TINY.dictionaries)):
        (folder / name).mkdir()
        part.save(folder / name)
    (folder / "vectors").mkdir()
    words = WordVectors(NO_VECTORS.ids.copy(), NO_VECTORS.vectors)
    words.save(folder / "vectors")


def _inputs(dictionaries: Dictionaries, train: EncodedSplit, dev: EncodedSplit, vectors: WordVectors) -> TrainingInputs:
    view = train_view({}, QUICK)
    return TrainingInputs(Training("nll", 1), view, CPU, dictionaries, train, dev, vectors)


def _read_prepared(folder: Path) -> None:
    dictionaries = Dictionaries.load(folder / "dictionaries")
    train, dev = (EncodedSplit.load(folder / name, dictionaries.sizes) for name in ("train", "dev"))
    vectors = WordVectors.load(folder / "vectors", (len(dictionaries.words), train_view({}, QUICK).model.word_dim))
    list(Trainer(_inputs(dictionaries, train, dev, vectors)).epochs())


# Models


def _seal(folder: Path) -> None:
    """Make the checksums of the config fit, as a stranger would."""
    path = folder / "config.json"
    with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError, RecursionError):
        config = json.loads(path.read_bytes())
        for name in config["sha256"]:
            if (folder / name).is_file():
                config["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        path.write_text(json.dumps(config), encoding="utf-8")


def _tag(folder: Path) -> None:
    """Load a model: it may give wrong tags, and nothing else."""
    before = sorted(folder.iterdir())
    _seal(folder)
    int8 = (folder / "tagger.int8.onnx").exists()
    tagger = Tagger(folder, threads=1, int8=int8)
    for number, (words, tagged) in enumerate(zip(SENTENCES, tagger.tag(SENTENCES), strict=True), start=1):
        assert tagged.words == tuple(words)
        assert set(tagged.tags) <= set(tagger.tag_names)
        assert all(0 <= probability <= 1 for probability in tagged.distribution.flat)
        for form in FORMATTERS.values():
            form(tagged, number, 2).encode()
    assert sorted(folder.iterdir()) == before


def _write_export(folder: Path, int8: bool) -> None:
    exported = make_export(folder / "made", int8=int8)
    for path in exported.iterdir():
        path.rename(folder / path.name)
    shutil.rmtree(folder / "made")


def _write_model(folder: Path) -> None:
    save_model(folder / "made")
    for path in (folder / "made").iterdir():
        path.rename(folder / path.name)
    (folder / "made").rmdir()


# What a stage keeps for the next one


@contextlib.contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    with contextlib.chdir(folder):
        os.environ["DVC_ROOT"] = str(folder)
        try:
            yield folder / ".dvc/tmp/lstm-tagger"
        finally:
            del os.environ["DVC_ROOT"]


def _write_checkpoint(folder: Path) -> None:
    trainer = trainer_of(TINY, {}, QUICK)
    next(trainer.epochs())
    with _workspace(folder) as kept:
        Checkpoint(KEY).save(trainer.state_dict())
        other = kept / "checkpoints/other"
        other.mkdir()
        note = {"stage": "train@nll-1", "folder": str(folder), "md5": {"models/nll/1": "0" * 32}}
        (other / OUTPUTS).write_text(json.dumps(note), encoding="utf-8")


def _read_checkpoint(folder: Path) -> None:
    """Load a checkpoint and end the training: its weights may be wrong, and become infinite."""
    with _workspace(folder):
        checkpoint = Checkpoint(KEY, lambda state: trainer_of(TINY, {}, QUICK).load_state_dict(state))
        trainer = trainer_of(TINY, {}, QUICK)
        if checkpoint.trainer is not None:
            trainer.load_state_dict(checkpoint.trainer)
        for _ in trainer.epochs():
            trainer.summary()


def _write_outbox(folder: Path) -> None:
    with _workspace(folder) as kept:
        waiting = kept / "outbox/1-nll"
        (waiting / "files/history").mkdir(parents=True)
        (waiting / "files/history/nll.csv").write_text("epoch\n1\n", encoding="utf-8")
        data = {name: Dataset("a.csv", "1", {"tokens": 1}, "2") for name in ("train", "dev", "test")}
        record = Record(
            loss="nll",
            seed=1,
            experiment="x",
            settings=SETTINGS,
            tags={"kind": "x"},
            datasets=data,
            started=1,
            ended=2,
            model="0" * 64,
            points=[Point("dev_loss", 0.5, 1, None)],
            figures={"accuracy": 0.5},
            files={"history/nll.csv": Path("metrics/history/nll/1.csv")},
            store=address(),
        )
        (waiting / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
        assert find_waiting()


def _read_outbox(folder: Path) -> None:
    with _workspace(folder):
        for waiting, record in find_waiting():
            assert record.name
            assert record.params
            assert record.group
            assert record.registered_model
            for path in record.files.values():
                assert path.read_bytes() is not None
                assert (waiting / "files").resolve() in path.resolve().parents


TARGETS = {
    "params": Target(
        lambda folder: shutil.copyfile(PARAMS, folder / "params.yaml"),
        lambda folder: read_params(TrainView, folder / "params.yaml"),
    ),
    "lock": Target(_write_lock, _read_lock),
    **{name: _corpus(file, partial(_write_bytes, content)) for name, (file, content) in CORPORA.items()},
    "parquet": _corpus("train.parquet", _write_parquet),
    "prepared": Target(_write_prepared, _read_prepared),
    "model": Target(_write_model, _tag),
    "export": Target(
        lambda folder: _write_export(folder, int8=False), _tag, kept=("model_card.md", "verification.json")
    ),
    "int8": Target(lambda folder: _write_export(folder, int8=True), _tag, kept=("model_card.md", "verification.json")),
    "checkpoint": Target(_write_checkpoint, _read_checkpoint),
    "outbox": Target(_write_outbox, _read_outbox),
}
