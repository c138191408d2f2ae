"""Links into MLflow's UI: the losses as a table, their probabilities side by side, their curves in one chart."""

import re
from urllib.parse import quote

from tagger.core.common.errors import TaggerError
from tagger.core.common.paths import model_folder
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
from tagger.predict.mlflow_store import kind_of, reporting, tracking_uri
from tagger.tracking.runs import MODEL, PARENT, search
from tagger.tracking.store import MAIN_METRIC, VIEW, Store, connect

UI = "http://127.0.0.1:5000"  # where `mlflow ui` listens


def links_to(store: Store, group: str) -> dict[str, str]:
    """Return links to the runs of an experiment and to the trainings of a group, from the # of their addresses on."""
    runs = f"#/experiments/{store.experiment}/runs?workflowType=machine_learning"
    # Sorted by time, MLflow would show the row of the group, closed, in place of its trainings.
    of_group = f"tags.`{PARENT}` = '{group}'", f"metrics.`{MAIN_METRIC}`"
    trainings = "{}&searchFilter={}&orderByKey={}".format(runs, *map(quote, of_group))
    return {
        "losses": f"{runs}&viewStateShareKey={VIEW}",
        "probabilities": f"{trainings}&compareRunsMode=ARTIFACT",
        "curves": f"{trainings}&compareRunsMode=CHART",
    }


def links_text() -> str:
    """Return links to what MLflow has of the models on the disk, one per line; empty if it has nothing, or is away."""
    uri = tracking_uri()
    try:
        links = _links_to_outputs()
    except TaggerError:
        return ""
    server = re.sub("//[^/]*@", "//", uri.rstrip("/")) if kind_of(uri) in ("http", "https") else UI
    lines = [f"  {name:<15}{server}/{link}" for name, link in links.items()]
    return "\n".join(["In MLflow, once `make ui` or `mlflow ui` runs:", *lines]) if lines else ""


@reporting()
def _links_to_outputs() -> dict[str, str]:
    store = connect(to_write=False)
    for loss in read_params(ReportView).losses:
        for run in search(store, f"tags.`{MODEL}` = '{fingerprint(model_folder(loss))}' and tags.loss = '{loss}'"):
            if group := run.data.tags.get(PARENT):
                return links_to(store, group)
    return {}
