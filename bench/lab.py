"""Where a run of the benchmark works: its corpus, its processes, and the workspaces of this project's pipeline."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contestants import OURS
from bench.corpus import Files
from bench.pipeline import Workspace
from bench.processes import environment, run
from bench.settings import Settings

Measurement = dict[str, Any]  # what a process answered, and its `peak_mb`


class Lab:
    """An empty folder, with the corpus in it as it will be measured."""

    def __init__(
        self, scratch: Path, files: Files, settings: Settings, accuracy: bool, say: Callable[[str], None]
    ) -> None:
        """Copy the corpus, and make a workspace for the model that tags and one to measure training in.

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
        self.ours = Workspace(scratch / "ours", self.files, None if accuracy else 1)
        epochs = math.ceil(settings.epoch_tokens / self.counts["train"]["tokens"])
        self.training = Workspace(scratch / "training", self.files, epochs)

    def task(self, task: str, threads: int | None = None, **request: Any) -> Measurement:
        """Have a process of its own do one of `bench.tasks`.

        Raises:
            ChildError: it failed.
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

    def workspace(self, name: str, files: Files) -> Workspace:
        """Make one for a corpus, of one epoch."""
        return Workspace(self.scratch / f"{name}-workspace", files, epochs=1)

    def model(self, name: str) -> Path:
        """Return where the trained model of a contestant is."""
        return self.ours.export if name == OURS else self.scratch / "models" / name
