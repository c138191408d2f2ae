import subprocess
import sys

import pytest
import torch

from tagger.core.common.errors import InputError
from tagger.core.network.device import be_deterministic, choose_device, seed_random


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.mark.usefixtures("no_cuda")
def test_cuda_without_one_is_a_clear_error() -> None:
    with pytest.raises(InputError) as caught:
        choose_device("cuda")
    assert str(caught.value) == ("device: got 'cuda', but torch finds no CUDA device here; expected 'auto' or 'cpu'")


@pytest.mark.usefixtures("no_cuda")
def test_auto_without_cuda_is_the_cpu() -> None:
    assert choose_device("auto") == torch.device("cpu")


@pytest.mark.usefixtures("cuda")
def test_auto_with_cuda_takes_it() -> None:
    assert choose_device("auto") == torch.device("cuda")


@pytest.mark.usefixtures("cuda")
def test_each_process_of_a_machine_takes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose_device("auto") == torch.device("cuda:1")


@pytest.mark.usefixtures("cuda")
def test_cuda_can_be_asked_for() -> None:
    assert choose_device("cuda") == torch.device("cuda")


@pytest.mark.usefixtures("cuda")
def test_the_cpu_can_be_asked_for_beside_cuda() -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_the_cpu_works_in_one_thread() -> None:
    torch.set_num_threads(2)
    choose_device("cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("cuda")
def test_cuda_works_deterministically() -> None:
    torch.use_deterministic_algorithms(False)
    choose_device("cpu")
    assert not torch.are_deterministic_algorithms_enabled()
    choose_device("cuda")
    assert torch.are_deterministic_algorithms_enabled()


def test_determinism_needs_no_filled_memory() -> None:
    torch.use_deterministic_algorithms(False)
    be_deterministic()
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]


def test_a_seed_gives_the_numbers_that_torch_gives_for_it() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    seed_random(7, torch.device("cpu"))
    assert torch.equal(torch.rand(3), expected)


def test_the_device_is_seeded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    seed_random(7, torch.device("cpu"))
    assert seeds == []
    seed_random(7, torch.device("cuda:1"))
    assert seeds == [7]


def test_sparse_gradients_need_no_warning() -> None:
    code = """if True:
        import sys, torch
        from tagger.core.network.device import be_deterministic
        if sys.argv[1:]:
            be_deterministic()
        torch.sparse_coo_tensor(torch.tensor([[0, 1]]), torch.ones(2, 3), (5, 3))
    """
    command = [sys.executable, "-W", "error", "-c", code]
    assert "Sparse invariant checks" in subprocess.run(command, capture_output=True, text=True, check=False).stderr
    subprocess.run([*command, "quietly"], check=True)
