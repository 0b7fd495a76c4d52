"""Makes a run of given weights, which is evaluated in a process as other runs are trained.

What that process does, `evaluating` knows.
"""

from pathlib import Path

from blitz.training.checkpoints import save_state
from blitz.training.config import TrainConfig
from blitz.training.launcher import Launcher
from blitz.training.runs import GIVEN_FILE
from blitz.training.state import TrainState
from blitz.training.store import Run, RunStore
from blitz.training.weights_in.policy import shown
from blitz.training.weights_in.reading import GivenWeights

_CHECKPOINT = "last-00000000-given.safetensors"


def start_evaluation(
    store: RunStore,
    launcher: Launcher,
    weights: GivenWeights,
    config: TrainConfig,
    *,
    name: str,
    file_name: str,
    token: str,
) -> Run:
    """Make a run of these weights and have it evaluated; the same token gives the same run.

    Raises ValueError for a name or device that cannot be had, or a disk that is full.
    """
    state = TrainState(
        tensors={f"model.{name}": tensor for name, tensor in weights.tensors.items()},
        values={"step": 0, GIVEN_FILE: shown(Path(file_name).name)},
    )

    def save_weights(run: Run, folder: Path) -> None:
        saved = save_state(folder / _CHECKPOINT, state)
        store.add_checkpoint(
            run.id, kind="last", file_name=_CHECKPOINT, sha256=saved.sha256, step=0, epoch=0.0
        )

    return launcher.start(config, name=name, token=token, prepare=save_weights)
