"""Servers that are measured or tested have nothing of what their caller has set for their own."""

from pathlib import Path

import pytest

from bench.server import own_environment
from blitz.settings import read_settings


def test_a_server_has_a_home_folder_and_no_other_choice_of_its_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (
        ("BLITZ_HOME", "/somewhere/else"),
        ("BLITZ_DATABASE_URL", "postgresql://host/name"),
        ("BLITZ_DATASETS", "/pictures"),
        ("BLITZ_RAY_ADDRESS", "http://head:8265"),
        ("BLITZ_MAX_RUNS_PER_SESSION", "1"),
        ("BLITZ_MAX_PROGRAMS_PER_MINUTE", "1"),
        ("OTHER", "stays"),
    ):
        monkeypatch.setenv(name, text)
    environment = own_environment(tmp_path)
    assert read_settings(environment) == read_settings({"BLITZ_HOME": str(tmp_path)})
    assert environment["OTHER"] == "stays"
