"""Descriptions of the experiment, groups, trainings and models in MLflow's UI, with links. Edited ones are kept."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from mlflow.entities import Run

from tagger.core.common.files import read_json
from tagger.tracking.record import EXPORTED, OF_GROUP, Record
from tagger.tracking.runs import GROUP_RUN, KIND, PARENT, search, seeds_of
from tagger.tracking.store import MAIN_METRIC, VIEW, Store

NOTE, OURS = "mlflow.note.content", "note.sha256"  # tags; the second tells our text from an edited one
MOST_CHARACTERS = 5000  # of the description of a version, in MLflow's database
ABOUT = "These figures are from the newest run of the pipeline. Each run is a row that opens into its trainings."
REGISTERED = "LSTM taggers, exported by `dvc repro export` as ONNX files that need no torch. The best is `champion`."


def describe_run(store: Store, run: Run, record: Record, model: str) -> None:
    """Describe a training; `model` is the id of the model that it logged."""
    command = _command(run, record, f"train@{record.loss}-{record.seed}")
    made = f"A tagger trained with the loss `{record.loss}` by {command}."
    _write(run.data.tags, made + _use(f"models:/{model}"), lambda *tag: store.client.set_tag(run.info.run_id, *tag))


def describe_loss(store: Store, run: Run, record: Record) -> None:
    """Describe the run of a loss with several seeds."""
    seeds = ", ".join(map(str, record.seeds))
    text = f"The loss `{record.loss}`, one training for each of the seeds {seeds}: means, standard deviations as `_sd`."
    _write(run.data.tags, text, lambda *tag: store.client.set_tag(run.info.run_id, *tag))


def describe_group(store: Store, group: Run, record: Record) -> None:
    """Describe how the losses of a group compare, once there is a report; the newest group describes the experiment."""
    run_id = group.info.run_id
    links = " · ".join(f"[{name}]({link})" for name, link in links_to(store, run_id).items())
    seed = "seeds" if record.several else "seed"
    made = f"One training for each loss, with the same data, {seed} and settings, by {_command(group, record)}."
    if report := record.files.get(f"{OF_GROUP}/compare.json"):
        comparison = read_json(report, "the output of `report`")
        made = f"{comparison['summary']}\n\n{made} `report.html` among the artifacts shows all results."
    elif NOTE in group.data.tags:
        return
    _write(group.data.tags, f"{made}\n\n{links}", lambda *tag: store.client.set_tag(run_id, *tag))
    if report and search(store, f"tags.{KIND} = 'pipeline'")[0].info.run_id == run_id:
        right = {pair["first"]: f"{100 * pair['accuracy']['first']:.2f} %" for pair in comparison["pairs"]}
        head = f"**Right on test: {', '.join(map(' '.join, right.items()))}** · {links}"
        tags = store.client.get_experiment(store.experiment).tags
        text = f"{head}\n\n{made}\n\n{ABOUT}"
        _write(tags, text, lambda *tag: store.client.set_experiment_tag(store.experiment, *tag))


def describe_version(store: Store, run: Run, record: Record, version: str) -> None:
    """Describe a registered model and one of its versions, unless they have a description."""
    client, name = store.client, record.registered_model
    if not client.get_registered_model(name).description:
        client.update_registered_model(name, REGISTERED + _use(f"models:/{name}@champion"))
    if not client.get_model_version(name, version).description:
        made = f"A tagger trained with the loss `{record.loss}`, exported by {_command(run, record, 'export')}."
        text = made + _use(f"models:/{name}/{version}")
        if card := record.files.get(f"{EXPORTED}/model_card.md"):
            text += "\n\n" + card.read_text(encoding="utf-8").rpartition("\n---\n")[2]  # without its head for the Hub
        client.update_model_version(name, version, text[:MOST_CHARACTERS])


def links_to(store: Store, group: str) -> dict[str, str]:
    """Return links to the runs of an experiment and to the trainings of a group, from the # of their addresses on."""
    runs = f"#/experiments/{store.experiment}/runs?workflowType=machine_learning"
    # Sorted by time, MLflow would show the row of the group, closed, in place of its trainings.
    order = quote(f"metrics.`{MAIN_METRIC}`")
    conditions = (f"tags.`{tag}` = '{group}'" for tag in (PARENT, GROUP_RUN if seeds_of(store, group) else PARENT))
    losses, trainings = (f"{runs}&searchFilter={quote(each)}&orderByKey={order}" for each in conditions)
    return {
        "losses": f"{runs}&viewStateShareKey={VIEW}",
        "probabilities": f"{losses}&compareRunsMode=ARTIFACT",
        "curves": f"{trainings}&compareRunsMode=CHART",
    }


def _write(tags: Mapping[str, str], text: str, write: Callable[[str, str], None]) -> None:
    present = tags.get(NOTE, "")
    if present != text and (not present or _digest(present) == tags.get(OURS)):
        write(OURS, _digest(text))
        write(NOTE, text)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _command(run: Run, record: Record, stage: str = "") -> str:
    """Return the command that made a run."""
    if record.experiment:
        return f"`dvc exp run`; `dvc exp apply {record.experiment}` restores its files"
    commit = run.data.tags.get("git.commit")
    changes = " with changes" if run.data.tags.get("git.dirty") == "true" else ""
    return f"`{f'dvc repro {stage}'.strip()}`" + (f" at commit `{commit[:7]}`{changes}" if commit else "")


def _use(uri: str) -> str:
    command = f'python -m tagger predict --model {uri} "The dog ate the book"'
    return f'\n\nTo use it: `{command}`, or `mlflow.pyfunc.load_model("{uri}")`.'
