"""The Blitz dashboard as an ASGI application: `streamlit run app.py`."""

import asyncio
import importlib
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from blitz.training.store import StoreError
from blitz.ui.routes import routes
from blitz.ui.services import Services, services

# What the first page would otherwise wait seconds for.
SLOW_IMPORTS = ("torch", "blitz.models", "pandas", "plotly.graph_objects")


def start_services() -> Services:
    """The services, or an end in one line that says why there are none."""
    try:
        return services()
    except (OSError, ValueError, StoreError) as error:
        sys.exit(f"Blitz cannot start: {error}")


def import_slowly() -> None:
    """Import the large libraries; done in a thread while the server answers already."""
    for name in SLOW_IMPORTS:
        importlib.import_module(name)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up in the background. Training processes are not ours to end."""
    warm_up = asyncio.get_running_loop().run_in_executor(None, import_slowly)
    yield
    await warm_up


logging.basicConfig(level=logging.WARNING)
ready = start_services()
app = st.App("pages/index.py", lifespan=lifespan, routes=routes(ready.store, ready.launcher.view))
