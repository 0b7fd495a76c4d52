"""Where Blitz keeps its things: folders and the database, read once from the environment.

Knows nothing about what is kept there. Every other module gets what it needs from a `Settings`
as an argument.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The folders and the database of one installation."""

    home: Path
    """Folder of everything that Blitz writes."""
    database_url: str
    """SQLAlchemy URL of the run store."""
    dataset_folders: tuple[Path, ...]
    """Folders whose sub-folders and archives are offered as data sets."""

    def __post_init__(self) -> None:
        if "://" not in self.database_url:
            raise ValueError(
                "BLITZ_DATABASE_URL: not a database URL; "
                "expected for example postgresql+psycopg://user:password@host/name"
            )

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
    )


def _sqlite_url(path: Path) -> str:
    """The URL of a file, whose path may hold what means something in a URL."""
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def _default_home() -> str:
    # Imported here: a bare GPU machine has torch but not platformdirs, and sets BLITZ_HOME.
    import platformdirs

    return platformdirs.user_data_dir("blitz", appauthor=False)
