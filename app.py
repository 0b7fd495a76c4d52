"""The Blitz dashboard as an ASGI application: `streamlit run app.py`."""

import gc
import importlib
import logging
import sys
import threading

import streamlit as st

from blitz.training.store import StoreError
from blitz.ui.routes import routes
from blitz.ui.services import Services, services

# What the first page would otherwise wait seconds for.
SLOW_IMPORTS = ("torch", "blitz.models", "pandas", "plotly.graph_objects", "blitz.autograd.program")


def start_services() -> Services:
    """The services, or an end in one line that says why there are none."""
    try:
        return services()
    except (OSError, ValueError, StoreError) as error:
        sys.exit(f"Blitz cannot start: {error}")


def import_slowly() -> None:
    """Import the large libraries; done in a thread while the server starts and answers."""
    for name in SLOW_IMPORTS:
        importlib.import_module(name)
    # Last: these processes import PyTorch, too, and a first page needs the processor more.
    shared_workers = importlib.import_module("blitz.tensors.workers").shared_workers
    shared_workers().start()
    # What is there by now stays: a full collection that looks through it all holds every session
    # up for most of a second. A page makes thousands of objects, and lets go of them by itself.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


logging.basicConfig(level=logging.WARNING)
threading.Thread(target=import_slowly, name="warm-up", daemon=True).start()
ready = start_services()
app = st.App("pages/index.py", routes=routes(ready.store, ready.launcher.view))
