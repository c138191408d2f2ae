"""Checkpoints: the state of a training after each epoch, so that a killed one can be resumed.

They are kept where DVC removes nothing, in a folder named after the key of the training: the hash of everything its
result depends on. A training with another param, corpus or line of code has another key and finds nothing.

.dvc/tmp/lstm-tagger/checkpoints/<key>/
  state.pt        the trainer's state and the identity of the training
  outputs.json    once the outputs are written: their places and MD5
"""

import hashlib
import io
import json
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tagger.core.common import paths
from tagger.core.common.errors import TaggerError
from tagger.core.common.files import new_file, reading, write_json
from tagger.core.corpus.dictionary import DICTIONARY_FILES
from tagger.core.params.schema import Training
from tagger.runner.dvc_lock import UNRECORDED, md5, read_lock_file
from tagger.runner.stage_files import deciding_files, installed_versions
from tagger.train.trainer import TrainingInputs

STATE, OUTPUTS = "state.pt", "outputs.json"
KEPT_DAYS = 30  # a checkpoint that nobody resumes


def training_key(inputs: TrainingInputs) -> str:
    """Return the hash of everything a training's result depends on: params, data, code, versions, kind of device."""
    digest = hashlib.sha256()
    texts = str(inputs.training), inputs.params.model_dump_json(), inputs.device.type, str(installed_versions("train"))
    for text in (*texts, *(part.digest() for part in (inputs.train, inputs.dev, inputs.vectors))):
        digest.update(f"{text}\n".encode())
    for path in (*deciding_files("train"), *(paths.DICTIONARIES / name for name in DICTIONARY_FILES)):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


class Checkpoint:
    """The saved state of one training.

    `training` is an identity that it keeps when it is killed and resumed; `trainer` the state that was saved last, None
    before the first epoch is done.
    """

    def __init__(self, key: str, take: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        """Open the checkpoint of a key, and remove those that are no longer needed.

        `take` loads the state into a trainer; a state that it can't load is damaged.
        """
        folder = paths.kept("checkpoints")
        _sweep(folder)
        self._folder = folder / key
        self.training, self.trainer = uuid.uuid4().hex, None
        path = self._folder / STATE
        try:
            # weights_only: nothing but tensors, numbers and text. On the CPU, to share it with any process.
            state = torch.load(path, weights_only=True, map_location="cpu")
            if state["trainer"] is not None:
                take(state["trainer"])
            self.training, self.trainer = str(state["training"]), state["trainer"]
        except FileNotFoundError:
            pass
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            print(f"warning: {path}: damaged, training starts from the beginning: {reason}", file=sys.stderr)
        self.save(self.trainer)  # so that a training killed in its first epoch has its identity already

    def save(self, trainer: dict[str, Any] | None) -> None:
        """Replace the state by a newer one. A kill in the middle leaves the older one whole."""
        buffer = io.BytesIO()  # torch itself raises no error of the system if the disk is full
        torch.save({"training": self.training, "trainer": trainer}, buffer)
        with new_file(self._folder / STATE) as partial:
            partial.write_bytes(buffer.getbuffer())

    def finish(self, training: Training) -> None:
        """Note which files were written.

        The state stays until DVC has them in its `dvc.lock`: if DVC is killed before, it runs the stage again.
        """
        files = paths.history_file(*training), paths.summary_file(*training)
        hashes = {path.as_posix(): md5(path) for path in files}
        write_json(self._folder / OUTPUTS, {"stage": f"train@{training}", "folder": str(Path.cwd()), "md5": hashes})


def _sweep(folder: Path) -> None:
    """Remove checkpoints that are too old to matter, or whose outputs DVC has recorded or their experiment is gone."""
    for path in folder.iterdir():
        # An unfinished training has no note, a crash may have damaged it, and other processes sweep or write, too.
        with suppress(TaggerError, OSError), reading(path / OUTPUTS, "the note of a finished training"):
            if time.time() - path.stat().st_mtime <= KEPT_DAYS * 24 * 3600:
                note = json.loads((path / OUTPUTS).read_text(encoding="utf-8"))
                workspace = Path(note["folder"])
                locked = read_lock_file(workspace).get(note["stage"], UNRECORDED)
                if workspace.exists() and not note["md5"].items() <= locked.outs.items():
                    continue
            shutil.rmtree(path, ignore_errors=True)
