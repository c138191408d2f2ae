"""Coverage-guided fuzzing: cases that reach new code are kept, and further ones are made from them.

A case is the files of a target that are not its good ones. Only lines of `tagger/` count as code.
"""

import contextlib
import io
import random
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from tagger.core.common.errors import TaggerError
from tests.fuzz.mutation import Mutator
from tests.samples import contents

TAGGER = str(Path(__file__).parents[2] / "tagger")
CASES = Path(__file__).parent / "cases"
SECONDS = 20  # of processor time that a case may take
Case = dict[str, bytes]


class Target(NamedTuple):
    """What is fuzzed."""

    write: Callable[[Path], object]  # fills an empty folder with good files
    read: Callable[[Path], object]  # loads them, and uses what it has loaded
    kept: tuple[str, ...] = ()  # files that no case changes


class Fault(NamedTuple):
    """An exception that is not ours."""

    place: str  # the kind of exception and the line of `tagger/` that raised it
    report: str


class Hang(BaseException):
    """A case takes too long; no code of ours may catch it."""


class Coverage:
    """Which lines of the code under test follow each other, and about how often."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._counts: Counter[tuple[Any, Any]] = Counter()
        self._last: Any = None

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        self._counts, self._last = Counter(), None
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    @property
    def seen(self) -> set[Any]:
        return {(pair, count.bit_length()) for pair, count in self._counts.items()}

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._step if frame.f_code.co_filename.startswith(self._folder) else None

    def _step(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            here = (frame.f_code, frame.f_lineno)
            self._counts[self._last, here] += 1
            self._last = here
        return self._step


class Fuzzer:
    """Runs the cases of a target in a folder of its own."""

    def __init__(self, target: Target, folder: Path, code: str = TAGGER) -> None:
        self._target, self._folder = target, folder
        target.write(folder)
        self._good = contents(folder)
        self._files = sorted(self._good.keys() - set(target.kept))
        self._coverage = Coverage(code)

    def run(self, case: Case) -> Fault | None:
        """Run a case; the folder has good files again afterwards."""
        for name, content in case.items():
            (self._folder / name).write_bytes(content)
        try:
            with _limited(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                self._target.read(self._folder)
        except TaggerError as error:
            return None if "\n" not in str(error) else _fault(error)
        except (Exception, Hang) as error:
            return _fault(error)
        finally:
            for name in self._good.keys() | contents(self._folder).keys():
                if name not in self._good:
                    (self._folder / name).unlink()
                elif name in case or not (self._folder / name).exists():
                    (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (self._folder / name).write_bytes(self._good[name])
        return None

    def search(self, cases: list[Case], seconds: float, draw: random.Random) -> Iterator[tuple[Case, Fault]]:
        """Yield each new fault with its case, until the time is over."""
        end = time.monotonic() + seconds
        corpus, seen, places = [{}, *cases], set[Any](), set[str]()
        waiting, self.runs = list(corpus), 0
        mutator = Mutator(draw)
        while time.monotonic() < end:
            case = waiting.pop() if waiting else self._vary(corpus, mutator)
            self.runs += 1
            with self._coverage.recording():
                fault = self.run(case)
            if self._coverage.seen - seen:
                seen |= self._coverage.seen
                corpus.append(case)
            if fault and fault.place not in places:
                places.add(fault.place)
                yield case, fault
        self.corpus, self.edges = corpus, len(seen)

    def _vary(self, corpus: list[Case], mutator: Mutator) -> Case:
        draw = mutator.draw
        recent = corpus[-max(1, len(corpus) // 4) :]
        case, other = draw.choice(draw.choice((corpus, recent))), draw.choice(corpus)
        name = draw.choice(self._files)
        changed = mutator.change(name, case.get(name, self._good[name]), other.get(name, self._good[name]))
        return case | {name: changed}


def read_cases(name: str) -> list[Case]:
    """Return the cases of a target that are kept."""
    return [contents(folder) for folder in sorted((CASES / name).glob("*"))]


def write_case(name: str, title: str, case: Case) -> Path:
    """Keep a case; return its folder."""
    folder = CASES / name / title
    for file, content in case.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return folder


def _fault(error: BaseException) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(TAGGER)] or frames
    place = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return Fault(place, "".join(traceback.format_exception(error, limit=-12)))


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"no end after {SECONDS} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
