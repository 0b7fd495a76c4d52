import errno
import hashlib
import io
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from blitz.training.checkpoints import (
    CheckpointError,
    export_weights,
    load_state,
    save_state,
    sweep,
    write_atomically,
)
from blitz.training.state import TrainState
from tests.training.checkpoint_victim import NEWER, OLDER, REPLACED, state_at

REPOSITORY = Path(__file__).parents[2]
VICTIM = [sys.executable, "-m", "tests.training.checkpoint_victim"]
DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
    torch.complex64,
]
GIANT_SHAPE = b'{"a":{"dtype":"F32","shape":[0,9223372036854775807,9],"data_offsets":[0,0]}}'


def bits(tensor: Tensor) -> tuple[torch.dtype, torch.Size, bytes]:
    raw = tensor.contiguous().flatten().view(torch.uint8)
    return tensor.dtype, tensor.shape, raw.numpy().tobytes()


def same_bits(one: TrainState, other: TrainState) -> bool:
    tensors = [{name: bits(t) for name, t in s.tensors.items()} for s in (one, other)]
    # As JSON, so that NaN equals itself and 1 differs from 1.0 and True.
    return tensors[0] == tensors[1] and json.dumps(one.values) == json.dumps(other.values)


def small_state() -> TrainState:
    generator = torch.Generator().manual_seed(0)
    return TrainState(
        tensors={
            "model.weight": torch.randn(5, 7, generator=generator),
            "optimiser.0": torch.zeros(5, 7),
            "random.cpu": generator.get_state()[:256].clone(),
        },
        values={"step": 3, "seconds": 0.1, "best_loss": None},
    )


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@contextmanager
def largest_file(num_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond the limit: writing more is an OSError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_every_dtype_comes_back_bit_for_bit(tmp_path: Path) -> None:
    raw = torch.randint(0, 256, (16 * 6,), dtype=torch.uint8)
    tensors = {str(d): (raw % 2 if d is torch.bool else raw).view(d) for d in DTYPES}
    state = TrainState(tensors=tensors, values={})
    assert same_bits(load_state(save_state(tmp_path / "a", state).path), state)


def test_scalars_empty_tensors_and_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    state = TrainState(
        tensors={
            "scalar": torch.tensor(7),
            "flag": torch.tensor(True),
            "empty": torch.empty(0),
            "no rows": torch.empty(0, 3, dtype=torch.int64),
            "not finite": torch.tensor([float("nan"), float("inf"), -0.0]),
        },
        values={},
    )
    assert same_bits(load_state(save_state(tmp_path / "a", state).path), state)


def test_a_state_without_tensors_comes_back(tmp_path: Path) -> None:
    state = TrainState(tensors={}, values={"step": 0})
    assert same_bits(load_state(save_state(tmp_path / "a", state).path), state)


def test_values_keep_their_types_and_every_bit(tmp_path: Path) -> None:
    values: dict[str, int | float | str | bool | None] = {
        "int": 2**63 - 1,
        "whole float": 1.0,
        "float": 0.1 + 0.2,
        "smallest float": 5e-324,
        "negative zero": -0.0,
        "infinite": float("inf"),
        "nan": float("nan"),
        "flag": True,
        "text": 'naïve "η"\n\x00',
        "none": None,
    }
    state = TrainState(tensors={}, values=values)
    assert same_bits(load_state(save_state(tmp_path / "a", state).path), state)


def test_views_of_one_storage_come_back_as_tensors_of_their_own(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    image = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    views = {"all": base, "tied": base, "columns": base.T, "every other": base[:, ::2], "i": image}
    state = TrainState(tensors=views, values={})
    loaded = load_state(save_state(tmp_path / "a", state).path)
    assert same_bits(loaded, state)
    loaded.tensors["all"].zero_()
    assert torch.equal(loaded.tensors["tied"], base)


def test_saved_file_tells_the_hash_and_size_of_what_is_on_the_disk(tmp_path: Path) -> None:
    saved = save_state(tmp_path / "a", small_state())
    data = saved.path.read_bytes()
    assert saved.sha256 == hashlib.sha256(data).hexdigest()
    assert saved.num_bytes == len(data)


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (save_state(tmp_path / name, small_state()) for name in ("a", "b"))
    assert first.sha256 == second.sha256


def test_file_is_flushed_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("fsync folder" if is_folder else "fsync file")
        fsync(descriptor)

    def record_replace(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    save_state(tmp_path / "a", small_state())
    assert steps == ["fsync file", "rename", "fsync folder"]


def test_what_reads_back_differently_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "a", b"old")
    fsync = os.fsync

    def damage(descriptor: int) -> None:
        os.pwrite(descriptor, b"?", 0)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", damage)
    with pytest.raises(OSError, match="does not read back") as caught:
        write_atomically(tmp_path / "a", b"new")
    assert caught.value.errno == errno.EIO
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_two_writers_of_one_file_leave_the_whole_of_one(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(4)]
    writers = [
        threading.Thread(target=write_atomically, args=(tmp_path / "a", content))
        for content in contents
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "a").read_bytes() in contents
    assert names(tmp_path) == ["a"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_state(tmp_path / "last-9.safetensors")
    reason = os.strerror(errno.ENOENT)
    assert (
        str(caught.value)
        == f"checkpoint {tmp_path / 'last-9.safetensors'} cannot be read: {reason}"
    )


def test_a_hash_of_another_file_is_refused(tmp_path: Path) -> None:
    saved = save_state(tmp_path / "a", small_state())
    other = save_state(tmp_path / "b", state_at(1))
    with pytest.raises(CheckpointError, match="a is damaged") as caught:
        load_state(saved.path, other.sha256)
    assert "\n" not in str(caught.value)


def test_every_flipped_byte_is_refused_with_the_hash(tmp_path: Path) -> None:
    saved = save_state(tmp_path / "a", small_state())
    data = saved.path.read_bytes()
    for position in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[position] ^= 0xFF
        saved.path.write_bytes(flipped)
        with pytest.raises(CheckpointError, match="is damaged"):
            load_state(saved.path, saved.sha256)


@pytest.mark.parametrize("sixteenths", range(16))
def test_every_cut_is_refused_with_and_without_the_hash(tmp_path: Path, sixteenths: int) -> None:
    saved = save_state(tmp_path / "a", small_state())
    os.truncate(saved.path, saved.num_bytes * sixteenths // 16)
    for sha256 in (saved.sha256, None):
        with pytest.raises(CheckpointError, match="damaged"):
            load_state(saved.path, sha256)


def test_a_flipped_bit_in_the_header_raises_nothing_but_a_checkpoint_error(tmp_path: Path) -> None:
    saved = save_state(tmp_path / "a", small_state())
    data = saved.path.read_bytes()
    header_end = 8 + int.from_bytes(data[:8], "little")
    for bit in range(0, header_end * 8, 7):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        saved.path.write_bytes(flipped)
        with suppress(CheckpointError):
            load_state(saved.path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n" * 100,
        safetensors.torch.save({"weight": torch.zeros(2)}),
        safetensors.torch.save({}, {"blitz.state": "[]"}),
        safetensors.torch.save({}, {"blitz.state": "[" * 100_000}),
        (2**63).to_bytes(8, "little") + b"{}",
        len(GIANT_SHAPE).to_bytes(8, "little") + GIANT_SHAPE,
    ],
    ids=["empty", "text", "plain weights", "list", "nested", "giant header", "giant shape"],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(CheckpointError, match="is cut, damaged or no checkpoint"):
        load_state(tmp_path / "a")


def test_a_file_of_a_later_format_is_refused_by_its_number(tmp_path: Path) -> None:
    record = json.dumps({"version": 2, "values": {}})
    (tmp_path / "a").write_bytes(safetensors.torch.save({}, {"blitz.state": record}))
    with pytest.raises(CheckpointError, match="has format 2; this version of Blitz reads format 1"):
        load_state(tmp_path / "a")


def test_a_killed_save_leaves_the_older_or_the_newer_file_whole(tmp_path: Path) -> None:
    subprocess.run([*VICTIM, "kill", str(tmp_path)], cwd=REPOSITORY, check=True, timeout=600)
    older, newer = state_at(1), state_at(2)
    seen = set()
    for case in tmp_path.iterdir():
        part_sizes = tuple(part.stat().st_size for part in case.glob("*.part"))
        has_newer = (case / NEWER).exists()
        replaced = load_state(case / REPLACED)
        assert same_bits(load_state(case / OLDER), older)
        assert not has_newer or same_bits(load_state(case / NEWER), newer)
        assert same_bits(replaced, older) or same_bits(replaced, newer)
        seen.add((part_sizes, has_newer, replaced.values["step"]))
        sweep(case, keep={OLDER, REPLACED})
        assert names(case) == [REPLACED, OLDER]
    size = save_state(tmp_path / "a", newer).num_bytes
    # Each moment was hit: (sizes of part files, whether the new file is there, step of the
    # replaced file).
    assert seen == {
        ((), False, 1),
        *(((part_size,), False, 1) for part_size in (0, 1, size // 2, size - 1, size)),
        ((), True, 1),
        ((0,), True, 1),
        ((size,), True, 1),
        ((), True, 2),
    }


def test_a_full_disk_keeps_the_older_file(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare to mount a small disk with")
    # A mount in a namespace of its own: it needs no root and is gone with the process.
    own_mounts = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=300k tmpfs "$0"'
    if subprocess.run([*own_mounts, mount, tmp_path], capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    done = subprocess.run(
        [*own_mounts, f'{mount} && exec "$@" fill "$0"', tmp_path, *VICTIM],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr


def test_a_write_beyond_the_size_limit_keeps_the_older_file(tmp_path: Path) -> None:
    older = save_state(tmp_path / OLDER, small_state())
    larger = TrainState(tensors={"model.weight": torch.zeros(1_000_000)}, values={})
    for name in (NEWER, OLDER):
        with largest_file(2_000_000), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            save_state(tmp_path / name, larger)
        assert names(tmp_path) == [OLDER]
        assert same_bits(load_state(older.path, older.sha256), small_state())


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save_state(tmp_path / "gone" / "a", small_state())


def test_sweep_leaves_what_is_no_state_file(tmp_path: Path) -> None:
    others = {"lock", "process.log", "predictions.safetensors", "lasting.safetensors"}
    states = {"last-1.safetensors", "last-2.safetensors", "best-1.safetensors"}
    for name in others | states | {"last-3.safetensors.0a1b2c3d.part"}:
        (tmp_path / name).touch()
    sweep(tmp_path, keep=["last-2.safetensors", "best-1.safetensors"])
    assert set(names(tmp_path)) == others | {"last-2.safetensors", "best-1.safetensors"}


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def state_of(model: nn.Module) -> TrainState:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    return TrainState(tensors={**tensors, "optimiser.0": torch.ones(3)}, values={"step": 1})


def test_pth_weights_load_as_the_pytorch_tutorials_load_them() -> None:
    model, restored = network(), network()
    data = export_weights(state_of(model), "pth")
    restored.load_state_dict(torch.load(io.BytesIO(data), weights_only=True))
    assert {n: bits(t) for n, t in restored.state_dict().items()} == {
        n: bits(t) for n, t in model.state_dict().items()
    }


def test_safetensors_weights_load_strictly() -> None:
    model, restored = network(), network()
    restored.load_state_dict(safetensors.torch.load(export_weights(state_of(model), "safetensors")))
    assert {n: bits(t) for n, t in restored.state_dict().items()} == {
        n: bits(t) for n, t in model.state_dict().items()
    }


def test_pth_of_a_slice_does_not_carry_the_whole_storage() -> None:
    state = TrainState(tensors={"model.weight": torch.zeros(1_000_000)[:10]}, values={})
    assert len(export_weights(state, "pth")) < 10_000


def test_a_sweep_does_not_take_away_what_another_thread_is_writing(tmp_path: Path) -> None:
    done = threading.Event()

    def sweep_on() -> None:
        while not done.is_set():
            sweep(tmp_path, keep=())

    thread = threading.Thread(target=sweep_on)
    thread.start()
    try:
        for number in range(100):
            write_atomically(tmp_path / "predictions", bytes([number]))
    finally:
        done.set()
        thread.join()
    assert (tmp_path / "predictions").read_bytes() == bytes([99])
