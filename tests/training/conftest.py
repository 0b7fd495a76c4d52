"""Stores on both kinds of database, and real training processes that are gone after each test."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from sqlalchemy import create_engine, text

from blitz.settings import Settings
from blitz.training.launcher import Launcher
from blitz.training.store import ACTIVE, RunStore

WaitFor = Callable[[Callable[[], bool]], None]


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two threads of torch on a busy machine spend their time waiting for each other."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server of our own on a free loopback port, without a database name."""
    binaries = _postgresql_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    # Not under pytest's folder: that one is closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="blitz-postgresql-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", _free_port()

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(binaries / program), "-D", str(data), *arguments],
            check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        call("initdb", "-U", "blitz", "-A", "trust", "-N", "-E", "UTF8")
        call("pg_ctl", "start", "-w", "-o", options, "-l", str(folder / "log"))
        yield f"postgresql+psycopg://blitz:secret@127.0.0.1:{port}"
        call("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """URL of a new, empty database."""
    name = f"blitz_{uuid.uuid4().hex}"
    engine = create_engine(f"{postgresql_server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{postgresql_server}/{name}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'runs.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[RunStore]:
    """An empty run store, once on each kind of database."""
    store = RunStore(store_url, busy_seconds=5.0)
    yield store
    store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    settings = Settings(
        home=home, database_url=f"sqlite:///{home / 'runs.sqlite'}", dataset_folders=()
    )
    settings.prepare()
    return settings


@pytest.fixture
def home_store(settings: Settings) -> Iterator[RunStore]:
    """The store of `settings`, on SQLite."""
    store = RunStore(settings.database_url)
    yield store
    store.close()


@pytest.fixture
def launcher(settings: Settings, home_store: RunStore, wait_for: WaitFor) -> Iterator[Launcher]:
    """A launcher whose training processes are stopped at the end of the test."""
    launcher = Launcher(settings, home_store)
    yield launcher
    for run in launcher.runs():
        if run.status in ACTIVE:
            launcher.stop(run.id)
    wait_for(lambda: not any(run.status in ACTIVE for run in launcher.runs()))


def _postgresql_binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return versions[0] if versions else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
