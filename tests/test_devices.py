"""What can compute here."""

import os
from pathlib import Path

import pytest
import torch

from blitz.devices import describe_machine, list_devices, memory_in_use, resolve_device


def test_the_processor_is_always_there_and_first() -> None:
    assert list_devices()[0].name == "cpu"
    assert resolve_device("cpu") == "cpu"


def test_every_cuda_device_is_listed() -> None:
    names = [device.name for device in list_devices() if device.name.startswith("cuda")]
    assert names == [f"cuda:{index}" for index in range(torch.cuda.device_count())]


def test_auto_is_an_accelerator_where_there_is_one() -> None:
    names = [device.name for device in list_devices()]
    assert resolve_device("auto") == (names[1] if len(names) > 1 else "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "", "cuda:-1"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"device: .* was given; this machine has cpu"):
        resolve_device(name)


def test_machine_tells_versions_and_cores() -> None:
    machine = describe_machine()
    assert machine.torch_version == torch.__version__
    assert machine.num_cores == os.cpu_count()


def test_memory_in_use_grows_with_a_tensor() -> None:
    before = memory_in_use(torch.device("cpu"))
    kept = torch.ones(50_000_000)
    assert memory_in_use(torch.device("cpu")) - before > 0.9 * kept.nbytes


def test_without_proc_the_peak_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = torch.ones(25_000_000)
    now = memory_in_use(torch.device("cpu"))

    def missing(path: Path) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", missing)
    peak = memory_in_use(torch.device("cpu"))
    # The kernel counts the pages of each in its own way, a few megabytes apart.
    assert 0.9 * now < peak < 2**40
    assert kept.nbytes < peak
