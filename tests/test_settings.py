"""Folders and database from the environment."""

import contextlib
import os
from pathlib import Path

import pytest

from blitz.settings import read_settings
from blitz.training.store import RunStore


def test_everything_lies_in_blitz_home(tmp_path: Path) -> None:
    settings = read_settings({"BLITZ_HOME": str(tmp_path)})
    assert settings.home == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path / 'runs.sqlite'}"
    assert settings.dataset_folders == ()
    assert settings.runs_folder.parent == tmp_path


@pytest.mark.parametrize("name", ["what?", "a?b=c&d", "100%3F", "a#b @:c", "größe"])
def test_the_database_lies_in_home_whatever_home_is_called(tmp_path: Path, name: str) -> None:
    settings = read_settings({"BLITZ_HOME": str(tmp_path / name)})
    settings.prepare()
    with contextlib.closing(RunStore(settings.database_url)):
        assert (tmp_path / name / "runs.sqlite").is_file()


def test_without_blitz_home_the_users_data_folder_is_taken() -> None:
    assert read_settings({}).home.name == "blitz"


def test_dataset_folders_are_a_path_list(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    value = os.pathsep.join([str(one), str(other)])
    settings = read_settings({"BLITZ_HOME": str(tmp_path), "BLITZ_DATASETS": value})
    assert settings.dataset_folders == (one, other)


def test_what_is_no_database_url_is_refused_without_repeating_it(tmp_path: Path) -> None:
    environ = {"BLITZ_HOME": str(tmp_path), "BLITZ_DATABASE_URL": "secret-password@host"}
    with pytest.raises(ValueError, match="not a database URL") as caught:
        read_settings(environ)
    assert "secret" not in str(caught.value)


def test_prepare_makes_the_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    settings = read_settings({"BLITZ_HOME": str(tmp_path / "new")})
    settings.prepare()
    assert sorted(path.name for path in settings.home.iterdir()) == [
        "data", "runs", "slots", "uploads",
    ]  # fmt: skip


def test_a_home_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = read_settings({"BLITZ_HOME": str(tmp_path / "file" / "home")})
    with pytest.raises(OSError, match=r"cannot be written.*set BLITZ_HOME") as caught:
        settings.prepare()
    assert str(tmp_path / "file" / "home") in str(caught.value)
