"""A process of its own for MLflow, whose imports take seconds: it imports while the stage that started it computes.

It does what the stage asks for, one thing after the other, and ends with the stage. Where it was not started, as in a
command or a test, the same is done in this process.

Nothing of `tagger.core` but the errors is imported before the stage has noted its code.
"""

import gc
import os
import sys
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any

from tagger.core.common.errors import InputError, TaggerError
from tagger.runner.run_stage import end_with_the_stage, start_child

if TYPE_CHECKING:
    from tagger.tracking.mlflow_side import MlflowSide

VARIABLE = "TAGGER_TRACKING"


class MlflowProcess:
    """The process, as the stage sees it. Making one starts it."""

    def __init__(self) -> None:
        self._connection, other = Pipe()
        self._asked = 0
        self._process = start_child(("-u", "-m", __name__, str(other.fileno())), descriptors=(other.fileno(),))
        other.close()

    def ask(self, name: str, *arguments: Any) -> Any:
        """Return the answer of a method of `MlflowSide`, or raise the error that it raised."""
        self._asked += 1
        try:
            self._connection.send((self._asked, name, arguments))
            number, answer = self._connection.recv()
            while number < self._asked:  # a signal has interrupted the wait for that one
                number, answer = self._connection.recv()
        except (EOFError, OSError):
            from tagger.predict.mlflow_store import StoreAwayError

            raise StoreAwayError("MLflow: the process that logs to it has died") from None
        if isinstance(answer, TaggerError):
            raise answer
        return answer


_started: list[MlflowProcess] = []  # at most one


def start() -> None:
    """Start the process, unless tracking is off or this is not the process of a training that logs."""
    if is_on() and os.environ.get("RANK", "0") == "0":
        _started.append(MlflowProcess())


def ask(name: str, *arguments: Any) -> Any:
    """Return the answer of a method of `MlflowSide`; None without doing anything if tracking is off.

    Raises StoreAwayError if MLflow does not answer or refuses writes, or its process has died.
    """
    if not is_on():
        return None
    return _started[0].ask(name, *arguments) if _started else getattr(_this_side(), name)(*arguments)


def is_on() -> bool:
    """Return whether runs are tracked; raise InputError if the variable is neither on nor off."""
    value = os.environ.get(VARIABLE, "on")
    if value not in ("on", "off"):
        raise InputError(f"{VARIABLE}: got {value!r}, expected on or off")
    return value == "on"


@cache
def _this_side() -> "MlflowSide":
    from tagger.tracking.mlflow_side import MlflowSide

    return MlflowSide()


def _serve(connection: Connection) -> None:
    from tagger.predict.mlflow_store import StoreAwayError

    with suppress(ImportError):  # the first answer will tell
        _this_side()
    while True:
        try:
            number, name, arguments = connection.recv()
        except (EOFError, OSError):  # the stage has ended
            return
        try:
            answer = getattr(_this_side(), name)(*arguments)
        except TaggerError as error:
            answer = error
        except ImportError as error:
            answer = StoreAwayError(f"MLflow: {error}")
        connection.send((number, answer))


if __name__ == "__main__":
    end_with_the_stage()
    gc.set_threshold(100_000)  # as in stages/__main__.py
    _serve(Connection(int(sys.argv[1])))
