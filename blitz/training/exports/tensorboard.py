"""Runs as TensorBoard reads them: a zip with one folder a run. `event_files` knows the format."""

import io
import math
import re
import zipfile
from collections.abc import Iterator, Sequence

from blitz.training.exports.event_files import ScalarEvent, event_file
from blitz.training.store import MetricColumns, Run, RunStore

_TRAIN = ("loss", "accuracy", "learning_rate", "images_per_second")
_TEST = ("loss", "accuracy")


def tensorboard_zip(runs: Sequence[Run], store: RunStore) -> bytes:
    """An archive to unpack and to open with `tensorboard --logdir FOLDER`."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs:
            start = (run.started_at or run.created_at).timestamp()
            content = event_file(_events(store.metrics_after(run.id), start), wall_time=start)
            archive.writestr(f"{folder_name(run)}/events.out.tfevents.{int(start)}.blitz", content)
    return written.getvalue()


def folder_name(run: Run) -> str:
    """A name that every file system takes and no other run has."""
    words = re.sub(r"[^\w-]+", "-", run.name).strip("-")[:80]
    return f"{words}-{run.id}" if words else run.id


def _events(columns: MetricColumns, start: float) -> Iterator[ScalarEvent]:
    """A row's numbers as train/loss, test/accuracy and so on, without those that are NaN."""
    values = {name: getattr(columns, name).tolist() for name in {*_TRAIN, *_TEST}}
    places = zip(
        columns.is_test.tolist(), columns.step.tolist(), columns.seconds.tolist(), strict=True
    )
    for row, (is_test, step, seconds) in enumerate(places):
        part, names = ("test", _TEST) if is_test else ("train", _TRAIN)
        yield ScalarEvent(
            wall_time=start + seconds,
            step=step,
            scalars={
                f"{part}/{name}": values[name][row]
                for name in names
                if math.isfinite(values[name][row])
            },
        )
