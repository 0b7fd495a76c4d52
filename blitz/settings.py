"""Where Blitz keeps its things: folders and the database, read once from the environment.

Knows nothing about what is kept there. Every other module gets what it needs from a `Settings`
as an argument.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SHARE_RULE = "expected a share below 1, for example 0.25, or a whole number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The folders and the database of one installation."""

    home: Path
    """Folder of everything that Blitz writes."""
    database_url: str
    """SQLAlchemy URL of the run store."""
    dataset_folders: tuple[Path, ...]
    """Folders whose sub-folders and archives are offered as data sets."""
    ray_address: str = ""
    """URL of the dashboard of a Ray cluster that carries runs out; empty: this machine does."""
    ray_gpus_per_run: float = 1.0
    """GPUs, or the share of one, that a run with a GPU gets on the cluster."""
    ray_cpus_per_run: float = 1.0
    """Processors that a run without a GPU gets on the cluster."""
    max_runs_per_session: int | None = None
    """Runs of one person that may be under way at a time; None: as many as they like."""
    max_programs_per_minute: int | None = None
    """Programs that one person may have carried out in a minute; None: as many as they like."""

    def __post_init__(self) -> None:
        if "://" not in self.database_url:
            raise ValueError(
                "BLITZ_DATABASE_URL: not a database URL; "
                "expected for example postgresql+psycopg://user:password@host/name"
            )
        if self.ray_address and not re.match("https?://[^/]", self.ray_address):
            raise ValueError(
                f"BLITZ_RAY_ADDRESS: {self.ray_address!r} was given; "
                "expected the address of the cluster's dashboard, for example http://head:8265"
            )
        _require_share("BLITZ_RAY_GPUS_PER_RUN", self.ray_gpus_per_run)
        _require_share("BLITZ_RAY_CPUS_PER_RUN", self.ray_cpus_per_run)
        _require_limit("BLITZ_MAX_RUNS_PER_SESSION", self.max_runs_per_session)
        _require_limit("BLITZ_MAX_PROGRAMS_PER_MINUTE", self.max_programs_per_minute)

    @property
    def data_folder(self) -> Path:
        """Folder of downloads and of decoded arrays."""
        return self.home / "data"

    @property
    def uploads_folder(self) -> Path:
        """Folder of the archives that people uploaded in the browser."""
        return self.home / "uploads"

    @property
    def runs_folder(self) -> Path:
        """Folder with one sub-folder a run."""
        return self.home / "runs"

    @property
    def slots_folder(self) -> Path:
        """Folder of the lock files that stand for a free or taken device."""
        return self.home / "slots"

    def prepare(self) -> None:
        """Make the home folder; raise OSError in one plain line where it cannot be written."""
        try:
            for folder in (
                self.home,
                self.data_folder,
                self.uploads_folder,
                self.runs_folder,
                self.slots_folder,
            ):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.home / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise OSError(
                f"the data folder {self.home} cannot be written ({error.strerror}); "
                "set BLITZ_HOME to a folder that can"
            ) from error


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from BLITZ_HOME, BLITZ_DATABASE_URL and BLITZ_DATASETS (a path list like PATH)."""
    home = Path(environ.get("BLITZ_HOME") or _default_home()).expanduser().absolute()
    folders = [Path(part) for part in environ.get("BLITZ_DATASETS", "").split(os.pathsep) if part]
    return Settings(
        home=home,
        database_url=environ.get("BLITZ_DATABASE_URL") or _sqlite_url(home / "runs.sqlite"),
        dataset_folders=tuple(folder.expanduser().absolute() for folder in folders),
        ray_address=_http_url(environ.get("BLITZ_RAY_ADDRESS", "").strip()),
        ray_gpus_per_run=_number(environ, "BLITZ_RAY_GPUS_PER_RUN"),
        ray_cpus_per_run=_number(environ, "BLITZ_RAY_CPUS_PER_RUN"),
        max_runs_per_session=_limit(environ, "BLITZ_MAX_RUNS_PER_SESSION"),
        max_programs_per_minute=_limit(environ, "BLITZ_MAX_PROGRAMS_PER_MINUTE"),
    )


def _http_url(address: str) -> str:
    """The address as a URL: Ray's own programs take "host:port" for http, too."""
    has_scheme = not address or "://" in address
    return (address if has_scheme else f"http://{address}").rstrip("/")


def _number(environ: Mapping[str, str], name: str) -> float:
    text = environ.get(name) or "1"
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name}: {text[:40]!r} was given; {_SHARE_RULE}") from None


def _require_share(name: str, value: float) -> None:
    """Ray shares out whole devices, or parts of one."""
    if not (0 < value < 1 or (value >= 1 and value % 1 == 0)):
        raise ValueError(f"{name}: {value:g} was given; {_SHARE_RULE}")


def _limit(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ValueError(f"{name}: {text[:40]!r} was given; expected a whole number from 1 up")
    return int(text)


def _require_limit(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"{name}: {value} was given; expected a whole number from 1 up")


def _sqlite_url(path: Path) -> str:
    """The URL of a file, whose path may hold what means something in a URL."""
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def _default_home() -> str:
    # Imported here: a bare GPU machine has torch but not platformdirs, and sets BLITZ_HOME.
    import platformdirs

    return platformdirs.user_data_dir("blitz", appauthor=False)
