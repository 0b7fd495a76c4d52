"""People of a class without their browsers: many sessions at once, in one process apart.

Each watches a run, asking the data routes as often as the page's component does, and changes a
widget of its own page now and then. What that costs the server is `sessions`' business; this
process imports nothing large, so as to leave the machine to the server.
"""

import asyncio
import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bench.session_protocol import DEADLINE_SECONDS, Conversation, Values, socket_address

REPOSITORY = Path(__file__).parents[1]
CHART_POLL_SECONDS = 0.7  # as live_chart.js
TABLE_POLL_SECONDS = 1.0  # as run_table.js and curve_chart.js


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """What somebody does on a page."""

    name: str
    page: str
    changes: Callable[[random.Random], Iterator[Values]]
    """What one person changes, one after another."""
    query: str = ""


def _number(key: str, low: int, high: int, scale: float = 1.0) -> Activity:
    """Another number in one field each time."""
    page = key.partition("_")[0].partition("-")[0]

    def changes(choose: random.Random) -> Iterator[Values]:
        while True:
            yield {key: choose.randint(low, high) * scale}

    names = {"graph": "autograd"}
    return Activity(name=names.get(page, page), page=names.get(page, page), changes=changes)


def _programs(choose: random.Random) -> Iterator[Values]:
    """A program that is typed on, so that it is another one each time."""
    instance = f"{choose.getrandbits(32)}"
    for serial in count(1):
        number = choose.randint(1, 1_000_000)
        source = f"x = torch.arange(12.).reshape(3, 4) + {number}\nw = torch.randn(4, 2)\nx @ w"
        typed = {"instance": instance, "serial": serial, "revision": 1, "source": source}
        yield {"tensors-editor": {"typed": typed}}


def _images(choose: random.Random) -> Iterator[Values]:
    """Another image, and then another number of a map to look at."""
    index = 0
    while True:
        index = (index + choose.randint(1, 100)) % 300
        yield {"network-image-index": index}
        yield {"network-unit-2": choose.randint(0, 3)}


ACTIVITIES = (
    _number("train_epochs", 2, 60),
    _number("backprop_field_rate", 1, 500, 0.001),
    Activity(name="tensors", page="tensors", changes=_programs),
    _number("graph_polynomial_a_values_0", 1, 100, 0.1),
    Activity(name="network", page="network", changes=_images),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What all of them do, and for how long."""

    url: str
    run_id: str
    people: int
    seconds: float
    first: int = 0
    """Which activity the first of them has; the next one has the next."""
    change_seconds: float | None = None
    """How long a person looks at what came of a change; None for those that only watch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rerun:
    """A widget's change: on which page, and how long until its script was done."""

    activity: str
    milliseconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Attended:
    """What became of a lesson."""

    reruns: Sequence[Rerun]
    num_polls: int


@contextmanager
def attended(lesson: Lesson) -> Iterator[Callable[[], Attended]]:
    """A lesson in a process apart, once all of them are there; call for what became of it."""
    command = [sys.executable, "-m", "bench.session_clients", json.dumps(asdict(lesson))]
    clients = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert clients.stdout
    told = iter(clients.stdout.readline, "")

    def end() -> Attended:
        found = json.loads(next(told))
        reruns = [Rerun(**rerun) for rerun in found["reruns"]]
        return Attended(reruns=reruns, num_polls=found["num_polls"])

    try:
        if next(told, None) is None:
            sys.exit("the sessions did not come to be")
        yield end
    finally:
        clients.terminate()
        clients.communicate()


async def _hold(lesson: Lesson) -> Attended:
    async with AsyncExitStack() as stack:
        places = range(lesson.first, lesson.first + lesson.people)
        people = [await _come(stack, lesson, place) for place in places]
        print("all are there", flush=True)
        async with asyncio.timeout(lesson.seconds + DEADLINE_SECONDS):
            done = await asyncio.gather(*(_take_part(lesson, person) for person in people))
    return Attended(
        reruns=[rerun for reruns, _ in done for rerun in reruns],
        num_polls=sum(polls for _, polls in done),
    )


# One of them


@dataclass(frozen=True, kw_only=True, slots=True)
class _Person:
    place: int
    activity: Activity
    socket: Any
    conversation: Conversation


async def _come(stack: AsyncExitStack, lesson: Lesson, place: int) -> _Person:
    from websockets.asyncio.client import connect

    watches = lesson.change_seconds is None
    activity = ACTIVITIES[place % len(ACTIVITIES)]
    page, query = ("train", f"run={lesson.run_id}") if watches else (activity.page, activity.query)
    address = socket_address(lesson.url)
    socket = await stack.enter_async_context(connect(address, proxy=None, max_size=None))
    person = _Person(
        place=place, activity=activity, socket=socket, conversation=Conversation(page, query)
    )
    await _rerun(person, {})
    return person


async def _rerun(person: _Person, values: Values) -> float:
    content = person.conversation.rerun(values)
    start = perf_counter()
    await person.socket.send(content)
    while not person.conversation.take(await person.socket.recv(decode=False)):
        pass
    return 1000 * (perf_counter() - start)


async def _take_part(lesson: Lesson, person: _Person) -> tuple[list[Rerun], int]:
    choose = random.Random(person.place)
    end = perf_counter() + lesson.seconds
    # Every fifth on each page looks at the Compare page beside it, the others at the run.
    compares = person.place // len(ACTIVITIES) % 5 == 4
    watch = _compare if compares and lesson.change_seconds is not None else _watch
    reruns, polls = await asyncio.gather(
        _change(lesson, person, choose, end), watch(lesson, choose, end)
    )
    return reruns, polls


async def _change(
    lesson: Lesson, person: _Person, choose: random.Random, end: float
) -> list[Rerun]:
    reruns: list[Rerun] = []
    if lesson.change_seconds is None:
        return reruns
    changes = person.activity.changes(choose)
    await asyncio.sleep(choose.uniform(0, lesson.change_seconds))
    while perf_counter() < end:
        took = await _rerun(person, next(changes))
        reruns.append(Rerun(activity=person.activity.name, milliseconds=took))
        await asyncio.sleep(lesson.change_seconds * choose.uniform(0.5, 1.5))
    return reruns


async def _watch(lesson: Lesson, choose: random.Random, end: float) -> int:
    """As the page of a run does."""
    path = f"/api/runs/{quote(lesson.run_id)}/curves"
    last_id = 0
    async with _Requests(lesson.url) as requests:
        await asyncio.sleep(choose.uniform(0, CHART_POLL_SECONDS))
        while perf_counter() < end:
            answer = await requests.get(path, {"x": "step", "after": last_id})
            last_id = answer["last_id"]
            await asyncio.sleep(CHART_POLL_SECONDS)
    return requests.num_asked


async def _compare(lesson: Lesson, choose: random.Random, end: float) -> int:
    """As the Compare page does with this run chosen."""
    token, after = "", 0
    async with _Requests(lesson.url) as requests:
        await asyncio.sleep(choose.uniform(0, TABLE_POLL_SECONDS))
        while perf_counter() < end:
            token = (await requests.get("/api/runs", {"after": token}))["token"]
            chosen = {"ids": lesson.run_id, "metric": "train_loss", "x": "step", "points": 2000}
            curves = (await requests.get("/api/curves", chosen | {"after": after}))["curves"]
            after = curves[lesson.run_id]["last_id"]
            await asyncio.sleep(TABLE_POLL_SECONDS)
    return requests.num_asked


class _Requests:
    """Requests over one connection that is kept, as a browser does it."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._host, self._port = address.hostname, address.port
        self.num_asked = 0

    async def __aenter__(self) -> "_Requests":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def get(self, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.num_asked += 1
        request = (
            f"GET {path}?{urlencode(parameters)} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            "Accept-Encoding: gzip\r\n\r\n"
        )
        self._writer.write(request.encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, _, rest = head.partition("\r\n")
        assert " 200 " in status, status
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in rest.splitlines())
        }
        body = await self._reader.readexactly(int(headers["content-length"]))
        is_packed = headers.get("content-encoding") == "gzip"
        answer: dict[str, Any] = json.loads(gzip.decompress(body) if is_packed else body)
        return answer


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_hold(Lesson(**json.loads(sys.argv[1])))))))
