from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.shared.results import LossResult
from tests.samples import RANDOM, save_model


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "metrics/detail/nll.json: no such file; expected what `evaluate` writes"),
        ("{", "metrics/detail/nll.json: damaged: "),
        ('{"model": "another"}', "models/nll: is not the model that was evaluated; "),
    ],
)
def test_what_the_stages_before_have_not_written_is_one_line(
    content: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_model(Path("models/nll"))
    if content:
        Path("metrics/detail").mkdir(parents=True)
        Path("metrics/detail/nll.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        LossResult.load("nll", TaggedSplit.baseline(RANDOM.train, RANDOM.dev))
    assert str(caught.value).startswith(message)
