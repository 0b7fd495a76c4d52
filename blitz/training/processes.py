"""Starts training processes, and says what they need to find this package and this installation."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import blitz
from blitz.settings import Settings

MAX_RESTARTS = 3
"""How often torchrun begins again what broke: from the last checkpoint."""


def training_command(run_ids: Sequence[str], processes: int = 1) -> list[str]:
    """What carries out these runs; one run also by several processes, under torchrun."""
    which = ["--run", *run_ids] if len(run_ids) == 1 else ["--runs", *run_ids]
    several = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}",
               f"--max-restarts={MAX_RESTARTS}", "-m", "--"]  # fmt: skip
    # After "--" torchrun takes no "--run" for an abbreviation of its own "--run-path".
    return [sys.executable, "-m", *(several if processes > 1 else []), "blitz", "train", *which]


def is_one_of_several() -> bool:
    """Whether torchrun started this process, together with others."""
    return _said_by_torchrun("WORLD_SIZE") > 1


def processes_here() -> int:
    """How many processes torchrun started on this machine to train the run of this one."""
    return _said_by_torchrun("LOCAL_WORLD_SIZE")


def _said_by_torchrun(name: str) -> int:
    # The names of the sizes are those of other programs, too, and may be left from them. This is
    # how `torch.distributed.is_torchelastic_launched` knows; torch is not imported for it.
    return int(os.environ[name]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def start_training(
    run_ids: Sequence[str], settings: Settings, log_path: Path, processes: int = 1
) -> "subprocess.Popen[bytes]":
    """A process of its own that carries out these runs and writes what it says to `log_path`.

    It outlives the one that starts it. OSError where there can be no process or no log.
    """
    with log_path.open("ab") as output:
        return subprocess.Popen(
            training_command(run_ids, processes),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(settings, processes),
            # A stop of the server is no stop of the run.
            start_new_session=True,
            creationflags=creation_flags(),
        )


def import_path() -> str:
    """The PYTHONPATH of a process that is to find what this one imports."""
    root = str(Path(blitz.__file__).parents[1])
    return os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))


def environment(settings: Settings, processes: int = 1) -> dict[str, str]:
    """The variables of a process of this machine that is to see this installation.

    With several `processes`, each computes with its share of the processors, unless the variables
    of this one say otherwise.
    """
    shared = num_threads(_num_processors(), processes) if processes > 1 else {}
    return {**shared, **os.environ, **installation(settings)}


def num_threads(processors: float, processes: int) -> dict[str, str]:
    """The variable that makes each of several processes compute on its share of processors."""
    return {"OMP_NUM_THREADS": str(max(1, int(processors / processes)))}


def _num_processors() -> int:
    """Of those of this machine, which this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def installation(settings: Settings) -> dict[str, str]:
    """The variables that make a process see this installation, on whatever machine."""
    return {
        "BLITZ_HOME": str(settings.home),
        "BLITZ_DATABASE_URL": settings.database_url,
        "BLITZ_DATASETS": os.pathsep.join(map(str, settings.dataset_folders)),
        "BLITZ_RAY_ADDRESS": settings.ray_address,
        "PYTHONPATH": import_path(),
        # torchrun's processes would find the addresses of those before them, which are gone.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }


def creation_flags() -> int:
    """What does on Windows what a new session does elsewhere, and shows no console there."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0
