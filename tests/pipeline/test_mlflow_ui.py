"""What a person sees in MLflow: the pages that the printed links open, and the way there from its first page."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.mlflow_ui import FILTER, Page, mlflow_ui
from tests.report.page.test_browser import needs_browser, start_browser
from tests.stores import store_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_browser]
LOSSES = ("nll", "cross_entropy")


@pytest.fixture(scope="module")
def server(finished: Project) -> Iterator[str]:
    with mlflow_ui(finished.root) as address:
        yield address


@pytest.fixture
def page(server: str, tmp_path: Path) -> Iterator[Page]:
    """A browser that was never in MLflow before, on its first page."""
    browser = start_browser(tmp_path / "profile")
    browser.set_window_size(1900, 1000)
    page = Page(browser)
    page.open(server)
    yield page
    browser.quit()


@pytest.fixture(scope="module")
def addresses(server: str, finished: Project) -> dict[str, str]:
    """The links that `results` prints, by their names."""
    printed = finished.run("python", "-m", "tagger", "results").partition("In MLflow")[2]
    links = dict(line.split() for line in printed.splitlines()[1:])
    assert all(link.startswith("http://127.0.0.1:5000/#/") for link in links.values())
    return {name: link.replace("http://127.0.0.1:5000", server) for name, link in links.items()}


@pytest.fixture(scope="module")
def accuracies(finished: Project) -> dict[str, float]:
    """The accuracy of each loss on test."""
    files = {loss: (finished.root / f"metrics/evaluate/{loss}/1.json").read_text(encoding="utf-8") for loss in LOSSES}
    return {loss: json.loads(text)["accuracy"] for loss, text in files.items()}


def test_a_link_opens_the_table_of_runs_with_its_rows_and_columns(
    page: Page, addresses: dict[str, str], accuracies: dict[str, float]
) -> None:
    page.open(addresses["losses"])
    lines = page.shows("test/accuracy", "test/nll", "best_dev_accuracy", "loss", *LOSSES).splitlines()
    for value in accuracies.values():
        assert f"{value:.6g}" in lines


def test_a_link_opens_the_probabilities_of_all_losses_side_by_side(page: Page, addresses: dict[str, str]) -> None:
    page.open(addresses["probabilities"])
    page.shows("probabilities.json", "1.2 ", *LOSSES)
    page.lacks("(empty)")
    page.write(FILTER, "wrong")
    page.lacks("1.1 Is\n")
    page.shows("(wrong, gold ")


def test_a_link_opens_the_curves_of_all_losses_in_one_chart(page: Page, addresses: dict[str, str]) -> None:
    page.open(addresses["curves"])
    page.shows("dev\n(2)", "dev/accuracy", "nll (dev/accuracy)", "cross_entropy (dev/accuracy)")


def test_two_clicks_from_the_first_page_lead_to_both_accuracies_and_one_more_to_the_probabilities(
    page: Page, accuracies: dict[str, float]
) -> None:
    page.click("//*[text()='Model training']")
    page.click("//a[text()='lstm-tagger']")
    page.shows(*(f"{loss} {100 * accuracy:.2f} %" for loss, accuracy in accuracies.items()))
    page.click("//a[text()='probabilities']")
    page.shows("probabilities.json", "1.2 ", *LOSSES)


def test_no_column_is_empty_where_the_group_stands_beside_its_losses(
    page: Page, server: str, finished: Project
) -> None:
    (group,) = store_of(finished).groups()
    page.open(f"{server}/#/experiments/1/runs?workflowType=machine_learning&compareRunsMode=ARTIFACT")
    page.shows("probabilities.json", group.info.run_name, "; nll ", "; cross_entropy ")
    page.lacks("(empty)")
    page.open(f"{server}/#/experiments/1/runs/{group.info.run_id}/model-metrics?workflowType=machine_learning")
    page.shows("best dev accuracy\n(2)", "test accuracy\n(2)", *LOSSES)
    page.open(f"{server}/#/experiments/1/runs/{group.info.run_id}?workflowType=machine_learning")
    page.shows("No difference between", "One training for each loss", "Metrics (4)")
