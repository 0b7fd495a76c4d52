"""Waits for a run's turn on its device, in the order in which runs were made: one at a time."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from filelock import Timeout

from blitz.settings import Settings
from blitz.training.locks import is_held, run_lock, slot_lock
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
    slot = slot_lock(settings.slots_folder, run.host, run.device)
    settings.slots_folder.mkdir(parents=True, exist_ok=True)
    is_told = False
    while True:
        look()
        try:
            slot.acquire(timeout=0)
        except Timeout:
            pass
        else:
            if _is_first(settings, store, run, siblings):
                break
            slot.release()
        if not is_told:
            is_told = True
            tell(f"waiting for {run.device}: another run computes there")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        slot.release()


def _is_first(settings: Settings, store: RunStore, run: Run, siblings: Collection[str]) -> bool:
    try:
        waiting = store.waiting_runs(run.device)
    except StoreError as error:
        log.warning("%s; the queue is looked at again", error)
        return False
    for other in waiting:
        if other.number >= run.number:
            return True
        if other.id in siblings:
            continue
        folder = settings.runs_folder / other.id
        if other.host == run.host and is_held(run_lock(folder)):
            return False
    return True
