"""The pipeline's stages as DVC runs them, each a process, in a folder of their own."""

import re
import shutil
import sys
from pathlib import Path

import yaml

from bench.contestants import Changes
from bench.corpus import Files
from bench.measuring import Work
from bench.processes import ROOT, ChildError, Finished, environment, run
from tagger.core.common import paths
from tagger.core.params.reader import read_document

PARAMS = ROOT / "params.yaml"
LOSS, SEED = "nll", 1
TRAINING = [LOSS, str(SEED)]
STAGES = {"prepare": [], "train": TRAINING, "evaluate": TRAINING, "report": [], "export": []}  # with their arguments
_EPOCH = re.compile(r"([\d,]+) tokens/s")  # in the line that the stage `train` prints of each


class Workspace:
    """A folder with the project's `params.yaml`, its corpus, number of epochs and more changed."""

    def __init__(self, folder: Path, files: Files, changes: Changes, epochs: int | None = None) -> None:
        """Make the folder.

        Args:
            folder: is made.
            files: the corpus.
            changes: what else is to differ from `params.yaml`.
            epochs: without them those of `params.yaml` are run.
        """
        folder.mkdir(parents=True)
        params, _ = read_document(PARAMS)
        params["losses"], params["seeds"] = [LOSS], [SEED]
        params["export"]["loss"] = "best"
        params["data"] |= {name: str(path.resolve()) for name, path in files._asdict().items()} | {"format": "auto"}
        params["model"] |= {"vectors": str(ROOT / params["model"]["vectors"])}
        for section, values in changes.items():
            params[section] |= values
        if epochs is not None:
            params["train"]["epochs"] = epochs
        for name in ("dvc.yaml", ".dvcignore"):  # they say which files a stage watches
            shutil.copyfile(ROOT / name, folder / name)
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        self.folder, self.epochs = folder, int(params["train"]["epochs"])

    @property
    def export(self) -> Path:
        """The exported model."""
        return self.folder / paths.EXPORT

    def stage(self, name: str, **variables: str) -> Finished:
        """Run a stage, with these environment variables too; a training starts from nothing, without a checkpoint."""
        if name == "train":
            shutil.rmtree(self.folder / ".dvc", ignore_errors=True)
        command = [sys.executable, "-m", "stages", name, *STAGES[name]]
        return run(command, self.folder, environment() | variables)

    def stages(self) -> dict[str, Finished]:
        """Run all stages in their order."""
        return {name: self.stage(name) for name in STAGES}

    def train(self, tokens: int) -> tuple[Work, Finished]:
        """Run the stage `train` on so many tokens; its rate is what it prints itself, of the steps alone."""
        finished = self.stage("train")
        return training_work(finished.text, tokens), finished


def training_work(text: str, tokens: int) -> Work:
    """Return the work of a training from what it printed: a line an epoch, each over all tokens.

    Raises ChildError if there is no such line.
    """
    rates = [float(rate.replace(",", "")) for rate in _EPOCH.findall(text)]
    if not rates:
        raise ChildError(f"the stage 'train' printed no rate: {text.strip()[-200:]}")
    return Work(tokens * len(rates), sum(tokens / rate for rate in rates))
