"""Checkpoints: the state of a training after each epoch, so that one that is killed goes on where it was.

They lie where DVC removes nothing, in a folder named by the key of the training: the hash of all that its result
depends on. A training with another param, corpus or line of code has another key and finds nothing.

.dvc/tmp/lstm-tagger/checkpoints/<key>/
  state.pt        the trainer's state and the identity of the training
  outputs.json    once the outputs are written: where, and their MD5
"""

import hashlib
import json
import shutil
import sys
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tagger.core.common import paths
from tagger.core.common.errors import TaggerError
from tagger.core.common.files import new_file, write_json
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.corpus.encoded_split import EncodedSplit
from tagger.core.corpus.word_vectors import WordVectors
from tagger.core.params.schema import TrainView
from tagger.runner.dvc_lock import md5, read_lock_file
from tagger.runner.wings import PACKAGE, deciding_files, installed_versions

STATE, OUTPUTS = "state.pt", "outputs.json"
KEPT_DAYS = 30  # a checkpoint that nobody goes on from


def training_key(
    loss: str,
    params: TrainView,
    dictionaries: Path,
    data: Iterable[EncodedSplit | WordVectors],
    device: torch.device,
) -> str:
    """Return the hash of all that the result of a training depends on: params, data, code, versions, kind of device."""
    digest = hashlib.sha256()
    texts = (params.model_dump_json(), device.type, str(installed_versions("train")), *(part.digest() for part in data))
    for text in (loss, *texts):
        digest.update(f"{text}\n".encode())
    files = {name: dictionaries / name for name in DICTIONARY_FILES}
    files |= {path.relative_to(PACKAGE).as_posix(): path for path in deciding_files("train")}
    for name, path in files.items():
        digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


class Checkpoint:
    """What is kept of one training.

    Attributes:
        training: an identity that the training keeps when it is killed and goes on.
        trainer: the state that was saved last, none before the first epoch is done.
    """

    def __init__(self, key: str) -> None:
        """Open the checkpoint of a key, and remove those that have served."""
        self._folder = paths.kept("checkpoints") / key
        _sweep(self._folder.parent)
        self.training = uuid.uuid4().hex
        self.trainer: dict[str, Any] | None = None
        if not self._read():
            self._save()  # so that a training which is killed in its first epoch has its identity already

    def save(self, trainer: dict[str, Any]) -> None:
        """Replace the state by a newer one. A kill in the middle leaves the older one whole."""
        self.trainer = trainer
        self._save()

    def _save(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with new_file(self._folder / STATE) as partial:
            torch.save({"training": self.training, "trainer": self.trainer}, partial)

    def finish(self, stage: str, outputs: Iterable[Path]) -> None:
        """Note which files were written.

        Until DVC has them in its `dvc.lock`, a kill makes it run the stage anew: so long the state stays.
        """
        hashes = {path.as_posix(): md5(path) for path in outputs}
        write_json(self._folder / OUTPUTS, {"stage": stage, "folder": str(Path.cwd()), "md5": hashes})

    def _read(self) -> bool:
        """Take what is there, and return whether it is something."""
        try:
            # Tensors, numbers and text only: weights_only unpickles nothing else.
            state = torch.load(self._folder / STATE, weights_only=True)
            self.training, self.trainer = state["training"], state["trainer"]
            return True
        except FileNotFoundError:
            return False
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            print(f"warning: {self._folder / STATE}: damaged, training starts anew: {reason}", file=sys.stderr)
            return False


def _sweep(folder: Path) -> None:
    """Remove checkpoints whose outputs DVC has taken over, and those too old to matter."""
    for path in folder.iterdir():
        # Another process sweeps too, or writes the lock file at this moment; a crash has damaged the note.
        with suppress(TaggerError, OSError, ValueError, KeyError, TypeError):
            age = time.time() - path.stat().st_mtime
            if age > KEPT_DAYS * 24 * 3600 or _is_served(path / OUTPUTS):
                shutil.rmtree(path, ignore_errors=True)


def _is_served(note: Path) -> bool:
    """Return whether the outputs of a finished training are in DVC's lock file, or their experiment is gone."""
    if not note.exists():
        return False
    written = json.loads(note.read_text(encoding="utf-8"))
    folder = Path(written["folder"])
    if not folder.exists():
        return True
    stage = read_lock_file(folder).get(written["stage"])
    return stage is not None and written["md5"].items() <= stage.outs.items()
