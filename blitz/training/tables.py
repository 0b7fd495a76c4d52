"""The tables of the run store: what is kept of runs.

Knows nothing of connections, which are `database`'s, nor of what the rows mean, which `rows` does.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

# SQLite increments only an INTEGER primary key; PostgreSQL's INTEGER would end at 2^31 rows.
_Id = BigInteger().with_variant(Integer, "sqlite")


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


metadata = MetaData()
# AUTOINCREMENT: an id is never used twice, so "rows after id N" holds when later rows were removed.

# Times are seconds since 1970 by the database's own clock: one clock for all hosts.
runs = Table(
    "runs",
    metadata,
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
    # Added later: a database made before gets them from these definitions.
    Column("best_accuracy", Double),
    Column("note", Text, nullable=False, server_default=""),
    Column("tags", Text, nullable=False, server_default="[]"),
    Column("is_pinned", Boolean, nullable=False, server_default=false()),
    Column("sweep", Text),
    Column("parent", Text),
    Column("parent_step", BigInteger),
    Column("deleted_at", Double),
    Column("halving", Integer),
    sqlite_autoincrement=True,
)
metrics = Table(
    "metrics",
    metadata,
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
    metadata,
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
    metadata,
    _number(),
    _run(),
    Column("kind", Text, nullable=False),
    Column("value", Double),
    Index("commands_in_order", "run_id", "id"),
    sqlite_autoincrement=True,
)
checkpoints = Table(
    "checkpoints",
    metadata,
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
