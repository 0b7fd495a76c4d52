"""The database under the run store: its connections and its faults in plain words.

SQLite in a file, or PostgreSQL by URL, with the same code above. Makes the tables of `tables`, and
adds what a database of an earlier version lacks. Knows nothing about what a run is allowed to do:
`store` does.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DefaultClause,
    Double,
    Engine,
    Table,
    cast,
    create_engine,
    event,
    extract,
    func,
    inspect,
    null,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.schema import CreateColumn

from blitz.training.tables import metadata, metrics, runs

LARGE_BYTES = 256 * 2**20
"""A larger SQLite file is not read as a whole at each start, which takes seconds: its metrics are
checked only after reading them has failed."""
EXAMPLE_URL = "postgresql+psycopg://user:password@host/name"


class StoreError(Exception):
    """The run store could not do what was asked: one line for a person, never with a password."""


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
        self._missing: frozenset[str] = frozenset()  # columns of runs that cannot be added
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

    def readable(self, column: Column[Any]) -> ColumnElement[Any]:
        """The column of runs, or its default where the database lacks it and cannot be changed."""
        if column.name not in self._missing:
            return column
        default = column.server_default
        if not isinstance(default, DefaultClause):
            return null().label(column.name)
        return type_coerce(default.arg, column.type).label(column.name)

    def _create_tables(self) -> None:
        with self.reading() as connection:
            has_tables = set(metadata.tables) <= set(inspect(connection).get_table_names())
            missing = _missing_columns(connection) if has_tables else []
        if has_tables and not missing:  # also the way to read a database that must not be written
            return
        if self.is_sqlite and not has_tables:
            self._choose_journal()
        try:
            with self._writer.begin() as connection:
                self._complete(connection)
        except DBAPIError as error:
            if not (has_tables and _code(error.orig).startswith(_READ_ONLY)):
                raise StoreError(self._plain_words(error.orig)) from None
            self._missing = frozenset(column.name for column in missing)

    def _complete(self, connection: Connection) -> None:
        """Make what is missing; another process may just have done so."""
        if not self.is_sqlite:  # two servers may start at once; SQLite is locked by now
            connection.execute(text("SELECT pg_advisory_xact_lock(5122025)"))
        metadata.create_all(connection)
        missing = _missing_columns(connection)
        for column in missing:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE runs ADD COLUMN {definition}"))
        if runs.c.best_accuracy in missing:
            of_run = (metrics.c.run_id == runs.c.id) & metrics.c.is_test
            best = select(func.max(metrics.c.accuracy)).where(of_run).scalar_subquery()
            connection.execute(update(runs).values(best_accuracy=best))

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
        checks = ["PRAGMA quick_check(1)"]
        if self._is_large() and not self._doubts.exists():
            tables = [name for name in metadata.tables if name != metrics.name]
            checks = [f"PRAGMA quick_check({name})" for name in tables]
        try:
            with self._engine.begin() as connection:
                found = [connection.execute(text(check)).scalar() for check in checks]
        except DBAPIError as error:
            if _sqlite_code(error.orig) in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                return True
            raise StoreError(self._plain_words(error.orig)) from None
        if found == ["ok"]:
            with suppress(OSError):  # of a folder that can only be read
                self._doubts.unlink(missing_ok=True)
        # A table that is not there yet is in order: the check says nothing of it.
        return any(answer not in ("ok", None) for answer in found)

    def _is_large(self) -> bool:
        path = _sqlite_file(self._url)
        return path is not None and path.stat().st_size > LARGE_BYTES

    @property
    def _doubts(self) -> Path:
        """Is there when a large file was found to be damaged while it was read."""
        path = Path(str(self._url.database))
        return path.with_name(path.name + ".doubts")

    @contextmanager
    def _faults_in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if _sqlite_code(error.orig).startswith("SQLITE_CORRUPT") and self._is_large():
                with suppress(OSError):  # where nothing can be written, nothing is set aside
                    self._doubts.touch()
            raise StoreError(self._plain_words(error.orig)) from None
        except PoolTimeoutError:
            raise StoreError(f"the database {self.name} is too busy; try again") from None

    def _plain_words(self, fault: BaseException | None) -> str:
        code = _code(fault)
        for codes, words in _WORDS:
            if code.startswith(codes):
                return f"the database {self.name} {words}".format(seconds=self._busy_seconds)
        detail = (str(fault).strip() or "no reason was given").splitlines()[0]
        for secret in (self._url.password, *self._url.query.values()):
            if secret:
                detail = detail.replace(str(secret), "***")
        could = "answered with an error" if code else "cannot be reached"
        return f"the database {self.name} {could}: {detail}"


# What a database answers that must not be changed: read-only, or another user's.
_READ_ONLY = ("SQLITE_READONLY", "25006", "42501")

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


def _code(fault: BaseException | None) -> str:
    """SQLite's name of an error, or PostgreSQL's SQLSTATE; empty for other faults."""
    return _sqlite_code(fault) or str(getattr(fault, "sqlstate", None) or "")


def _missing_columns(connection: Connection) -> list[Column[Any]]:
    there = {column["name"] for column in inspect(connection).get_columns("runs")}
    return [column for column in runs.columns if column.name not in there]


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
