"""Starting and ending a stage: a user's mistake is one line, and no earlier output is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType


def run_stage(load: Callable[[], Callable[[], None]]) -> None:
    """Load a stage and run it. If it fails or is interrupted, put back the outputs that DVC removed before it started.

    An error of this project or of the operating system is one line on standard error, with exit code 1. After a signal,
    the exit code is 128 plus its number, even if the interrupted code swallowed it.

    `load` imports the stage and returns it. A first signal takes effect only after that, a second one at once: an
    interrupted import may raise anything, or go on, because Python drops exceptions in the callbacks of weak
    references, and the import system runs one per module.
    """
    received: list[int] = []
    loading = True

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if not loading or len(received) > 1:
            sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, stop)
    try:
        main = load()
        loading = False
        if received:
            sys.exit(128 + received[0])
        main()
    except BaseException as error:
        from tagger.core.common.errors import TaggerError  # the stage has noted its code by now

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not end the restoring
        if stage_name := os.environ.get("DVC_STAGE"):  # nothing was removed if it is run by hand
            _restore(stage_name)
        if received:
            sys.exit(128 + received[0])
        if isinstance(error, TaggerError | OSError):
            sys.exit(f"error: {error}")
        if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
            sys.exit("error: not enough memory; lower train.batch_tokens, model.hidden, model.layers or the corpus")
        raise


def _restore(stage_name: str) -> None:
    """Put back the outputs of the failed stage, which DVC removed to run it.

    DVC does not restore them itself. `persist: true` would keep them, but turns the run-cache off. DVC's cache has
    their content, metrics included, under the hashes of `dvc.lock`; in a fresh clone the cache is empty, and git has
    the metrics. Outputs that neither has are left alone.
    """
    from dvc.exceptions import DvcException
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    from tagger.core.common.errors import TaggerError
    from tagger.runner.dvc_lock import UNRECORDED, md5, read_lock_file

    try:
        with Repo() as repo:
            stage = PipelineStage(repo, "dvc.yaml")
            for path, recorded in read_lock_file().get(stage_name, UNRECORDED).outs.items():
                # A plain output: DVC would not check out metrics declared with `cache: false`.
                out = Output(stage, path, info={"md5": recorded})
                if repo.cache.local.exists(recorded):
                    out.checkout(force=True)
                elif md5(Path(path)) != recorded:
                    subprocess.run(["git", "checkout", "--quiet", "--", path], stderr=subprocess.DEVNULL, check=False)
    except (DvcException, TaggerError, OSError) as error:
        print(f"warning: could not restore the earlier outputs; try `dvc checkout`: {error}", file=sys.stderr)
