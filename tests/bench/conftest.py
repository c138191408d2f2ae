"""A folder with prepared data, for measurements that read it."""

from pathlib import Path

import pytest

from tagger.core.common import paths
from tests.samples import RANDOM


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, part in (
        (paths.DICTIONARIES, RANDOM.dictionaries),
        (paths.TRAIN, RANDOM.train),
        (paths.DEV, RANDOM.dev),
    ):
        folder.mkdir(parents=True)
        part.save(folder)
