"""How a pipeline stage begins and ends: one line for a mistake of the user's, and nothing lost."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from tagger.errors import InputError


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage. If it fails or is interrupted, the outputs that stood before it started are put back.

    A mistake of the user's, or of the file system, is one line on standard error and exit code 1.
    """
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except BaseException as error:
        _restore()
        if isinstance(error, InputError | OSError):
            sys.exit(f"error: {error}")
        if isinstance(error, KeyboardInterrupt):
            sys.exit(128 + signal.SIGINT)
        raise


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


def _restore() -> None:
    stage_name = os.environ.get("DVC_STAGE")
    if not stage_name:  # run by hand: nobody has removed anything
        return
    from dvc.exceptions import DvcException

    from tagger.outputs import restore_outputs

    try:
        restore_outputs(stage_name)
    except (DvcException, OSError) as error:
        print(f"warning: the earlier outputs could not be put back; `dvc checkout` may: {error}", file=sys.stderr)
