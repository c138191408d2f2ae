"""Links into MLflow's UI: a table of the losses, their probabilities side by side, their curves in one chart."""

from collections.abc import Sequence
from urllib.parse import quote

from tagger.predict.mlflow_store import address, reporting, tracking_uri
from tagger.predict.store_address import kind_of
from tagger.tracking.runs import GROUP_RUN, MODEL, PARENT, group_of, search, seeds_of
from tagger.tracking.store import MAIN_METRIC, VIEW, Store, connect

UI = "http://127.0.0.1:5000"  # where `mlflow ui` listens


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


@reporting()
def links_to_models(models: Sequence[tuple[str, str]]) -> str:
    """Return links to the group of the first of these models that has a run, one per line; empty if none has.

    Each model is a loss and a fingerprint.
    """
    store = connect(to_write=False)
    found = (
        run for loss, model in models for run in search(store, f"tags.`{MODEL}` = '{model}' and tags.loss = '{loss}'")
    )
    group = next(filter(None, map(group_of, found)), None)
    if group is None:
        return ""
    at = kind_of(tracking_uri()) in ("http", "https")
    server = address().replace("***@", "").removesuffix("?***").rstrip("/") if at else UI
    lines = [f"  {name:<15}{server}/{link}" for name, link in links_to(store, group).items()]
    return "\n".join(["In MLflow, once `make ui` or `mlflow ui` runs:", *lines])
