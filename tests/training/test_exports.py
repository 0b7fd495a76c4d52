"""Runs taken away: as CSV, JSON, TensorBoard event files and a report in one file."""

import csv
import io
import json
import math
import re
import struct
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser

import numpy as np
import pytest

from blitz.training.config import TrainConfig
from blitz.training.curves import Curve
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.exports.event_files import ScalarEvent, crc32c, event_file
from blitz.training.exports.figures import curves_figure
from blitz.training.exports.report import comparison_report
from blitz.training.exports.tables import metrics_csv, runs_csv, runs_json
from blitz.training.exports.tensorboard import folder_name, tensorboard_zip
from blitz.training.store import Run, RunStore

HOSTILE = '=1+1,"<script>alert(1)</script>"</script>\n🦊'


def make_run(store: RunStore, name: str, lr: float = 0.001, num_steps: int = 3) -> Run:
    """A finished run: a row a step, and a test at the end of the only epoch."""
    config = TrainConfig(dataset="digits", model="mlp", device="cpu", lr=lr)
    run = store.create_run(name=name, config=config, device="cpu", token=name, tags=("a", "b"))
    store.change_status(run.id, {"starting"}, "running")
    steps = [
        StepsDone(
            at=Position(step=step, epoch=step / num_steps, images=4 * step, seconds=0.5 * step),
            loss=math.nan if step == 2 else 1 / step,
            accuracy=0.25,
            learning_rate=lr,
            images_per_second=80.0,
            memory_bytes=10**6,
        )
        for step in range(1, num_steps + 1)
    ]
    end = EpochFinished(
        at=steps[-1].at, loss=0.5, accuracy=0.75, class_correct=(1,), class_total=(2,), is_best=True
    )
    store.append_metrics(run.id, [*steps, end])
    store.append_event(run.id, "learning rate", "changed", steps[0].at)
    store.update_run(run.id, step=num_steps, loss=0.5, accuracy=0.75, seconds=1.5)
    store.change_status(run.id, {"running"}, "finished")
    found = store.get_run(run.id)
    assert found is not None
    return found


@pytest.fixture
def runs(home_store: RunStore) -> list[Run]:
    return [make_run(home_store, HOSTILE), make_run(home_store, "plain", lr=0.01)]


# Tables


def test_runs_csv_has_a_row_a_run_with_texts_as_they_are(runs: list[Run]) -> None:
    rows = list(csv.DictReader(io.StringIO(runs_csv(runs), newline="")))
    assert [row["id"] for row in rows] == [run.id for run in runs]
    assert rows[0]["name"] == HOSTILE
    assert rows[1]["config.lr"] == "0.01"
    assert rows[1]["tags"] == "a, b"
    assert rows[1]["config.image_size"] == ""
    assert float(rows[1]["accuracy"]) == 0.75


def test_metrics_csv_has_a_row_a_record_of_every_run(runs: list[Run], home_store: RunStore) -> None:
    rows = list(csv.DictReader(io.StringIO(metrics_csv(runs, home_store), newline="")))
    assert [row["run"] for row in rows] == [run.id for run in runs for _ in range(4)]
    assert [row["split"] for row in rows[:4]] == ["train", "train", "train", "test"]
    assert rows[0]["name"] == HOSTILE
    assert [row["loss"] for row in rows[:2]] == ["1.0", ""]


def test_json_has_all_that_was_recorded_and_no_nan(runs: list[Run], home_store: RunStore) -> None:
    text = runs_json(runs, home_store)
    assert "NaN" not in text
    first, second = json.loads(text)["runs"]
    assert first["name"] == HOSTILE
    assert second["config"] == runs[1].config.to_dict()
    assert second["metrics"]["step"] == [1, 2, 3, 3]
    assert second["metrics"]["loss"] == [1.0, None, 1 / 3, 0.5]
    assert second["metrics"]["learning_rate"] == [0.01, 0.01, 0.01, None]
    assert [event["kind"] for event in second["events"]] == ["learning rate"]


# TensorBoard


def plain_crc32c(content: bytes) -> int:
    """Bit by bit, as the standard (RFC 3720) defines it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_records(content: bytes) -> Iterator[bytes]:
    """The contents of a TFRecord file, both checksums compared."""
    stream = io.BytesIO(content)
    while head := stream.read(12):
        [length] = struct.unpack("<Q", head[:8])
        record = stream.read(length)
        for part, stored in ((head[:8], head[8:]), (record, stream.read(4))):
            crc = plain_crc32c(part)
            masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
            assert struct.pack("<I", masked) == stored
        yield record


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of the fields of a protocol buffer."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[place : place + length]
        place += length


def read_event(record: bytes) -> tuple[float, int, dict[str, float]]:
    """Wall time, step and scalars by tag."""
    fields = dict(read_fields(record))
    wall_time, step, summary = fields[1], fields.get(2, 0), fields.get(5, b"")
    assert isinstance(wall_time, bytes)
    assert isinstance(step, int)
    assert isinstance(summary, bytes)
    scalars = {}
    for number, value in read_fields(summary):
        assert (number, type(value)) == (1, bytes)
        tag, number_bytes = (field for _, field in read_fields(value))  # type: ignore[arg-type]
        scalars[tag.decode()] = struct.unpack("<f", number_bytes)[0]  # type: ignore[union-attr,arg-type]
    return struct.unpack("<d", wall_time)[0], step, scalars


def test_the_checksum_is_that_of_rfc_3720() -> None:
    # Appendix B.4 of the RFC: 32 bytes of zeros, of ones, and counting up.
    examples = [bytes(32), b"\xff" * 32, bytes(range(32))]
    rows = np.frombuffer(b"".join(examples), dtype=np.uint8).reshape(3, 32)
    assert crc32c(rows).tolist() == [0x8A9136AA, 0x62A8AB43, 0x46DD794E]


@pytest.mark.parametrize("step", [0, 1, 127, 128, 300, 2**31, 2**53])
def test_an_event_is_read_back_as_it_was(step: int) -> None:
    tag = "train/" + "größe" * 40  # longer than one byte can say
    event = ScalarEvent(wall_time=1.7e9 + 0.25, step=step, scalars={"a": 0.5, tag: -2.0})
    first, second = read_records(event_file([event], wall_time=1.7e9))
    assert dict(read_fields(first))[3] == b"brain.Event:2"
    assert read_event(second) == (1.7e9 + 0.25, step, {"a": 0.5, tag: -2.0})


def test_each_run_is_a_folder_with_its_curves(runs: list[Run], home_store: RunStore) -> None:
    with zipfile.ZipFile(io.BytesIO(tensorboard_zip(runs, home_store))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert [name.partition("/")[0] for name in contents] == [folder_name(run) for run in runs]
    for run, (name, content) in zip(runs, contents.items(), strict=True):
        assert re.fullmatch(rf"[\w-]*{run.id}/events\.out\.tfevents\.\d+\.blitz", name)
        events = [read_event(record) for record in read_records(content)][1:]
        assert [step for _, step, _ in events] == [1, 2, 3, 3]
        assert "train/loss" not in events[1][2]  # it was NaN
        assert events[3][2] == {"test/loss": 0.5, "test/accuracy": 0.75}
        assert run.started_at is not None
        assert events[2][0] == run.started_at.timestamp() + 1.5


# The report


class Page(HTMLParser):
    """The texts of a page, the scripts apart, and whatever it would load."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.loaded: list[str] = []
        self._is_script = False
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_script = tag == "script"
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        (self.scripts if self._is_script else self.texts).append(data)


def test_the_report_needs_nothing_else_and_shows_names_literally(
    runs: list[Run], home_store: RunStore
) -> None:
    content = comparison_report(runs, home_store)
    page = Page(content)
    assert page.loaded == []
    assert HOSTILE in page.texts
    assert "<script>alert" not in content
    is_library = [len(script) > 1_000_000 for script in page.scripts]
    assert is_library.count(True) == 1
    drawn = [
        script for script, is_ours in zip(page.scripts, is_library, strict=True) if not is_ours
    ]
    assert sum("Plotly.newPlot" in script for script in drawn) == 4


def test_the_report_names_the_settings_that_differ_and_no_others(
    runs: list[Run], home_store: RunStore
) -> None:
    texts = Page(comparison_report(runs, home_store)).texts
    settings = texts[texts.index("setting") :]
    assert settings[1:6] == [HOSTILE, "plain", "lr", "0.001", "0.01"]
    assert "momentum" not in settings


def test_a_report_of_nothing_recorded_has_no_charts(home_store: RunStore) -> None:
    config = TrainConfig(dataset="digits", model="mlp")
    run = home_store.create_run(name="new", config=config, device="cpu", token="t")
    texts = Page(comparison_report([run], home_store)).texts
    assert "Nothing was recorded." in texts
    assert "None: all runs have the same settings." in texts


def test_names_are_no_markup_in_a_legend() -> None:
    curve = Curve(x=np.array([1.0]), y=np.array([2.0]))
    figure = curves_figure([("<b>x</b> & y", curve), ("<b>x</b> & y", curve)], "loss", "")
    # As Plotly must get a text to show it as it is; two runs of one name are two lines.
    assert [line.name for line in figure.data] == ["&lt;b&gt;x&lt;/b&gt; &amp; y"] * 2
