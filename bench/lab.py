"""Where a run of the benchmark works: its corpus, its processes, and the workspaces of this project's pipeline."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contestants import CONTESTANTS, OURS
from bench.corpus import Files
from bench.pipeline import Workspace
from bench.processes import environment, run
from bench.settings import Settings

Measurement = dict[str, Any]  # what a process answered, and its `peak_mb`


class Lab:
    """A folder with the corpus as it will be measured, and what is trained on it."""

    def __init__(
        self, scratch: Path, files: Files, settings: Settings, accuracy: bool, say: Callable[[str], None]
    ) -> None:
        """Copy the corpus.

        Args:
            scratch: an empty folder.
            files: the corpus.
            settings: how long and how often is measured.
            accuracy: train every contestant to its end.
            say: is told what is being done.
        """
        self.scratch, self._source = scratch, [str(path.resolve()) for path in files]
        self.settings, self.accuracy, self.say = settings, accuracy, say
        self.corpus = scratch / "corpus"
        self.files, self.counts = self.cut("corpus", tokens=settings.corpus_tokens)
        self._workspaces: dict[tuple[str, str], Workspace] = {}

    def task(self, task: str, threads: int | None = None, **request: Any) -> Measurement:
        """Have a process of its own do one of `bench.tasks`.

        Raises ChildError if it failed.
        """
        asked, answered = self.scratch / "request.json", self.scratch / "answer.json"
        asked.write_text(json.dumps({"task": task} | request, default=str), encoding="utf-8")
        command = [sys.executable, "-m", "bench.tasks", str(asked), str(answered)]
        finished = run(command, self.scratch, environment(threads))
        answer: Measurement = json.loads(answered.read_text(encoding="utf-8"))
        return answer | {"peak_mb": finished.peak_mb}

    def cut(self, name: str, **request: Any) -> tuple[Files, dict[str, Any]]:
        """Write a part of the corpus to a folder of this name; return its files, and the counts of each split."""
        counts = self.task("corpus", source=self._source, target=self.scratch / name, **request)
        return Files.within(self.scratch / name), counts

    def trained(self, name: str) -> Workspace:
        """Return where the stages train the one of ours that tags."""
        return self._own("trained", name, None if self.accuracy else 1)

    def training(self, name: str) -> Workspace:
        """Return where the training of one of ours is measured."""
        return self._own("training", name, math.ceil(self.settings.epoch_tokens / self.counts["train"]["tokens"]))

    def workspace(self, folder: str, files: Files, name: str = OURS) -> Workspace:
        """Make one for another corpus, of one epoch."""
        return Workspace(self.scratch / f"{folder}-workspace", files, CONTESTANTS[name].changes or {}, epochs=1)

    def model(self, name: str) -> Path:
        """Return where the trained model of a contestant is."""
        is_peer = CONTESTANTS[name].changes is None
        return self.scratch / "models" / name if is_peer else self.trained(name).export

    def _own(self, purpose: str, name: str, epochs: int | None) -> Workspace:
        if (purpose, name) not in self._workspaces:
            folder, changes = self.scratch / purpose / name, CONTESTANTS[name].changes or {}
            self._workspaces[purpose, name] = Workspace(folder, self.files, changes, epochs)
        return self._workspaces[purpose, name]
