import os
import sys
import textwrap
from pathlib import Path

import pytest

from bench.measuring import Work
from bench.pipeline import training_work
from bench.processes import ChildError, Finished, environment, run
from tagger.runner.progress import Progress
from tagger.train.trainer import Epoch


def python(code: str, folder: Path, threads: int | None = None) -> Finished:
    return run([sys.executable, "-c", code], folder, environment(threads))


def test_the_memory_is_that_of_the_child(tmp_path: Path) -> None:
    # Measured from a process that is small, as the benchmark is: the peak of this one would hide that of its child.
    code = f"""
        import sys
        from pathlib import Path
        from bench.processes import environment, run
        for amount in (0, 200_000_000):
            code = f"data = bytearray({{amount}})"
            print(run([sys.executable, "-c", code], Path({str(tmp_path)!r}), environment()).peak_mb)
    """
    small, large = map(float, python(textwrap.dedent(code), tmp_path)[2].split())
    assert 190 < large - small < 230


def test_the_benchmark_itself_stays_small(tmp_path: Path) -> None:
    code = "import sys, bench.__main__; print(*({'torch', 'pandas', 'mlflow', 'flair'} & set(sys.modules)))"
    assert python(code, tmp_path)[2] == "\n"


def test_a_failure_says_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match=r"^ValueError: out of luck$"):
        python("raise ValueError('out of luck')", tmp_path)
    with pytest.raises(ChildError, match=r"^exit code 3$"):
        python("raise SystemExit(3)", tmp_path)


def test_a_child_has_its_threads_and_no_settings_of_trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    code = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ.get('MLFLOW_TRACKING_URI'))"
    assert python(code, tmp_path, threads=2)[2] == "2 None\n"
    assert environment().get("OMP_NUM_THREADS") == os.environ.get("OMP_NUM_THREADS")


def test_the_rate_of_a_training_is_read_from_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("nll", 2)
    for number, rate in ((1, 1000.0), (2, 4000.0)):
        progress.epoch(Epoch(number, 0.1, 1.0, 1.0, 0.5, 8000 / rate, rate, 0))
    assert training_work(capsys.readouterr().err, 8000) == Work(16_000, 10.0)


def test_a_training_that_prints_no_rate_is_an_error() -> None:
    with pytest.raises(ChildError, match=r"^the stage 'train' printed no rate: nothing$"):
        training_work("nothing", 8000)
