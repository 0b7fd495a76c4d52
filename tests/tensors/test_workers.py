"""Programs in processes of their own: real ones, really stopped and really killed."""

import multiprocessing
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from pebble import ProcessPool
from torch import Tensor

from blitz.tensors import evaluate
from blitz.tensors.summaries import TensorSummary
from blitz.tensors.worker import be_a_worker
from blitz.tensors.workers import Workers

LONG = "x = torch.ones(1)\n" + "x.expand(10**8).std()\n" * 30
"""Within the limits, as these are estimated, and yet it takes many seconds."""


def test_evaluate_returns_the_values_themselves() -> None:
    evaluation = evaluate("x = torch.ones(4, 4)\nx[:, 1] = 0\nprint(x.shape)\nx @ x.T")
    assert evaluation.error is None
    assert isinstance(evaluation.value, Tensor)
    assert torch.equal(evaluation.value, torch.full((4, 4), 3.0))
    assert list(evaluation.variables) == ["x"]
    assert evaluation.printed == "torch.Size([4, 4])\n"
    assert [call.operation for call in evaluation.calls] == [
        "torch.ones", "x[...] = v", "@",
    ]  # fmt: skip
    assert [variable.name for variable in evaluation.shown] == ["x", ""]


def test_an_error_is_one_line_with_its_place_and_keeps_what_was_before() -> None:
    evaluation = evaluate("x = torch.ones(2, 3)\nx @ x")
    assert evaluation.error is not None
    assert evaluation.error.startswith("line 2, column 1: ")
    assert evaluation.value is None
    assert list(evaluation.variables) == ["x"]


def test_tensors_that_share_memory_share_it_on_this_side_too(workers: Workers) -> None:
    values = workers.evaluate(
        "x = torch.arange(12.)\ny = x.reshape(3, 4).T\nn = np.arange(6.)\nm = n[::-2]\n"
        "t = torch.from_numpy(n)\nz = torch.tensor([1, 2]) * 1j\nparts = x.chunk(2)"
    ).variables
    x, y, n, m, t = (values[name] for name in "xynmt")
    assert isinstance(x, Tensor)
    assert isinstance(y, Tensor)
    assert isinstance(t, Tensor)
    assert isinstance(n, np.ndarray)
    assert isinstance(m, np.ndarray)
    assert y.stride() == (1, 4)
    x[5] = 100
    assert y[1, 1] == 100
    assert values["parts"][0][5] == 100  # type: ignore[index]
    t.add_(1)
    assert n.tolist() == [1, 2, 3, 4, 5, 6]
    assert m.tolist() == [6, 4, 2]
    assert torch.equal(values["z"], torch.tensor([1j, 2j]))  # type: ignore[arg-type]


def test_leaves_come_back_with_their_gradients(workers: Workers) -> None:
    values = workers.evaluate(
        "x = torch.tensor([2., 3.], requires_grad=True)\n(x ** 2).sum().backward()"
    ).variables
    x = values["x"]
    assert isinstance(x, Tensor)
    assert x.requires_grad
    assert x.grad is not None
    assert x.grad.tolist() == [4, 6]


def test_of_a_large_tensor_a_summary_comes_back(workers: Workers) -> None:
    big = workers.evaluate("x = torch.arange(10**7)").variables["x"]
    assert isinstance(big, TensorSummary)
    assert big.shape == (10**7,)
    assert big.statistics is not None
    assert (big.statistics.minimum, big.statistics.maximum) == (0, 10**7 - 1)
    assert big.statistics.mean == (10**7 - 1) / 2
    assert big.values.elements[-1] == 10**7 - 1


def test_of_many_tensors_only_so_many_bytes_come_back(workers: Workers) -> None:
    values = workers.evaluate(
        "\n".join(f"x{number} = torch.ones(10**6)" for number in range(6))
    ).variables
    kinds = [type(value) for value in values.values()]
    assert kinds == [Tensor] * 4 + [TensorSummary] * 2  # four of 4 MB have room in 16 MiB


def test_a_program_that_takes_too_long_is_stopped_and_the_next_one_runs(workers: Workers) -> None:
    stopped = workers.evaluate(LONG)
    assert stopped.error == "the program was stopped after 1 s"
    assert stopped.shown == ()
    assert workers.evaluate("1 + 1").value == 2


def test_a_worker_that_is_killed_at_work_is_replaced_and_its_program_says_so(
    workers: Workers, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    with ThreadPoolExecutor() as executor:
        lost = executor.submit(workers.evaluate, LONG)
        wait_for(lambda: bool(at_work(workers)))
        for process in at_work(workers):
            os.kill(process, signal.SIGKILL)
        error = lost.result().error
    assert error == "the process that ran the program was ended (SIGKILL)"
    assert workers.evaluate("1 + 1").value == 2


def test_an_operation_that_crashes_ends_its_worker_alone(workers: Workers) -> None:
    # −2⁶³ divided by −1 has no room in 64 bits, and the processor's own fault ends the process.
    crash = workers.evaluate(
        "x = torch.full((64,), -2**53) * 1024\n"
        "torch.div(x, torch.full((64,), -1), rounding_mode='trunc')"
    )
    if crash.error is not None:  # other processors have an answer
        assert crash.error == "the process that ran the program was ended (SIGFPE)"
    assert workers.evaluate("1 + 1").value == 2


def test_workers_that_are_killed_at_rest_are_replaced_and_nobody_notices(
    workers: Workers, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    wait_for(lambda: len(process_ids(workers)) == 2)
    before = process_ids(workers)
    for process in before:
        os.kill(process, signal.SIGKILL)
    wait_for(lambda: not process_ids(workers) & before)
    assert [workers.evaluate(f"{number} * 2").value for number in range(4)] == [0, 2, 4, 6]


def process_ids(workers: Workers) -> set[int]:
    """The workers that there are."""
    return set(workers._pool._pool_manager.worker_manager.workers)


def at_work(workers: Workers) -> set[int]:
    """The workers that have a program."""
    tasks = list(workers._pool._pool_manager.task_manager.tasks.values())
    return {task.worker_id for task in tasks if task.worker_id}


OUTSIDE = {
    "write a file": lambda folder: (folder / "x").write_text("x"),
    "read a file": lambda _: open("/etc/hostname").read(),  # noqa: PTH123, SIM115
    "make a folder": lambda folder: (folder / "y").mkdir(),
    "start a program": lambda _: subprocess.run(["true"], check=True),
    "connect": lambda _: socket.create_connection(("127.0.0.1", 9), timeout=1),
    "listen": lambda _: socket.socket().bind(("127.0.0.1", 0)),
    "end a process": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "fork": lambda _: os.fork(),
}


def attempts(folder: Path) -> dict[str, str]:
    """What each attempt raises in this process, once it is a worker."""
    be_a_worker(2**20)
    raised = {}
    for name, attempt in OUTSIDE.items():
        try:
            attempt(folder)  # type: ignore[no-untyped-call]
        except (OSError, MemoryError) as error:
            raised[name] = type(error).__name__
    try:
        torch.ones(2**30)  # 4 GB
    except RuntimeError as error:
        raised["take memory"] = type(error).__name__
    return raised


def test_a_worker_has_no_files_no_network_and_little_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    with ProcessPool(max_workers=1, context=multiprocessing.get_context("forkserver")) as pool:
        raised = pool.schedule(attempts, args=(tmp_path,)).result()
    assert raised == dict.fromkeys(OUTSIDE, "PermissionError") | {"take memory": "RuntimeError"}
    assert list(tmp_path.iterdir()) == []
