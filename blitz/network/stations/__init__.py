"""Guided stations through a first network, in the order in which they are best followed.

Each is a file of its own in this folder, a program in cells; see `reading` for how it is written.
"""

from pathlib import Path

from blitz.network.stations.reading import Cell, Choice, Station, Value, read_station
from blitz.network.stations.running import CellOutcome, run_station

_FILES = (
    "n1_structure",
    "n2_small_kernels",
    "n3_parameters",
    "n4_forward",
    "n5_backward",
    "n6_loss",
    "n7_walk_back",
    "n8_accumulation",
    "n9_update_by_hand",
    "n10_optimisers",
    "n11_words",
    "c11_mlp_layers",
    "c12_probabilities",
)

STATIONS = tuple(
    read_station(
        Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"), file.partition("_")[0]
    )
    for file in _FILES
)

__all__ = [
    "STATIONS",
    "Cell",
    "CellOutcome",
    "Choice",
    "Station",
    "Value",
    "read_station",
    "run_station",
]
