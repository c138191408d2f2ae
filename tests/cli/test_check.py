"""`lstm-tagger check`: what it says of params and corpus, and that it writes nothing."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tagger.cli.commands import main
from tagger.core.common.errors import InputError
from tests.conftest import ROOT, copy_files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> str:
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False).output


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_it_says_what_training_will_see_and_writes_nothing(project: Path) -> None:
    before = files(project)
    train, dev, test, tags, training = check().splitlines()
    assert train.startswith("train: data/raw/train.csv (CSV): 766 sentences, 9,890 words")
    assert "of them not in train; sentences also in train: 0; words whose tag is not in train: 0" in dev
    assert test.startswith("test: data/raw/test.csv (CSV): ")
    assert tags.startswith("tags: 17; the most-frequent-tag baseline is right for ")
    assert training.startswith("training: 2 models, up to 12 epochs, 237,360 words in total; about ")
    assert files(project) == before


def test_a_file_takes_the_place_of_those_in_params(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "params.yaml").write_text(
        (project / "params.yaml").read_text(encoding="utf-8").replace("data/raw/", "nowhere/"), encoding="utf-8"
    )
    before = files(project)
    monkeypatch.chdir(project / "data")
    lines = check("raw/train.csv").splitlines()
    assert [line.split(" sentences")[0] for line in lines[:3]] == [
        f"{name}: data/raw/train.csv (CSV): {amount}" for name, amount in (("train", 620), ("dev", 69), ("test", 77))
    ]
    assert files(project) == before
    with pytest.raises(InputError, match=r"^none.csv: no such file"):
        check("none.csv")
    with pytest.raises(InputError, match=rf"^{project.parent}/none.csv: no such file"):
        check("../none.csv")


def test_what_looks_wrong_is_warned_of(project: Path) -> None:
    path = project / "data/raw/dev.csv"
    path.write_text(path.read_text(encoding="utf-8") + "caf\ufffd,NOUN\n", encoding="utf-8")
    assert "warning: data/raw/dev.csv (dev): words with odd characters: 1, such as 'caf\\ufffd'" in check()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("params.yaml", "epochs: 12", "epoch: 12", r"params.yaml:\d+: unknown key 'train.epoch'; did you mean"),
        ("params.yaml", "data/raw/dev.csv", "dev.csv", "dev.csv: no such file"),
        ("data/raw/test.csv", ",DET", ",DET DET", r"data/raw/test.csv:\d+: "),
    ],
)
def test_a_mistake_is_that_of_the_stage(project: Path, file: str, old: str, new: str, expected: str) -> None:
    path = project / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    before = files(project)
    with pytest.raises(InputError, match=expected):
        check()
    assert files(project) == before


def test_outside_of_a_project_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not tmp_path.is_relative_to(ROOT)
    with pytest.raises(InputError, match=r"not in a project"):
        check()
