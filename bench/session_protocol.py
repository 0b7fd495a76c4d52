"""A page's own protocol with the server, spoken without a browser: messages made and read.

Says nothing of how messages travel: `pages` sends them over one connection, `session_clients` over
many at once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # comes with Streamlit's server
    from websockets.sync.client import ClientConnection

DEADLINE_SECONDS = 90.0

Values = Mapping[str, float | Mapping[str, Any]]
"""By a widget's key: a number of a field, or what a component of ours sets."""


def socket_address(url: str) -> str:
    """Where a server of this address takes sessions."""
    return url.replace("http", "ws", 1) + "/_stcore/stream"


class Conversation:
    """What a browser knows of the page that it shows, and what it would say."""

    def __init__(self, page: str, query: str = "") -> None:
        self._page = page
        self._query = query
        self._page_hash = ""
        self._widget_ids: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        """By a widget's key: the part of the page that runs by itself when it is changed."""
        self._values: dict[str, float | Mapping[str, Any]] = {}
        """What a person has set so far: a browser says it each time."""
        self._kept_messages: set[str] = set()
        """Large messages that a browser keeps: the server sends their hashes alone from then on."""

    def rerun(self, values: Values) -> bytes:
        """The message that sets widgets and asks for a script run."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page_hash
        if not self._page_hash:
            message.rerun_script.page_name = self._page
        message.rerun_script.cached_message_hashes.extend(sorted(self._kept_messages))
        changed = {self._fragments.get(key, "") for key in values}
        message.rerun_script.fragment_id = changed.pop() if len(changed) == 1 else ""
        self._values |= values
        for key, value in self._values.items():
            if key not in self._widget_ids:
                raise LookupError(f"no widget {key} on {self._page}: {sorted(self._widget_ids)}")
            state = message.rerun_script.widget_states.widgets.add(id=self._widget_ids[key])
            if isinstance(value, Mapping):
                state.json_value = json.dumps(value)
            else:
                state.double_value = value
        content: bytes = message.SerializeToString()
        return content

    def take(self, received: bytes) -> bool:
        """Read a message of the server; whether it says that the script is done."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        answer = ForwardMsg.FromString(received)
        kind = answer.WhichOneof("type")
        if answer.metadata.cacheable:
            self._kept_messages.add(answer.hash)
        if kind == "navigation":  # a new session's first word names the entry script's page alone
            self._page_hash = answer.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = answer.page_info_changed.query_string
        elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            shown = getattr(element, element.WhichOneof("type") or "empty")
            self._note(getattr(shown, "id", ""), answer.delta.fragment_id)
        elif kind == "script_finished":
            assert answer.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            )
            return True
        return False

    def _note(self, widget_id: str, fragment: str) -> None:
        if widget_id.startswith("$$ID-"):  # and then a digest and the key
            key = widget_id.split("-", 2)[2]
            self._widget_ids[key] = widget_id
            self._fragments[key] = fragment


class Session:
    """One session over a connection that waits for each answer."""

    def __init__(self, socket: "ClientConnection", page: str, query: str) -> None:
        self._socket = socket
        self._conversation = Conversation(page, query)

    def rerun(self, values: Values) -> float:
        """Set widgets, by key, and return the seconds until the script is done."""
        content = self._conversation.rerun(values)
        start = perf_counter()
        self._socket.send(content)
        while not self._conversation.take(self._receive()):
            pass
        return perf_counter() - start

    def _receive(self) -> bytes:
        return self._socket.recv(timeout=DEADLINE_SECONDS, decode=False)


@contextmanager
def open_session(url: str, page: str = "train", query: str = "") -> Iterator[Session]:
    """A session that has its page."""
    from websockets.sync.client import connect

    with connect(socket_address(url), proxy=None, max_size=None) as socket:
        session = Session(socket, page, query)
        session.rerun({})
        yield session
