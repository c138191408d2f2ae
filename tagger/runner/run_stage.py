"""How a pipeline stage begins and ends: one line for a mistake of the user's, and nothing lost."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from tagger.core.common.errors import TaggerError


def run_stage(load: Callable[[], Callable[[], None]]) -> None:
    """Load a stage and run it. If it fails or is interrupted, the outputs that stood before it started are put back.

    A mistake of the user's, or of the file system, is one line on standard error and exit code 1. A signal gives its
    own exit code, whatever the interrupted code has made of it.

    Args:
        load: imports the stage and returns it. A signal that comes in the meantime takes effect after it, and only a
            second one at once: an import that is cut short may raise anything, or go on, for Python drops what is
            raised in the callback of a weak reference, and the import system runs one for each module.
    """
    received: list[int] = []
    loading = True

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if not loading or len(received) > 1:
            sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup has it ignored
            signal.signal(number, stop)
    try:
        main = load()
        loading = False
        if received:
            sys.exit(128 + received[0])
        main()
    except BaseException as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not end the restoring
        _restore()
        if received:
            sys.exit(128 + received[0])
        if isinstance(error, TaggerError | OSError):
            sys.exit(f"error: {error}")
        raise


def _restore() -> None:
    stage_name = os.environ.get("DVC_STAGE")
    if not stage_name:  # run by hand: nobody has removed anything
        return
    from dvc.exceptions import DvcException

    from tagger.runner.restore import restore_outputs

    try:
        restore_outputs(stage_name)
    except (DvcException, OSError) as error:
        print(f"warning: the earlier outputs could not be put back; `dvc checkout` may: {error}", file=sys.stderr)
