"""Data routes of the server alone, asked over HTTP as a browser does."""

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.error import HTTPError

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

WAIT_SECONDS = 120.0


@contextmanager
def served(routes: Sequence[BaseRoute]) -> Iterator[str]:
    """The address of a server of these routes, on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    application = Starlette(routes=routes)
    server = uvicorn.Server(uvicorn.Config(application, ws="none", log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def get(url: str) -> Any:
    """An answer, which has to be JSON without NaN."""
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as response:
        return json.loads(response.read(), parse_constant=lambda text: pytest.fail(text))


def get_error(url: str) -> tuple[int, str]:
    """Status and message of a refusal, which is one line."""
    with pytest.raises(HTTPError) as caught:
        get(url)
    with closing(caught.value) as response:
        error = json.loads(response.read())["error"]
        assert "\n" not in error
        return response.code, error
