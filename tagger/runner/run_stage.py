"""Starting and ending a stage and its processes: a user's mistake is one line, and no earlier output is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 3.0  # seconds in which a stage ends by itself after a signal
STARTED: list["subprocess.Popen[bytes]"] = []  # by the stage; a suspended one would outlive it


def run_stage(load: Callable[[], Callable[[], None]]) -> None:
    """Load a stage and run it. If it fails or is interrupted, put back the outputs that DVC removed before it started.

    An error of this project or of the operating system is one line on standard error, with exit code 1. After a signal,
    the exit code is 128 plus its number, even if the interrupted code swallowed it.

    `load` imports the stage and returns it. A first signal takes effect only after that, a second one at once: an
    interrupted import may raise anything, or go on, because Python drops exceptions in the callbacks of weak
    references, and the import system runs one per module. Nor does Python run a handler in gloo, which may wait for
    another process, or in a database: whatever the stage does then, it ends within seconds.
    """
    received: list[int] = []
    loading, restoring = True, threading.Lock()

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if not loading or len(received) > 1:
            sys.exit(128 + number)

    def end_in_time() -> None:
        number = next(byte for byte in iter(lambda: os.read(reading, 1)[0], 0) if byte in SIGNALS)
        time.sleep(GRACE)
        while loading:
            time.sleep(0.1)
        with restoring:  # the main thread has this lock once it ends by itself, and keeps it
            for process in STARTED:
                process.kill()
            _restore()
            os._exit(128 + number)

    _open_streams()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)  # written to at once, whatever the main thread does
    threading.Thread(target=end_in_time, daemon=True).start()
    for number in SIGNALS:
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

        restoring.acquire()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not end the restoring
        _restore()
        if received:
            os._exit(128 + received[0])  # the interpreter would wait for threads
        if isinstance(error, TaggerError | OSError):
            sys.exit(f"error: {error}")
        if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
            sys.exit("error: not enough memory; lower train.batch_tokens, model.hidden, model.layers or the corpus")
        raise


def start_child(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, descriptors: Sequence[int] = ()
) -> "subprocess.Popen[bytes]":
    """Run Python with these arguments; without an environment the child has that of the stage."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.PIPE,  # closed when the stage ends, however it ends
        pass_fds=descriptors,
        start_new_session=True,  # Ctrl-C is for the stage, which ends the others
    )
    STARTED.append(process)
    return process


def end_with_the_stage() -> None:
    """End this process, which `start_child` has started, as soon as the stage ends."""

    def watch() -> None:
        os.read(0, 1)  # returns at the end of the input
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _open_streams() -> None:
    """Open closed standard streams on the null device, so that no file gets their numbers; print in any locale."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    null = os.fdopen(descriptor, "w")
    sys.stdout, sys.stderr = sys.stdout or null, sys.stderr or null
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _restore() -> None:
    """Put back the outputs of the failed stage as they were before DVC removed them to run it.

    DVC does not restore them itself. `persist: true` would keep them, but turns the run-cache off. DVC's cache has
    their content, metrics included, under the hashes of `dvc.lock`; in a fresh clone the cache is empty, and git has
    the metrics. Outputs that neither has are left alone.
    """
    stage_name = os.environ.get("DVC_STAGE")
    if stage_name is None:  # it is run by hand: nothing was removed
        return
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
