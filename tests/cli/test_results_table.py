from tagger.cli.results_table import metrics_table


def test_the_table_has_one_row_per_loss() -> None:
    table = metrics_table(
        {
            "nll": {"accuracy": 0.95, "unknown_accuracy": 0.8, "nll": 0.123456},
            "cross_entropy": {"accuracy": 1.0, "unknown_accuracy": None, "nll": 12},
        }
    )
    assert table == (
        "               accuracy  unknown_accuracy     nll\n"
        "nll              0.9500            0.8000  0.1235\n"
        "cross_entropy    1.0000                 - 12.0000"
    )


def test_a_metric_that_no_loss_has_is_a_dash() -> None:
    table = metrics_table({"nll": {"accuracy": 0.5, "nll": None}, "mse": {"accuracy": 0.25, "nll": None}})
    assert [row.split() for row in table.splitlines()] == [
        ["accuracy", "nll"],
        ["nll", "0.5000", "-"],
        ["mse", "0.2500", "-"],
    ]


def test_a_loss_that_lacks_a_metric_gets_a_dash() -> None:
    table = metrics_table({"nll": {"accuracy": 0.5}, "mse": {"accuracy": 0.25, "more": 1.0}})
    assert [row.split()[1:] for row in table.splitlines()[1:]] == [["0.5000", "-"], ["0.2500", "1.0000"]]
