"""What DVC records is checked only where DVC has started the stage; tests/pipeline/test_edits.py shows the check."""

from pathlib import Path

import pytest

from tagger.runner.recording import IN_USE, dvc_process


@pytest.mark.parametrize(
    ("stage", "content", "process"),
    [
        ("report", " 4711\n", 4711),
        ("report", None, None),
        ("report", "claim|7|8\n", None),
        (None, " 4711\n", None),
    ],
)
def test_the_process_of_dvc_is_that_of_its_lock(
    stage: str | None, content: str | None, process: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage is not None:
        monkeypatch.setenv("DVC_STAGE", stage)
    if content is not None:
        IN_USE.parent.mkdir(parents=True)
        IN_USE.write_text(content)
    assert dvc_process() == process
