"""The one set of settings, store and launcher that all sessions of a server share."""

from dataclasses import dataclass
from functools import cache

from blitz.settings import Settings, read_settings
from blitz.training.launcher import Launcher
from blitz.training.store import RunStore
from blitz.ui.session_limits import SessionLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What pages and routes work with."""

    settings: Settings
    store: RunStore
    launcher: Launcher
    limits: SessionLimits


def services() -> Services:
    """The services of the environment's settings, made when first asked for.

    Raises OSError, ValueError or StoreError in one plain line where they cannot be had.
    """
    return _services(read_settings())


@cache
def _services(settings: Settings) -> Services:
    settings.prepare()
    store = RunStore(settings.database_url)
    launcher = Launcher(settings, store)
    return Services(
        settings=settings, store=store, launcher=launcher, limits=SessionLimits(settings, launcher)
    )
