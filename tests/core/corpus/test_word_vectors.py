"""Vectors on the disk and back."""

from pathlib import Path

import numpy as np
import pytest

from tagger.core.common.errors import InputError
from tagger.core.corpus.word_vectors import NO_VECTORS, WordVectors

TWO = WordVectors(np.array([5, 2], dtype=np.int32), np.array([[1, 2, 3], [4, 5, 6.5]], dtype=np.float32))


def test_vectors_are_saved_and_opened(tmp_path: Path) -> None:
    TWO.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.npy", "vectors.npy"]
    opened = WordVectors.load(tmp_path, (6, 3))
    assert opened.ids.tolist() == [5, 2]
    assert opened.vectors.tolist() == [[1, 2, 3], [4, 5, 6.5]]
    assert opened.digest() == TWO.digest() != NO_VECTORS.digest()


@pytest.mark.parametrize("width", [1, 100])
def test_no_vectors_fit_every_width(tmp_path: Path, width: int) -> None:
    NO_VECTORS.save(tmp_path)
    opened = WordVectors.load(tmp_path, (6, width))
    assert len(opened.ids) == 0
    assert opened.digest() == NO_VECTORS.digest()


def test_another_width_is_named(tmp_path: Path) -> None:
    TWO.save(tmp_path)
    with pytest.raises(InputError) as caught:
        WordVectors.load(tmp_path, (6, 100))
    assert str(caught.value).startswith(f"{tmp_path}/vectors.npy: damaged: does not fit ")


@pytest.mark.parametrize("name", ["ids.npy", "vectors.npy"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    TWO.save(tmp_path)
    (tmp_path / name).write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match=f"^{tmp_path / name}: damaged: "):
        WordVectors.load(tmp_path, (6, 3))
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"^{tmp_path / name}: no such file; expected the output of `prepare`"):
        WordVectors.load(tmp_path, (6, 3))
