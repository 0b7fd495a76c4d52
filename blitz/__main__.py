"""The command line: train a classifier in this process, list the runs, or export a graph.

Options of `train` are the fields of TrainConfig. What a person gave wrongly is one line on the
standard error and exit status 2; anything else that goes wrong is exit status 1.
"""

import contextlib
import io
import json
import logging
import math
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from blitz.settings import Settings, read_settings
from blitz.training import runner, sweep_runner
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.locks import team_lock
from blitz.training.processes import environment, is_one_of_several, training_command
from blitz.training.store import Run, RunStore, StoreError
from blitz.training.terminal import Terminal

SIGNAL_POLL_SECONDS = 0.2
_SHOWN = "BLITZ_SHOWN"
"""Variable that tells the processes of a run that a person at a terminal looks on."""
TRAINING_NICENESS = 10
"""How far the process of a dashboard's run stands back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Train:
    """Train a classifier and print the result as a line of JSON. Ctrl-C stops with a checkpoint."""

    config: Annotated[TrainConfig, tyro.conf.arg(name="")] = field(default_factory=TrainConfig)
    name: str = ""
    """What the run is called; by default its data set and model."""
    later: bool = False
    """Make the run and print its id; it is carried out by --run ID, perhaps on other machines."""
    run: Annotated[str | None, tyro.conf.arg(metavar="ID")] = None
    """Carry out this run, which a dashboard made and waits for; all other options are ignored."""
    runs: Annotated[tuple[str, ...], tyro.conf.arg(metavar="ID …")] = ()
    """Carry out these runs in one process, together where that is faster; as with --run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """List the runs, newest first."""

    json: bool = False
    """As JSON instead of a table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """Write the autograd graph of what a function returns to a file."""

    function: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODULE:FUNCTION")]
    """What to call, without arguments; MODULE may also be the path of a .py file."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")]
    """Where to: its ending .html, .svg, .dot, .mmd or .json says in which format."""
    direction: Literal["right", "down"] = "right"
    """Where the data flow."""
    open: Literal["all", "first"] = "first"
    """Which groups are drawn open: all, or the outer ones that are easy to survey."""


_Command = (
    Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Runs, tyro.conf.subcommand("runs")]
    | Annotated[Graph, tyro.conf.subcommand("graph")]
)


class _UsageError(ValueError):
    """The arguments cannot be understood."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say and return the exit status."""
    # Read when torch is imported: how long its threads wait for each other at full force. By
    # default so long that training beside a browser, which takes a core now and then, gets ten
    # times slower; this is long enough to lose nothing on idle cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        command = _parse(sys.argv[1:] if arguments is None else arguments)
        if isinstance(command, Graph):
            return _export_graph(command)  # needs neither a home folder nor a database
        settings = read_settings()
        settings.prepare()
        with contextlib.closing(RunStore(settings.database_url)) as store:
            if store.warning:
                print(store.warning, file=sys.stderr)
            if isinstance(command, Runs):
                return _list_runs(Launcher(settings, store), as_json=command.json)
            if command.run is not None:
                return _carry_out(settings, store, command.run)
            if command.runs:
                return _carry_out_all(settings, store, command.runs)
            return _train(settings, store, command)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except (StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str]) -> Train | Runs | Graph:
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output):
            return tyro.cli(_Command, prog="python -m blitz", args=arguments)
    except SystemExit as exit_:
        if not exit_.code:
            raise  # help was asked for, and printed
        raise _UsageError(_one_line(output.getvalue())) from None


def _one_line(box: str) -> str:
    """What a boxed message says first, without its title and its frame."""
    lines = [line.strip("│ ") for line in box.splitlines()]
    rules = [index for index, line in enumerate(lines) if re.search("[-─]{3}", line)]
    if not rules:
        return " ".join(lines).strip()
    end = rules[1] if len(rules) > 1 else None
    return " ".join(" ".join(lines[rules[0] + 1 : end]).split())


def _export_graph(command: Graph) -> int:
    from blitz.autograd.export.command import export_named  # imports torch: others need not wait

    print(
        export_named(
            command.function, command.output, direction=command.direction, opened=command.open
        )
    )
    return 0


def _carry_out(settings: Settings, store: RunStore, run_id: str) -> int:
    """The process of a run that was started elsewhere; its output is the run's log, or shown."""
    if store.get_run(run_id) is None:
        raise _UsageError(f"run: there is no run {run_id!r}")
    watcher = None
    if _SHOWN in os.environ:
        _log_to(settings, run_id)
        watcher = Terminal(sys.stderr)
    else:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        _give_way()
    if is_one_of_several():
        return _carry_out_together(settings, store, run_id, watcher)
    try:
        runner.run(settings, store, run_id, watcher)
    except runner.RunFailedError:
        return 1  # the log has the reason
    return 0


def _give_way() -> None:
    """Let the server go first where it wants a core: it needs one rarely, and people wait for it.

    Measured with forty people on two cores: their pages answer twice as fast.
    """
    if hasattr(os, "nice"):  # not on Windows
        os.nice(TRAINING_NICENESS)


def _carry_out_together(
    settings: Settings, store: RunStore, run_id: str, watcher: Terminal | None
) -> int:
    """One of the processes that torchrun started for a run; it begins again where one breaks."""
    from blitz.training.following import follow
    from blitz.training.team import joined

    with joined() as team:
        try:
            if team.is_first:
                runner.run(settings, store, run_id, watcher, team)
            else:
                with runner.stop_on_signals(is_patient=True):  # the first one tells when to stop
                    follow(settings, team)
        except runner.RunFailedError as error:
            # What was chosen wrongly would be wrong again.
            return 0 if isinstance(error.__cause__, ValueError) else 1
        except ValueError as error:
            logging.getLogger("blitz").info("process %d: %s", team.rank, error)
    return 0


def _carry_out_all(settings: Settings, store: RunStore, run_ids: Sequence[str]) -> int:
    """The process of a sweep; its output is the first run's log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _give_way()
    is_well = sweep_runner.run_all(settings, store, run_ids)
    return 0 if is_well else 1  # the log has the reason


def _train(settings: Settings, store: RunStore, command: Train) -> int:
    config = command.config
    name = command.name or f"{config.dataset} {config.model}"
    settings = replace(settings, ray_address="")  # what is asked of this process is done here
    run, lock = Launcher(settings, store).register(config, name=name, token=uuid.uuid4().hex)
    assert lock is not None  # the token is new
    with lock:
        if command.later:
            store.change_status(run.id, {"starting"}, "stopped", "made, and not begun yet")
            print(json.dumps({"run": run.id}))
            return 0
        if config.processes > 1:
            return _train_by_several(settings, store, run)
        _log_to(settings, run.id)
        try:
            runner.run(settings, store, run.id, Terminal(sys.stderr))
        except runner.RunFailedError as error:
            print(error, file=sys.stderr)
            return 2 if isinstance(error.__cause__, ValueError) else 1
    return _print_result(store, run.id)


def _train_by_several(settings: Settings, store: RunStore, run: Run) -> int:
    """Have torchrun carry the run out; it hears once of a signal that this process gets."""
    processes = run.config.processes
    with (
        team_lock(settings.runs_folder / run.id),
        runner.stop_on_signals(is_patient=True) as is_interrupted,
    ):
        process = subprocess.Popen(
            training_command([run.id], processes),
            env=environment(settings, processes) | {_SHOWN: "1"},
            start_new_session=True,
        )
        while process.poll() is None:
            if is_interrupted.is_set():
                process.terminate()
                is_interrupted.clear()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SIGNAL_POLL_SECONDS)
    ended = store.get_run(run.id)
    if ended is not None and ended.status == "failed":
        print(ended.message, file=sys.stderr)
        return 1 if process.returncode else 2  # a wrong choice is no reason to begin again
    return _print_result(store, run.id)


def _print_result(store: RunStore, run_id: str) -> int:
    ended = store.get_run(run_id)
    assert ended is not None
    print(json.dumps(_result(ended)))
    return 0 if ended.status in ("finished", "stopped") else 1


def _log_to(settings: Settings, run_id: str) -> None:
    """Send the log to the run's folder, and its warnings to the terminal, without tracebacks."""
    file = logging.FileHandler(settings.runs_folder / run_id / "process.log")
    file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.addFilter(lambda record: record.exc_info is None)
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal])


def _result(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "accuracy": _number(run.accuracy),
        "loss": _number(run.loss),
        "images_per_second": _number(run.images_per_second),
    }


def _list_runs(launcher: Launcher, *, as_json: bool) -> int:
    runs = launcher.runs()
    if as_json:
        print(json.dumps([_described(run) for run in runs], indent=1))
        return 0
    header = ("run", "status", "data set", "model", "epochs", "loss", "accuracy", "name")
    rows = [header, *(_cells(run) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        print(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


def _described(run: Run) -> dict[str, Any]:
    return _result(run) | {
        "name": run.name,
        "status": run.status,
        "message": run.message,
        "created_at": run.created_at.isoformat(),
        "device": run.device,
        "step": run.step,
        "total_steps": run.total_steps,
        "config": run.config.to_dict(),
    }


def _cells(run: Run) -> tuple[str, ...]:
    loss, accuracy = _number(run.loss), _number(run.accuracy)
    return (
        run.id,
        run.status,
        _printable(run.config.dataset),
        _printable(run.config.model),
        f"{run.epoch:.1f}/{run.config.epochs}",
        "" if loss is None else f"{loss:.4f}",
        "" if accuracy is None else f"{accuracy:.1%}",
        _printable(run.name),
    )


def _printable(text: str) -> str:
    """Text that cannot steer the terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _number(value: float | None) -> float | None:
    """A finite number or None: JSON knows no NaN."""
    return value if value is not None and math.isfinite(value) else None


if __name__ == "__main__":
    sys.exit(main())
