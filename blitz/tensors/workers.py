"""Processes that run people's programs: few, limited, warm, and replaced when they have to go.

They are forked from a server process that has PyTorch imported and its fake tensors tried once,
so that a new one is there in a moment. Each has a limit on its memory, opens no file to write and
no connection, and is killed when a program takes too long.
"""

import atexit
import multiprocessing
import signal
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.context import BaseContext
from threading import Lock

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from blitz.tensors.evaluation import Evaluation
from blitz.tensors.faults import Fault
from blitz.tensors.limits import Limits
from blitz.tensors.packing import Packed, unpack
from blitz.tensors.running import RESULT, Report, report
from blitz.tensors.worker import PRELOAD, be_a_worker

NUM_WORKERS = 2


class Workers:
    """A pool of processes that evaluate programs."""

    def __init__(self, num_workers: int = NUM_WORKERS, limits: Limits | None = None) -> None:
        self._num_workers = num_workers
        self._limits = limits or Limits()
        self._changing = Lock()
        self._pool = self._new_pool()

    def start(self) -> None:
        """Have the processes started, which takes seconds; returns once each can work."""
        ready = [
            self._pool.schedule(report, args=("", "cpu", 0, self._limits))
            for _ in range(self._num_workers)
        ]
        for each in ready:
            each.result()

    def evaluate(self, source: str, device: str = "cpu", seed: int = 0) -> Evaluation:
        """Run a program in a worker and wait for what comes of it."""
        try:
            found = self._report(source, device, seed)
        except FutureTimeoutError:
            found = _failed(f"the program was stopped after {self._limits.clock_seconds:g} s")
        except ProcessExpired as error:
            found = _failed(_reason(error.exitcode))
        except Exception as error:  # noqa: BLE001 - a fault of ours there, and here one line
            found = _failed(f"this program cannot be carried out ({type(error).__name__}: {error})")
        return _evaluation(found, source, device, seed)

    def close(self) -> None:
        """End the processes."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _report(self, source: str, device: str, seed: int) -> Report:
        task = (source, device, seed, self._limits)
        try:
            return self._schedule(task).result()
        except BrokenProcessPool:
            # Processes were ended while they had nothing to do: the pool gives up, we do not.
            return self._schedule(task).result()

    def _schedule(self, task: tuple[str, str, int, Limits]) -> "ProcessFuture[Report]":
        with self._changing:
            if not self._pool.active:
                self.close()
                self._pool = self._new_pool()
            return self._pool.schedule(report, args=task, timeout=self._limits.clock_seconds)

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._num_workers,
            context=_context(),
            initializer=be_a_worker,
            initargs=(self._limits.num_bytes,),
        )


_starting = Lock()


def shared_workers() -> Workers:
    """The workers that everybody in this process shares."""
    with _starting:
        return _shared_workers()


@cache
def _shared_workers() -> Workers:
    workers = Workers()
    atexit.register(workers.close)
    return workers


def evaluate(source: str, device: str = "cpu", *, seed: int = 0) -> Evaluation:
    """Run a few lines of PyTorch in a limited process.

    device: where tensors are made unless the program says otherwise, and the program's variable
    `device`. seed: of its random numbers.

    Whatever is wrong with the program is in the evaluation's `error`; nothing is raised.
    """
    return shared_workers().evaluate(source, device, seed)


def not_carried_out(source: str, device: str, seed: int, *, reason: str) -> Evaluation:
    """The evaluation of a program that was not run, in one line why."""
    return _evaluation(_failed(reason), source, device, seed)


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD])
    return context


def _failed(message: str) -> Report:
    return Report(fault=Fault(message=message, span=None), values=Packed(values={}, memories=()))


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"the process that ran the program was ended ({signal.Signals(-exit_code).name})"
    return f"the process that ran the program ended (exit code {exit_code})"


def _evaluation(found: Report, source: str, device: str, seed: int) -> Evaluation:
    values = unpack(found.values)
    return Evaluation(
        source=source,
        device=device,
        seed=seed,
        value=values.pop(RESULT, None),
        variables=values,
        fault=found.fault,
        shown=found.shown,
        storages=found.storages,
        calls=found.calls,
        printed=found.printed,
        seconds=found.seconds,
    )
