"""Carries out one run of the store in this process.

The process holds the run's lock for its whole life, which is how others know that it lives. What
is done meanwhile, `work` knows.
"""

import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from filelock import Timeout

from blitz.settings import Settings
from blitz.training.checkpoint_writer import describe_disk_fault
from blitz.training.locks import run_lock
from blitz.training.recorder import Recorder
from blitz.training.runs import BEGINS_AGAIN
from blitz.training.store import ACTIVE, Run, RunStatus, RunStore, ShownStatus, StoreError
from blitz.training.work import Nobody, StoppedEarly, Watcher, Work

if TYPE_CHECKING:  # torch is imported once the device is free
    from blitz.training.team import Team

LOCK_SECONDS = 2.0
"""How long a lock is tried for that somebody may be looking at."""

UNFINISHED: frozenset[ShownStatus] = (ACTIVE - {"starting"}) | {"stopped", "failed"}
"""From which a run can be gone on with, once nobody holds its lock."""

_PEER_IS_GONE = "Connection (closed|reset) by peer|Broken pipe|Socket closed|remote process exited"
"""What gloo and NCCL say where another of several processes is no more."""

log = logging.getLogger(__name__)


def run(
    settings: Settings,
    store: RunStore,
    run_id: str,
    watcher: Watcher | None = None,
    team: "Team | None" = None,
) -> RunStatus | None:
    """Carry out a run that is "starting", and return how it ended.

    With a `team`, this is its first process; the others `follow`. None where another process has
    the run or it is not to be started: then nothing was done.
    A failure is recorded, its traceback logged, and raised as RunFailedError.
    """
    taken = take(settings, store, run_id, may_go_on=team is not None)
    if taken is None:
        if team is not None:
            team.agree(None)
        return None
    record, lock = taken
    with lock:
        folder = settings.runs_folder / run_id
        try:
            # torchrun passes on each signal that its own process gets beside this one.
            signals = stop_on_signals(is_patient=team is not None)
            with signals as is_interrupted, Recorder(store, record, folder) as recorder:
                looking = watcher or Nobody()
                work = Work(settings, store, record, recorder, is_interrupted, looking, team)
                begins_again = team is not None and team.begins_again
                status = _carry_out(work, record, recorder, begins_again=begins_again)
        except RunFailedError:
            raise
        except Exception as error:  # of the recorder, which can record nothing more
            message = describe_failure(error, record)
            with suppress(StoreError):  # then it shows as lost
                store.change_status(run_id, ACTIVE, "failed", message)
            raise RunFailedError(message) from error
    log.info("run %s: %s", run_id, status)
    return status


def take(
    settings: Settings, store: RunStore, run_id: str, *, may_go_on: bool = False
) -> tuple[Run, AbstractContextManager[object]] | None:
    """Take the lock of a run that is "starting", and queue it; who leaves the context lets go.

    With `may_go_on` also one that has ended early, or whose process is gone: torchrun begins
    again what broke, and a run can be gone on with on other machines. None where another process
    has the run, or it is not to be started.
    """
    folder = settings.runs_folder / run_id
    _require_shared(settings, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(run_lock(folder).acquire(timeout=LOCK_SECONDS, poll_interval=0.01))
        except Timeout:
            log.info("another process carries out run %s", run_id)
            return None
        run = store.get_run(run_id)
        if run is not None and may_go_on and run.status in UNFINISHED:
            # Whoever asked something of a run that had not ended, asked it of this attempt.
            is_asked = run.status in ACTIVE
            store.begin_attempt(run_id, {run.status}, device=run.device, keep_commands=is_asked)
            run = store.get_run(run_id)
        if settings.ray_address and run is not None and run.status == "starting":
            # Which machine of the cluster it is, is known only now; first it gives a sign of life.
            store.heartbeat(run_id)
            store.update_run(run_id, host=socket.gethostname())
        if run is None or not store.change_status(run_id, {"starting"}, "queued"):
            log.info("run %s is not waiting to be started", run_id)
            return None
        log.info("process %d carries out run %s", os.getpid(), run_id)
        return run, stack.pop_all()


def _require_shared(settings: Settings, folder: Path) -> None:
    """ValueError where a cluster has this run carried out on a machine without its folder."""
    if settings.ray_address and not folder.is_dir():
        raise ValueError(
            f"BLITZ_HOME: {socket.gethostname()} has no run {folder.name} in {settings.home}; "
            "expected one folder that all machines of the cluster share"
        )


def _carry_out(work: "Work", run: Run, recorder: Recorder, *, begins_again: bool) -> RunStatus:
    try:
        status, message = work.carry_out()
    except StoppedEarly:
        status, message = "stopped", "stopped before training began"
    except Exception as error:
        # Whatever it was: the store must not go on saying that the run is under way.
        message = describe_failure(error, run)
        log.exception("run %s failed: %s", run.id, message)
        if begins_again and not isinstance(error, ValueError):
            recorder.status("queued", f"{BEGINS_AGAIN} {message}")
        else:
            recorder.status("failed", message)
        raise RunFailedError(message) from error
    recorder.status(status, message)
    return status


class RunFailedError(Exception):
    """A run failed; the message is one line for a person, the cause what went wrong."""


def describe_failure(error: Exception, run: Run) -> str:
    """One line for a person about what ended a run."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    of_torch = str(error) if isinstance(error, RuntimeError) else ""
    if re.search(_PEER_IS_GONE, of_torch):
        return "another process broke"
    is_memory = re.search("out of memory|can't allocate memory", of_torch)
    if is_memory or isinstance(error, MemoryError):
        return f"out of memory: try a smaller batch size than {run.config.batch_size:,}"
    if isinstance(error, OSError) and error.errno is not None:
        return describe_disk_fault(error)
    if isinstance(error, ValueError | StoreError):
        return text
    return f"{type(error).__name__}: {text}"


@contextmanager
def stop_on_signals(*, is_patient: bool = False) -> Iterator[threading.Event]:
    """An event that the first SIGTERM, SIGINT or SIGHUP sets; the second acts as ever.

    Whoever is patient stays so: the second one does nothing either.
    """
    is_interrupted = threading.Event()
    numbers: list[int] = [signal.SIGTERM, signal.SIGINT]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)  # the terminal was closed, and nobody said nohup
    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        is_interrupted.set()
        if not is_patient:
            signal.signal(number, before[number] or signal.SIG_DFL)

    for number in numbers:
        before[number] = signal.signal(number, interrupt)
    try:
        yield is_interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
