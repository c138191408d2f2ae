from pathlib import Path

import pytest

from tagger.core.common.errors import InputError
from tagger.core.params.schema import Training
from tagger.evaluate.tagged_split import TaggedSplit
from tagger.report.shared.results import Result
from tests.samples import RANDOM, save_model


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "metrics/detail/nll/1.json: no such file; expected the output of `evaluate`"),
        ("{", "metrics/detail/nll/1.json: damaged: "),
        ('{"model": "another"}', "models/nll/1: is not the model that was evaluated; "),
    ],
)
def test_what_the_stages_before_have_not_written_is_one_line(
    content: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_model(Path("models/nll/1"))
    if content:
        Path("metrics/detail/nll").mkdir(parents=True)
        Path("metrics/detail/nll/1.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Result.load(Training("nll", 1), TaggedSplit.baseline(RANDOM.train, RANDOM.dev))
    assert str(caught.value).startswith(message)
