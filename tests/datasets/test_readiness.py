"""Which data sets may be shown unasked."""

from pathlib import Path

from blitz.datasets.readiness import is_quick
from tests.datasets.helpers import class_files, load, write_folder


def quick(source: str, folder: Path) -> bool:
    return is_quick(source, folder=folder / "data", image_size=None, skip_unreadable=False)


def test_digits_are_always_at_hand(tmp_path: Path) -> None:
    assert quick("digits", tmp_path)


def test_own_images_are_at_hand_once_they_were_decoded(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "pets", class_files())
    assert not quick(str(source), tmp_path)
    load(source, tmp_path)
    assert quick(str(source), tmp_path)


def test_what_would_be_refused_is_refused_at_once(tmp_path: Path) -> None:
    assert quick(str(tmp_path / "nowhere"), tmp_path)
