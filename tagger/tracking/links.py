"""Links into MLflow's UI: a table of the losses, their probabilities side by side, their curves in one chart."""

from urllib.parse import quote

from tagger.core.common.errors import TaggerError
from tagger.core.common.paths import model_folder
from tagger.core.network.model_folder import fingerprint
from tagger.core.params.reader import read_params
from tagger.core.params.schema import ReportView
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


def links_text() -> str:
    """Return links to the models on disk in MLflow's UI, one per line; empty if it has none or does not answer."""
    try:
        uri = tracking_uri()
        links = _links_to_outputs()
    except TaggerError:
        return ""
    server = address().replace("***@", "").removesuffix("?***").rstrip("/") if kind_of(uri) in ("http", "https") else UI
    lines = [f"  {name:<15}{server}/{link}" for name, link in links.items()]
    return "\n".join(["In MLflow, once `make ui` or `mlflow ui` runs:", *lines]) if lines else ""


@reporting()
def _links_to_outputs() -> dict[str, str]:
    store = connect(to_write=False)
    for training in read_params(ReportView).trainings:
        model = fingerprint(model_folder(*training))
        for run in search(store, f"tags.`{MODEL}` = '{model}' and tags.loss = '{training.loss}'"):
            if group := group_of(run):
                return links_to(store, group)
    return {}
