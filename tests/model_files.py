"""Model folders to export and to damage."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagger.core.common.files import new_folder
from tagger.core.network.lstm_tagger import tag_probabilities
from tagger.evaluate.predictions import prediction_table
from tagger.export.exporting import export_model
from tests.samples import CPU, RANDOM, save_model


def make_export(root: Path, int8: bool = False, **changes: Any) -> Path:
    """Write a model of fresh weights to the folder `nll`, and its export to the folder `export`."""
    model = save_model(root / "nll", **changes)
    table = prediction_table(tag_probabilities(model, RANDOM.dev, CPU), RANDOM.dev)
    with new_folder(root / "export") as folder:
        export_model(root / "nll", folder, RANDOM.dev, table, int8=int8, dev=None)
    return root / "export"


def edit_config(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    edit(config)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Put other content in place of a file, and its checksum into the config, as a stranger would."""
    (folder / name).write_bytes(content)
    edit_config(folder, lambda config: config["sha256"].update({name: hashlib.sha256(content).hexdigest()}))


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.marker,)
