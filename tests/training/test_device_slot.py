"""One run at a time on a device; of a run by several processes, each has a GPU of its own."""

import socket
from collections.abc import Callable

import pytest

from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.device_slot import device_slot, run_devices
from blitz.training.locks import is_held, run_lock, slot_lock
from blitz.training.store import Run, RunStore


class GivenUpError(Exception):
    """Waited long enough."""


@pytest.fixture
def on_two_gpus(home_store: RunStore) -> Run:
    """A run that waits for two GPUs; nothing of it is trained here."""
    host = socket.gethostname()
    config = TrainConfig(processes=2)
    return home_store.create_run(name="r", config=config, device="cuda:0", token="t", host=host)


def taken(settings: Settings) -> list[bool]:
    host = socket.gethostname()
    locks = [slot_lock(settings.slots_folder, host, f"cuda:{index}") for index in range(3)]
    return [is_held(lock) for lock in locks]


def giving_up_after(looks: int) -> Callable[[], None]:
    left = [None] * looks

    def look() -> None:
        if not left:
            raise GivenUpError
        left.pop()

    return look


def test_a_run_of_two_processes_holds_two_gpus(
    settings: Settings, home_store: RunStore, on_two_gpus: Run
) -> None:
    assert run_devices(on_two_gpus) == ["cuda:0", "cuda:1"]
    with device_slot(
        settings, home_store, on_two_gpus, siblings=(), look=giving_up_after(1), tell=print
    ):
        assert taken(settings) == [True, True, False]
    assert taken(settings) == [False, False, False]


def test_a_younger_run_leaves_its_gpu_to_an_older_one_that_needs_two(
    settings: Settings, home_store: RunStore, on_two_gpus: Run
) -> None:
    host = socket.gethostname()
    home_store.change_status(on_two_gpus.id, {"starting"}, "queued")
    younger = home_store.create_run(
        name="y", config=TrainConfig(), device="cuda:1", token="y", host=host
    )
    folder = settings.runs_folder / on_two_gpus.id
    folder.mkdir(parents=True)
    give_up = giving_up_after(2)
    with (
        run_lock(folder),  # the older one lives
        pytest.raises(GivenUpError),
        device_slot(settings, home_store, younger, siblings=(), look=give_up, tell=print),
    ):
        pass
    with device_slot(
        settings, home_store, younger, siblings=(), look=giving_up_after(1), tell=print
    ):
        assert taken(settings) == [False, True, False]  # the older one died


def test_it_waits_for_both_and_holds_neither_meanwhile(
    settings: Settings, home_store: RunStore, on_two_gpus: Run
) -> None:
    told: list[str] = []
    seen: list[bool] = []
    give_up = giving_up_after(2)

    def look() -> None:
        seen.append(is_held(slot_lock(settings.slots_folder, socket.gethostname(), "cuda:0")))
        give_up()

    settings.slots_folder.mkdir(parents=True, exist_ok=True)
    with (
        slot_lock(settings.slots_folder, socket.gethostname(), "cuda:1"),
        pytest.raises(GivenUpError),
        device_slot(settings, home_store, on_two_gpus, siblings=(), look=look, tell=told.append),
    ):
        pass
    assert told == ["waiting for cuda:0, cuda:1: another run computes there"]
    assert seen == [False, False, False]
