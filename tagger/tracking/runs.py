"""The runs of the store: found by what they hold, grouped by pipeline execution, closed when their process is dead."""

from typing import TYPE_CHECKING

from tagger.runner.locks import hold, is_held
from tagger.tracking.record import Record, origin
from tagger.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

TRAINING, MODEL, TEST = "training", "model.sha256", "test.digest"  # tags that a run is found by
FILES = "files.sha256"  # what the run has of the outputs
LOCK, GROUP, KIND = "training.lock", "group", "kind"
PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"


def find_run(store: Store, record: Record) -> "Run | None":
    """Return the run of a record.

    A training that this machine ran is known by its identity. Otherwise the newest run with the record's model is
    taken; one that was measured on another test split keeps its figures and is not.
    """
    if record.training:
        found = _search(store, f"tags.{TRAINING} = '{record.training}'")
        return found[0] if found else None
    test = record.datasets.get("test")
    for run in _search(store, f"tags.`{MODEL}` = '{record.model}' and tags.loss = '{record.loss}'"):
        if not test or run.data.tags.get(TEST, test.digest) == test.digest:
            return run
    return None


def find_parent(store: Store, run: "Run") -> str | None:
    """Return the id of a run's group, none where the user has deleted it."""
    groups = _search(store, f"attributes.run_id = '{run.data.tags.get(PARENT, '')}'")
    return groups[0].info.run_id if groups else None


def open_run(store: Store, record: Record, *, restored: bool = False) -> "Run":
    """Return the run of a record; where there is none, make it, inside its group."""
    with hold("mlflow", "making an MLflow run"):  # so that two processes make no two groups of one
        run = find_run(store, record)
        if run is not None:
            return run
        parent = _open_group(store, record)
        tags = record.tags | {PARENT: parent.info.run_id, GROUP: record.group}
        if record.training:
            tags[TRAINING] = record.training
        if restored:
            tags |= {"restored": "true", MODEL: str(record.model)}
        return _create(store, record, record.name, tags)


def resume_run(store: Store, run: "Run", record: Record) -> None:
    """Give a run whose training goes on, and its group, the name and the tags of the present experiment."""
    client, run_id = store.client, run.info.run_id
    client.update_run(run_id, status="RUNNING", name=record.name)
    for name, value in record.tags.items():
        client.set_tag(run_id, name, value)
    parent = find_parent(store, run)
    if parent:
        client.update_run(parent, name=_group_name(record))
        for name, value in _group_tags(record).items():
            client.set_tag(parent, name, value)


def close_abandoned_runs(store: Store, own: Record | None = None) -> list[str]:
    """End the runs of this workspace whose process is dead, as KILLED; return their names.

    The process of a training holds a lock as long as it lives. The run of a training that may go on later is opened
    again then.

    Args:
        store: to search.
        own: the training of this process. Another one under its lock has lost its checkpoint.
    """
    closed = []
    for run in _search(store, "attributes.status = 'RUNNING'"):
        tags = run.data.tags
        lock = tags.get(LOCK)
        # MLflow's search takes no quote within a text, as a path may have.
        if tags.get("workspace") != origin() or not lock or (own and tags.get(TRAINING) == own.training):
            continue
        if (own and lock == own.tags.get(LOCK)) or not is_held(lock):
            store.client.set_terminated(run.info.run_id, "KILLED")
            closed.append(run.info.run_name)
    return closed


def _find_group(store: Store, record: Record) -> "Run | None":
    """Return the newest group of the record's setting, unless it has a training with this loss already."""
    groups = _search(store, f"tags.{GROUP} = '{record.group}' and tags.{KIND} = 'pipeline'")
    if not groups:
        return None
    same_loss = f"tags.`{PARENT}` = '{groups[0].info.run_id}' and tags.loss = '{record.loss}'"
    return None if _search(store, same_loss) else groups[0]


def _open_group(store: Store, record: Record) -> "Run":
    """Return the run that stands for a pipeline execution. It does nothing itself, so it is finished at once."""
    from mlflow.entities import Param

    tags = _group_tags(record) | {GROUP: record.group, KIND: "pipeline"}
    group = _find_group(store, record) or _create(store, record, _group_name(record), tags)
    if not group.data.params:  # it is new, or its making broke off
        params = [Param(name, str(value)) for name, value in record.params.items() if name != "loss"]
        store.client.log_batch(group.info.run_id, params=params)
        store.client.set_terminated(group.info.run_id)
    return group


def _group_name(record: Record) -> str:
    if record.experiment:
        return record.experiment
    if "git.commit" not in record.tags:
        return "repro without git"
    changed = "+" if record.tags.get("git.dirty") == "true" else ""
    return f"repro {record.tags['git.commit'][:7]}{changed}"


def _group_tags(record: Record) -> dict[str, str]:
    return {name: value for name, value in record.tags.items() if name not in ("loss", "dvc.stage", LOCK)}


def _create(store: Store, record: Record, name: str, tags: dict[str, str]) -> "Run":
    from mlflow.tracking.context.registry import resolve_tags

    # As mlflow.start_run does, which would also end the run with this process.
    run = store.client.create_run(store.experiment, record.started, resolve_tags(tags | {NAME: name}), name)
    return store.client.get_run(run.info.run_id)  # with its lists of inputs and outputs


def _search(store: Store, condition: str) -> "list[Run]":
    return list(store.client.search_runs([store.experiment], condition, order_by=["attributes.start_time DESC"]))
