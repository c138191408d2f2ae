"""The runs of the store: found by their content, grouped by pipeline execution, closed when their process is dead."""

import json
from collections.abc import Mapping, Sequence

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.tracking.context.registry import resolve_tags

from tagger.core.common.yaml_file import write_yaml
from tagger.predict.mlflow_store import reporting
from tagger.runner.locks import hold, is_held
from tagger.tracking.metric_names import in_files, in_mlflow, split_of
from tagger.tracking.record import LOCK, Point, Record, origin
from tagger.tracking.store import Store

TRAINING, MODEL, TEST = "training", "model.sha256", "test.digest"  # tags that a run is found by
RESTORED = "restored"  # tag: this machine did not run the training, or no longer knows that it did
GROUP, KIND = "group", "kind"
SEEDS = "seeds"  # kind of the run of a loss that holds a training for each of several seeds
GROUP_RUN = "group.run"  # tag of these trainings: the run of their group
PARENT = "mlflow.parentRunId"
# MLflow's UI opens the row above such a run; a row is closed otherwise, and shows nothing of the losses.
OPENED = {"mlflow.runType": "evaluation"}


def find_run(store: Store, record: Record) -> Run | None:
    """Return the run of a record; None if it has no run yet.

    A training that this machine ran is known by its identity. Otherwise it is the newest run with the record's model,
    except those that were measured on another test split: they keep their figures. If there are several seeds, it has
    to be in the record's group, so that means stand beside all that they are taken over.
    """
    if record.training:
        return _find(store, f"tags.{TRAINING} = '{record.training}'")
    test = record.datasets.get("test")
    wanted = f"tags.`{MODEL}` = '{record.model}' and tags.loss = '{record.loss}'"
    if record.several:
        wanted += f" and tags.{GROUP} = '{record.group}'"
    for run in search(store, wanted):
        if not test or run.data.tags.get(TEST, test.digest) == test.digest:
            return run
    return None


def find_by_id(store: Store, run_id: str | None) -> Run | None:
    """Return the run with an id; None if there is no id, or if the user has deleted the run."""
    return _find(store, f"attributes.run_id = '{run_id}'")


def open_run(store: Store, record: Record) -> Run:
    """Return the run of a record with its params and data; a missing one is created inside its group."""
    with hold("mlflow", "making an MLflow run"):  # so that two processes don't create two groups
        run = find_run(store, record) or _create_run(store, record)
    if not record.params.keys() <= run.data.params.keys():
        # The file first: a run that has the params has the file, too.
        store.client.log_text(run.info.run_id, write_yaml(record.settings), "params.yaml")
        _log_params(store, run, record, left_out=set())
    log_datasets(store, run.info.run_id, record)
    return run


def resume_run(store: Store, run: Run, record: Record) -> None:
    """Mark a run as running, and give it and its group the name and the tags of the present experiment."""
    store.client.update_run(run.info.run_id, status="RUNNING", name=record.name)
    set_tags(store, run.info.run_id, record.tags)
    if parent := find_by_id(store, group_of(run)):
        store.client.update_run(parent.info.run_id, name=_group_name(record))
        set_tags(store, parent.info.run_id, _group_tags(record))


@reporting()
def close_abandoned_runs(store: Store, own: Record | None = None) -> list[str]:
    """End the runs of this workspace whose process is dead, as KILLED; return their names.

    The process of a training holds a lock as long as it lives. If a training resumes later, its run is opened again.
    `own` is the training of this process: another training under its lock has lost its checkpoint.
    """
    closed = []
    for run in search(store, "attributes.status = 'RUNNING'"):
        tags = run.data.tags
        lock = tags.get(LOCK)
        # MLflow's search takes no quote within a text, and a path may have one.
        if tags.get("workspace") != origin() or not lock or (own and tags.get(TRAINING) == own.training):
            continue
        if (own and lock == own.tags.get(LOCK)) or not is_held(lock):
            store.client.set_terminated(run.info.run_id, "KILLED")
            closed.append(run.info.run_name)
    return closed


def figures_of(run: Run) -> dict[str, float]:
    """Return the last value of each metric of a run, by its name in the pipeline's files."""
    return {in_files(name): value for name, value in run.data.metrics.items()}


@reporting()
def log_points(
    store: Store,
    run: Run,
    points: Sequence[Point],
    model: str | None = None,
    digests: Mapping[str, str] | None = None,
) -> None:
    """Log values in as few writes as MLflow allows; it ignores those that it already has.

    With the id of a logged model, they also become metrics of that model, each for its split, whose digests are given.
    """
    metrics = []
    for name, value, step, time in points:
        split = split_of(name)
        data = (split, digests[split]) if digests and split in digests else (None, None)
        metrics.append(Metric(in_mlflow(name), value, time or run.info.start_time, step, model, *data))
    store.client.log_batch(run.info.run_id, metrics=metrics)


def set_tags(store: Store, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run in one write."""
    store.client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])


def _create_run(store: Store, record: Record) -> Run:
    group = _open_group(store, record)
    parent = _open_loss(store, group, record) if record.several else group
    tags = record.tags | {PARENT: parent.info.run_id, GROUP: record.group}
    tags |= {GROUP_RUN: group.info.run_id} if record.several else {}
    tags |= OPENED | ({TRAINING: record.training} if record.training else {RESTORED: "true", MODEL: str(record.model)})
    return _create(store, record, record.name, tags)


def _open_group(store: Store, record: Record) -> Run:
    """Return the run that represents a pipeline execution: the newest with its settings, if it lacks this training."""
    group = _find(store, f"tags.{GROUP} = '{record.group}' and tags.{KIND} = 'pipeline'")
    wanted = f"tags.loss = '{record.loss}'" + (f" and tags.seed = '{record.seed}'" if record.several else "")
    tag = GROUP_RUN if record.several else PARENT
    if group is None or _find(store, f"tags.`{tag}` = '{group.info.run_id}' and {wanted}"):
        group = _create(store, record, _group_name(record), _group_tags(record) | {KIND: "pipeline"})
    _finish(store, group, record, {"loss", *(["seed"] if record.several else [])})
    return group


def _open_loss(store: Store, group: Run, record: Record) -> Run:
    """Return the run below a group that holds the seeds of a loss, and the figures over them."""
    run = next((each for each in seeds_of(store, group.info.run_id) if each.data.tags["loss"] == record.loss), None)
    if run is None:
        tags = _group_tags(record) | {PARENT: group.info.run_id, "loss": record.loss, KIND: SEEDS}
        run = _create(store, record, record.name_of_loss, tags | OPENED)
    _finish(store, run, record, {"seed"})
    return run


def _finish(store: Store, run: Run, record: Record, left_out: set[str]) -> None:
    """Log the params of a run that trains nothing itself and end it, unless that was done."""
    if run.info.status == "RUNNING":  # it is new, or its creation was interrupted
        _log_params(store, run, record, left_out)
        store.client.set_terminated(run.info.run_id)


def _log_params(store: Store, run: Run, record: Record, left_out: set[str]) -> None:
    known = left_out | set(run.data.params)
    params = [Param(name, str(value)) for name, value in record.params.items() if name not in known]
    store.client.log_batch(run.info.run_id, params=params)


def group_of(run: Run) -> str | None:
    """Return the id of the group of a training."""
    tags: dict[str, str] = run.data.tags
    return tags.get(GROUP_RUN, tags.get(PARENT))


def seeds_of(store: Store, group: str) -> list[Run]:
    """Return the runs of a group's losses that hold several seeds each; none if there is one seed."""
    return search(store, f"tags.`{PARENT}` = '{group}' and tags.{KIND} = '{SEEDS}'")


def _group_name(record: Record) -> str:
    if record.experiment:
        return record.experiment
    if "git.commit" not in record.tags:
        return "repro without git"
    changed = "+" if record.tags.get("git.dirty") == "true" else ""
    return f"repro {record.tags['git.commit'][:7]}{changed}"


def _group_tags(record: Record) -> dict[str, str]:
    own = ("loss", "seed", "dvc.stage", "training.")  # of one training
    return {name: value for name, value in record.tags.items() if not name.startswith(own)} | {GROUP: record.group}


def _create(store: Store, record: Record, name: str, tags: dict[str, str]) -> Run:
    # As mlflow.start_run does, which would also end the run with this process.
    return store.client.create_run(store.experiment, record.started, resolve_tags(tags), name)


def log_datasets(store: Store, run_id: str, record: Record) -> None:
    """Name the splits of a record as the inputs of a run, which may have them already."""
    inputs = []
    for name, given in record.datasets.items():
        source, profile = json.dumps({"uri": given.source}), json.dumps(given.profile)
        tags = [InputTag("mlflow.data.context", name)] + ([InputTag("dvc.md5", given.md5)] if given.md5 else [])
        inputs.append(DatasetInput(Dataset(name, given.digest, "local", source, profile=profile), tags))
    store.client.log_inputs(run_id, inputs)


def _find(store: Store, condition: str) -> Run | None:
    return next(iter(search(store, condition)), None)


def search(store: Store, condition: str) -> list[Run]:
    """Return the runs that meet a condition, the newest first."""
    return list(store.client.search_runs([store.experiment], condition, order_by=["attributes.start_time DESC"]))
