"""Runs taken away: as CSV, JSON and TensorBoard event files."""

import csv
import io
import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from blitz.training.config import TrainConfig
from blitz.training.events import EpochFinished, Position, StepsDone
from blitz.training.exports.event_files import ScalarEvent, crc32c, event_file
from blitz.training.exports.tables import metrics_csv, runs_csv, runs_json
from blitz.training.exports.tensorboard import folder_name, tensorboard_zip
from blitz.training.store import Run, RunDetails, RunStore

HOSTILE = '=1+1,"<script>alert(1)</script>"</script>\n🦊'


def make_run(
    store: RunStore,
    name: str,
    lr: float = 0.001,
    num_steps: int = 3,
    dataset: str = "digits",
    classes: tuple[str, ...] = ("a",),
) -> Run:
    """A finished run: a row a step, and a test at the end of the only epoch."""
    config = TrainConfig(dataset=dataset, model="mlp", device="cpu", lr=lr)
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
    details = RunDetails(classes=classes, num_train=1, num_test=2, num_parameters=3, notes=())
    store.update_run(run.id, step=num_steps, loss=0.5, accuracy=0.75, seconds=1.5, details=details)
    store.change_status(run.id, {"running"}, "finished")
    found = store.get_run(run.id)
    assert found is not None
    return found


@pytest.fixture
def runs(home_store: RunStore) -> list[Run]:
    return [make_run(home_store, HOSTILE), make_run(home_store, "plain", lr=0.01)]


# Tables


def test_runs_csv_has_a_row_a_run(runs: list[Run]) -> None:
    rows = list(csv.DictReader(io.StringIO(runs_csv(runs), newline="")))
    assert [row["id"] for row in rows] == [run.id for run in runs]
    assert [row["name"] for row in rows] == [f"'{HOSTILE}", "plain"]
    assert rows[1]["config.lr"] == "0.01"
    assert rows[1]["tags"] == "a, b"
    assert rows[1]["config.image_size"] == ""
    assert float(rows[1]["accuracy"]) == 0.75


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_in_a_csv_is_a_formula(home_store: RunStore, sign: str) -> None:
    # As OWASP's page on CSV injection names the signs, and the apostrophe as the way out.
    formula = f"{sign}1+1"
    made = home_store.create_run(
        name=formula, config=TrainConfig(), device="cpu", token="t", note=formula, tags=["+a"]
    )
    home_store.change_status(made.id, {"starting"}, "failed", formula)
    run = home_store.get_run(made.id)
    assert run is not None
    [row] = csv.DictReader(io.StringIO(runs_csv([run]), newline=""))
    assert [row[name] for name in ("name", "note", "message")] == [f"'{formula}"] * 3
    assert row["tags"] == "'+a"
    assert row["step"] == "0"


def test_numbers_below_zero_are_no_formulas(home_store: RunStore) -> None:
    run = make_run(home_store, "a", lr=0.5)
    negative = replace(run, loss=-0.5)
    [row] = csv.DictReader(io.StringIO(runs_csv([negative]), newline=""))
    assert row["loss"] == "-0.5"


def test_of_a_path_there_is_the_last_part_whatever_it_is_made_of(home_store: RunStore) -> None:
    path = os.fsdecode(b"/home/secret/\xff.zip")
    run = make_run(home_store, "own", dataset=path, classes=(os.fsdecode(b"\xfe"),))
    [row] = csv.DictReader(io.StringIO(runs_csv([run]), newline=""))
    assert row["config.dataset"] == "?.zip"
    texts = [
        runs_csv([run]),
        metrics_csv([run], home_store),
        runs_json([run], home_store),
    ]
    for text in texts:
        text.encode()
        assert "secret" not in text
    [described] = json.loads(texts[2])["runs"]
    assert described["config"]["dataset"] == "?.zip"
    assert described["details"]["classes"] == ["\ufffd"]


def test_metrics_csv_has_a_row_a_record_of_every_run(runs: list[Run], home_store: RunStore) -> None:
    rows = list(csv.DictReader(io.StringIO(metrics_csv(runs, home_store), newline="")))
    assert [row["run"] for row in rows] == [run.id for run in runs for _ in range(4)]
    assert [row["split"] for row in rows[:4]] == ["train", "train", "train", "test"]
    assert rows[0]["name"] == f"'{HOSTILE}"
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
