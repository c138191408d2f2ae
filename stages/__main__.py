"""Run a stage: `python -m stages train nll 1`. Its imports, torch among them, happen within `run_stage`."""

import atexit
import gc
import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from tagger.runner.run_stage import run_stage
from tagger.runner.stage_files import StageFiles, other_versions
from tagger.tracking import mlflow_process

STAGES = {"prepare": "", "train": " LOSS SEED", "evaluate": " LOSS SEED", "report": "", "export": ""}  # arguments


def load() -> Callable[[], None]:
    """Import the stage named on the command line, and return it ready to run.

    Raises InputError if the command line is not `STAGE [LOSS SEED]`.
    """
    stage, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if stage not in STAGES or len(arguments) != len(STAGES[stage].split()):
        from tagger.core.common.errors import InputError

        expected = ", ".join(name + names for name, names in STAGES.items())
        raise InputError(f"python -m stages: got {' '.join(sys.argv[1:])!r}, expected one of {expected}")
    if stage != "prepare":  # which tracks nothing
        mlflow_process.start()
    files = StageFiles(stage, *arguments)
    from tagger.core.common import arithmetic
    from tagger.core.common.processes import rank
    from tagger.core.params.reader import read_params
    from tagger.core.params.schema import ArithmeticView
    from tagger.runner.dvc_lock import check_recording, dvc_process
    from tagger.runner.locks import hold

    dvc = dvc_process()
    for text in () if rank() else other_versions(stage):
        print(f"warning: {text}; outputs may differ from dvc.lock", file=sys.stderr)
    arithmetic.use(read_params(ArithmeticView).arithmetic)
    main = importlib.import_module(f"stages.{stage}").main

    def run() -> None:
        # A stage outlives a killed DVC; it must not write the same files as the stage that the next DVC starts.
        folder = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:12]
        with nullcontext() if rank() else hold(f"{files.name}-{folder}", f"{files.name} in {Path.cwd()}"):
            try:
                main(*arguments, written=files.note_outputs)
            except Exception:
                files.check()  # a changed file may be the cause
                raise
        atexit._run_exitfuncs()
        print(end="", flush=True)
        if not rank():
            files.check()
            if dvc:
                check_recording(files, dvc)
        os._exit(0)

    return run


if __name__ == "__main__":
    # Imports create half a million objects that stay: looking for garbage after every 700 takes a sixth of their time.
    gc.set_threshold(100_000)
    run_stage(load)
