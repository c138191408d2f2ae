import torch

from tagger.report.questions.textbook import textbook


def test_the_worked_example() -> None:
    example = textbook("nll", torch.tensor([[0.5, 0.5]]).log(), torch.tensor([0]))["example"]
    assert example == {
        "probabilities": [[0.8, 0.2], [0.6, 0.4]],
        "right": [0, 0],
        "mean": 0.366985,  # (0.223144 + 0.510826) / 2
        "sum": 0.733969,
        "fed_probabilities": -0.7,  # -(0.8 + 0.6) / 2
    }


def test_the_same_on_a_split() -> None:
    log_probabilities = torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.0625, 0.9375]], dtype=torch.float64).log()
    found = textbook("mse", log_probabilities, torch.tensor([0, 1, 0]))
    assert found["dev"] == {
        "model": "mse",
        "tokens": 3,
        "mean": 1.61734,  # (2 + 1 + 4) * ln 2 / 3
        "sum": 4.85203,
        "fed_probabilities": -0.270833,  # -(1/4 + 1/2 + 1/16) / 3
    }
