"""Records that could not be delivered: kept in files until MLflow is back, and delivered in their order.

.dvc/tmp/lstm-tagger/outbox/<time>-<loss>/
  record.json   the record; its files by their place
  files/        copies, for the outputs of an experiment may be gone by then
  group_files/ export_files/  the same
"""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tagger.core.common import paths
from tagger.core.common.files import new_folder
from tagger.runner.locks import hold
from tagger.tracking.delivery import deliver
from tagger.tracking.record import Record
from tagger.tracking.store import Store, StoreAwayError, address, connect, reporting

RECORD = "record.json"
KINDS = ("files", "group_files", "export_files")


def deliver_or_keep(record: Record) -> None:
    """Deliver a record after those that wait. While MLflow is away keep it and say so: no stage fails for that."""
    try:
        store = connect()
        deliver_waiting(store)
        with reporting():
            deliver(store, record)
    except StoreAwayError as error:
        keep(record, error)


def keep(record: Record, reason: StoreAwayError) -> None:
    """Put a record and copies of its files into the outbox."""
    with new_folder(paths.kept("outbox") / f"{time.time_ns()}-{record.loss}") as folder:
        update: dict[str, Any] = {"store": address()}
        for kind in KINDS:
            files: dict[str, Path] = getattr(record, kind)
            update[kind] = {place: Path(kind) / place for place in files}
            for place, copy in update[kind].items():
                (folder / copy).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(files[place], folder / copy)
        kept = record.model_copy(update=update)
        (folder / RECORD).write_text(kept.model_dump_json(indent=2), encoding="utf-8")
    print(f"warning: {reason}; what is to be logged is kept, `python -m tagger sync` delivers it", file=sys.stderr)


def deliver_waiting(store: Store) -> int:
    """Deliver the records that wait for this store, the oldest first; return how many there were.

    Raises:
        StoreAwayError: the store takes no more; the rest goes on waiting.
    """
    with hold("outbox", "delivering to MLflow"):
        delivered = 0
        for folder, record in _waiting(store.address):
            with reporting():
                deliver(store, record)
            (folder / RECORD).unlink()  # first: a record whose files are gone could never be delivered
            shutil.rmtree(folder)
            delivered += 1
        return delivered


def is_waiting() -> bool:
    """Return whether a record waits for the present store."""
    return bool(_waiting(address()))


def _waiting(store: str) -> list[tuple[Path, Record]]:
    found = []
    for folder in sorted(paths.kept("outbox").iterdir()):
        if (folder / RECORD).exists() and not folder.name.startswith("."):  # those are being written
            try:
                record = Record.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
            except ValidationError as error:  # damaged, or of another version of this project
                print(f"warning: {folder / RECORD}: can't be delivered: {error.errors()[0]['msg']}", file=sys.stderr)
                continue
            if record.store == store:
                update = {
                    kind: {place: folder / path for place, path in getattr(record, kind).items()} for kind in KINDS
                }
                found.append((folder, record.model_copy(update=update)))
    return found
