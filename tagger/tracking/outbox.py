"""Records that could not be delivered: kept in files until MLflow is back, and delivered in their order.

.dvc/tmp/lstm-tagger/outbox/<time>-<loss>/
  record.json  the record
  files/       copies of its files, because an experiment's outputs may be gone by then
"""

import shutil
import sys
import time
from pathlib import Path

from pydantic import ValidationError

from tagger.core.common import paths
from tagger.core.common.errors import InputError
from tagger.core.common.files import new_folder
from tagger.predict.mlflow_store import StoreAwayError, address
from tagger.tracking.mlflow_process import ask
from tagger.tracking.record import Record

RECORD, FILES = "record.json", "files"


def deliver_or_keep(record: Record) -> None:
    """Deliver waiting records, then this one. If MLflow is away, keep it and print a warning; the stage succeeds."""
    try:
        ask("deliver", record)
    except StoreAwayError as error:
        keep(record, error)


def keep(record: Record, reason: StoreAwayError) -> None:
    """Put a record and copies of its files into the outbox."""
    with new_folder(paths.kept("outbox") / f"{time.time_ns()}-{record.loss}") as folder:
        for place, path in record.files.items():
            copy = folder / FILES / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        kept = record.model_copy(update={"store": address()})
        (folder / RECORD).write_text(kept.model_dump_json(indent=2), encoding="utf-8")
    print(f"warning: {reason}; the record is kept, and `lstm-tagger sync` will log it", file=sys.stderr)


def remove(folder: Path) -> None:
    """Remove a record that is delivered."""
    (folder / RECORD).unlink()  # first: a record whose files are gone could never be delivered
    shutil.rmtree(folder)


def find_waiting() -> list[tuple[Path, Record]]:
    """Return the records that wait for the present store, the oldest first, and the folder that holds each."""
    found = []
    for folder in sorted(paths.kept("outbox").iterdir()):
        if folder.name.startswith(".") or not (folder / RECORD).exists():  # it is being written or removed
            continue
        try:
            record = Record.model_validate_json((folder / RECORD).read_bytes())
            kept = (folder / FILES).resolve()
            for path in [(kept / place).resolve(strict=True) for place in record.files]:
                path.relative_to(kept)  # fails if it is elsewhere
            _ = record.params, record.group, record.registered_model, record.max_drop  # fail if the settings are none
        except (ValueError, LookupError, TypeError, AttributeError, OSError, InputError) as error:
            # Damaged, or of another version of this project.
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            advice = "remove the folder once `lstm-tagger sync` has rebuilt its run from the outputs"
            print(f"warning: {folder / RECORD}: can't be logged: {reason}; {advice}", file=sys.stderr)
            continue
        if record.store == address():
            record.files = {place: folder / FILES / place for place in record.files}
            found.append((folder, record))
    return found
