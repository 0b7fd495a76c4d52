"""The database under the run store: its tables, its connections and its faults in plain words.

SQLite in a file, or PostgreSQL by URL, with the same code above. Knows nothing about what a run is
allowed to do: `store` does.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    cast,
    create_engine,
    event,
    extract,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

EXAMPLE_URL = "postgresql+psycopg://user:password@host/name"

# SQLite increments only an INTEGER primary key; PostgreSQL's INTEGER would end at 2^31 rows.
_Id = BigInteger().with_variant(Integer, "sqlite")


class StoreError(Exception):
    """The run store could not do what was asked: one line for a person, never with a password."""


def _number() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _run() -> Column[str]:
    return Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def _position() -> tuple[Column[Any], ...]:
    return (
        Column("step", BigInteger, nullable=False),
        Column("epoch", Double, nullable=False),
        Column("images", BigInteger, nullable=False),
        Column("seconds", Double, nullable=False),
    )


_metadata = MetaData()
# AUTOINCREMENT: an id is never used twice, so "rows after id N" holds when later rows were removed.

# Times are seconds since 1970 by the database's own clock: one clock for all hosts.
runs = Table(
    "runs",
    _metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("token", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("device", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("attempt", Integer, nullable=False, default=1),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("heartbeat_at", Double, nullable=False),
    Column("step", BigInteger, nullable=False, default=0),
    Column("total_steps", BigInteger, nullable=False, default=0),
    Column("epoch", Double, nullable=False, default=0.0),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("loss", Double),
    Column("accuracy", Double),
    Column("images_per_second", Double),
    Column("details", Text),
    sqlite_autoincrement=True,
)
metrics = Table(
    "metrics",
    _metadata,
    _number(),
    _run(),
    Column("is_test", Boolean, nullable=False),
    *_position(),
    Column("loss", Double),
    Column("accuracy", Double),
    Column("learning_rate", Double),
    Column("images_per_second", Double),
    Column("memory_bytes", BigInteger),
    Column("by_class", Text),
    Index("metrics_in_order", "run_id", "id"),
    # A row sent twice, because the first answer was lost, is kept once.
    Index("metrics_once", "run_id", "step", "is_test", unique=True),
    sqlite_autoincrement=True,
)
events = Table(
    "events",
    _metadata,
    _number(),
    _run(),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    *_position(),
    Column("created_at", Double, nullable=False),
    Index("events_in_order", "run_id", "id"),
    sqlite_autoincrement=True,
)
commands = Table(
    "commands",
    _metadata,
    _number(),
    _run(),
    Column("kind", Text, nullable=False),
    Column("value", Double),
    Index("commands_in_order", "run_id", "id"),
    sqlite_autoincrement=True,
)
checkpoints = Table(
    "checkpoints",
    _metadata,
    _number(),
    _run(),
    Column("kind", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("epoch", Double, nullable=False),
    Column("loss", Double),
    Column("accuracy", Double),
    Column("created_at", Double, nullable=False),
    Index("checkpoints_in_order", "run_id", "id"),
    sqlite_autoincrement=True,
)


class Database:
    """Connections to the tables of the run store, made when it is built.

    A damaged SQLite file is renamed, never deleted, and a new one begun; `warning` then says so.
    Every fault comes out as a `StoreError`.
    """

    def __init__(self, url: str, *, busy_seconds: float) -> None:
        self._url = _parse(url)
        self._busy_seconds = busy_seconds
        self.name = _public_name(self._url)
        self.warning: str | None = None
        self._engine = _engine(self._url, busy_seconds)
        self._writer = self._engine.execution_options(blitz_writes=True)
        self._set_aside_when_damaged()
        self._create_tables()

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._faults_in_plain_words(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; on SQLite nobody else writes meanwhile."""
        with self._faults_in_plain_words(), self._writer.begin() as connection:
            yield connection

    def now(self) -> ColumnElement[float]:
        """Seconds since 1970 by the database's own clock."""
        if self.is_sqlite:
            return (func.julianday("now") - 2440587.5) * 86400.0
        return cast(extract("epoch", func.clock_timestamp()), Double)

    def insert_new(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that leaves out rows which are there already."""
        insert = sqlite.insert if self.is_sqlite else postgresql.insert
        return insert(table).on_conflict_do_nothing()

    def close(self) -> None:
        self._engine.dispose()

    def _create_tables(self) -> None:
        with self.reading() as connection:
            missing = set(_metadata.tables) - set(inspect(connection).get_table_names())
        if not missing:  # also the way to read a database that must not be written
            return
        if self.is_sqlite:
            self._choose_journal()
        with self.writing() as connection:
            if not self.is_sqlite:  # two servers may start at once; SQLite is locked by now
                connection.execute(text("SELECT pg_advisory_xact_lock(5122025)"))
            _metadata.create_all(connection)

    def _choose_journal(self) -> None:
        mode = "wal" if wal_is_safe(sqlite3.sqlite_version_info) else "delete"
        with self._faults_in_plain_words():
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute(f"PRAGMA journal_mode={mode}")
            except sqlite3.OperationalError as error:
                raise StoreError(self._plain_words(error)) from error
            finally:
                raw.close()

    def _set_aside_when_damaged(self) -> None:
        path = _sqlite_file(self._url)
        if path is None or not path.exists() or not self._is_damaged():
            return
        # One process sets it aside; the next finds the new file in order.
        with FileLock(path.with_name(path.name + ".lock")):
            if not self._is_damaged():
                return
            self._engine.dispose()
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
            # A journal left beside the new file would be played into it.
            for suffix in ("-journal", "-wal", "-shm", ""):
                part = path.with_name(path.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
            self._create_tables()
        self.warning = f"the database {path} was damaged; it was set aside as {aside.name}"

    def _is_damaged(self) -> bool:
        try:
            with self._engine.begin() as connection:
                return connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok"
        except DBAPIError as error:
            if _sqlite_code(error.orig) in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                return True
            raise StoreError(self._plain_words(error.orig)) from None

    @contextmanager
    def _faults_in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(self._plain_words(error.orig)) from None
        except PoolTimeoutError:
            raise StoreError(f"the database {self.name} is too busy; try again") from None

    def _plain_words(self, fault: BaseException | None) -> str:
        code = _sqlite_code(fault) or str(getattr(fault, "sqlstate", None) or "")
        for codes, words in _WORDS:
            if code.startswith(codes):
                return f"the database {self.name} {words}".format(seconds=self._busy_seconds)
        detail = (str(fault).strip() or "no reason was given").splitlines()[0]
        for secret in (self._url.password, *self._url.query.values()):
            if secret:
                detail = detail.replace(str(secret), "***")
        could = "answered with an error" if code else "cannot be reached"
        return f"the database {self.name} {could}: {detail}"


# SQLite's error names and PostgreSQL's SQLSTATEs.
_WORDS = (
    (("SQLITE_BUSY", "SQLITE_LOCKED", "55P03"),
     "is locked by another program; waited {seconds:g} s; try again"),
    (("SQLITE_READONLY", "25006"), "can only be read; nothing was changed"),
    (("SQLITE_FULL", "53100"), "has no room: its disk is full"),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"),
     "is damaged; restart Blitz to set it aside and begin a new one"),
    (("SQLITE_CANTOPEN",), "cannot be opened; check the folder and its permissions"),
)  # fmt: skip


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Nothing of it is shown: a mistyped URL may have the password anywhere.
        raise StoreError(
            f"the database URL cannot be read; expected for example {EXAMPLE_URL}"
        ) from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreError("the database URL names another kind; choose sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("the database URL names no file; expected for example sqlite:////a/b.db")
    return parsed


def _engine(url: URL, busy_seconds: float) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"timeout": busy_seconds}
    if not is_sqlite:
        own = f"-c lock_timeout={round(busy_seconds * 1000)}"
        given = url.query.get("options", "")
        options = {
            "connect_timeout": max(2, round(min(busy_seconds, 10))),
            "options": f"{own} {given if isinstance(given, str) else ' '.join(given)}",
        }
    try:
        engine = create_engine(
            url, connect_args=options, hide_parameters=True, pool_pre_ping=not is_sqlite
        )
    except NoSuchModuleError:
        raise StoreError(f"the database URL names no known driver; try {EXAMPLE_URL}") from None
    except ImportError as error:
        raise StoreError(f"the database driver {error.name} is not installed") from None
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once when another one writes,
    # whatever the timeout: writers take the lock at the start.
    writes = connection.get_execution_options().get("blitz_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is without the WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    fixed = {(3, 44): 6, (3, 50): 7}.get(version[:2])
    return version >= (3, 51, 3) or (fixed is not None and version[2] >= fixed)


def _sqlite_code(fault: BaseException | None) -> str:
    return getattr(fault, "sqlite_errorname", "")


def _sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite URL; none for PostgreSQL and for SQLite's own file: form."""
    if url.get_backend_name() != "sqlite" or str(url.database).startswith("file:"):
        return None
    return Path(str(url.database))


def _public_name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"{url.host or 'localhost'}{port}/{url.database or ''}"
