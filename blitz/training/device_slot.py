"""Waits for a run's turn on its device, in the order in which runs were made: one at a time.

On a cluster Ray has given the run its share of a device before the process began.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from blitz.settings import Settings
from blitz.training.locks import is_held, run_lock, slot_lock
from blitz.training.processes import processes_here
from blitz.training.store import Run, RunStore, StoreError

POLL_SECONDS = 0.2

log = logging.getLogger(__name__)


@contextmanager
def device_slot(
    settings: Settings,
    store: RunStore,
    run: Run,
    *,
    siblings: Collection[str],
    look: Callable[[], None],
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Hold the slot of the run's device, once no older living run waits for it.

    `siblings` are ids of the runs that this process carries out itself, in an order of its own.
    `look` is called at each look at the slot, and may raise to give up; `tell` says that it waits.
    """
    if settings.ray_address:
        yield
        return
    settings.slots_folder.mkdir(parents=True, exist_ok=True)
    devices = run_devices(run, processes_here())
    slots = [slot_lock(settings.slots_folder, run.host, device) for device in devices]
    is_told = False
    while True:
        look()
        with ExitStack() as taken:
            if _take_all(slots, taken) and _is_first(settings, store, run, devices, siblings):
                held = taken.pop_all()
                break
        if not is_told:
            is_told = True
            tell(f"waiting for {', '.join(devices)}: another run computes there")
        time.sleep(POLL_SECONDS)
    with held:
        yield


def run_devices(run: Run, started_here: int = 1) -> list[str]:
    """The devices of this machine that a run computes on: of several processes each has a GPU.

    `started_here`: how many torchrun has started here, where that is known.
    """
    processes = max(started_here, run.config.processes)
    if processes > 1 and run.device.startswith("cuda"):
        return [f"cuda:{index}" for index in range(processes)]
    return [run.device]


def _take_all(slots: Sequence[FileLock], taken: ExitStack) -> bool:
    """Take all these locks, to be freed with the stack, or say that one is taken."""
    for slot in slots:
        try:
            taken.enter_context(slot.acquire(timeout=0))
        except Timeout:
            return False
    return True


def _is_first(
    settings: Settings, store: RunStore, run: Run, devices: Sequence[str], siblings: Collection[str]
) -> bool:
    """Whether no older living run waits for one of the devices."""
    try:
        waiting = store.waiting_runs()
    except StoreError as error:
        log.warning("%s; the queue is looked at again", error)
        return False
    for other in waiting:
        if other.number >= run.number:
            return True
        if other.id in siblings or not set(devices) & set(run_devices(other)):
            continue
        folder = settings.runs_folder / other.id
        if other.host == run.host and is_held(run_lock(folder)):
            return False
    return True
