"""Files of weights that anybody may have made: what is taken, and why the others are not."""

import collections
import io
import json
import os
import pickle
import random
import resource
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from blitz.datasets import load_dataset
from blitz.models import build_model
from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.evaluation import predict
from blitz.training.launcher import Launcher
from blitz.training.predictions import PREDICTIONS_FILE, read_predictions
from blitz.training.processes import import_path
from blitz.training.store import RunStore
from blitz.training.weights_in import opcodes, reading
from blitz.training.weights_in.policy import MAX_TENSORS, MismatchError, TensorForm
from blitz.training.weights_in.pth import check_pth
from blitz.training.weights_in.reading import GivenWeights, read_weights
from blitz.training.weights_in.starting import start_evaluation

LIMIT = 2_000_000
WaitFor = Callable[[Callable[[], bool]], None]


class Small(nn.Module):
    """A linear layer and a batch normalisation, whose counter is a whole number."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)


@pytest.fixture
def trained() -> nn.Module:
    torch.manual_seed(0)
    return Small()


def empty() -> nn.Module:
    with torch.device("meta"):
        return Small()


def read(content: bytes, name: str = "w.pth") -> GivenWeights:
    return read_weights(content, name, empty(), limit_bytes=LIMIT)


def reason(content: bytes, name: str = "w.pth") -> str:
    """Why a file is not taken: one line."""
    with pytest.raises(ValueError, match=r".") as caught:
        read(content, name)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def is_same(weights: GivenWeights, model: nn.Module) -> bool:
    own = model.state_dict()
    return set(own) == set(weights.tensors) and all(
        weights.tensors[name].equal(tensor) for name, tensor in own.items()
    )


def repacked(
    content: bytes,
    *,
    changed: Callable[[str, bytes], bytes] = lambda _, member: member,
    added: list[tuple[str, bytes]] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """The archive written anew, with members changed or added."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(written, "w", compression) as new,
    ):
        for name in old.namelist():
            new.writestr(name, changed(name, old.read(name)))
        for name, member in added or []:
            new.writestr(name, member)
    return written.getvalue()


def with_pickle(content: bytes, pickled: bytes) -> bytes:
    return repacked(content, changed=lambda n, m: pickled if n.endswith("data.pkl") else m)


# What is taken


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_come_back_bit_for_bit(trained: nn.Module, suffix: str) -> None:
    own = trained.state_dict()
    content = saved(own) if suffix == "pth" else safetensors.torch.save(own)
    weights = read(content, f"w.{suffix}")
    assert is_same(weights, trained)
    assert (weights.notes, weights.warning) == ((), "")


def test_nested_and_prefixed_weights_are_unwrapped_and_it_is_said(trained: nn.Module) -> None:
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1, momentum=0.9)
    wrapped = {f"module.{name}": tensor for name, tensor in trained.state_dict().items()}
    checkpoint = {"state_dict": wrapped, "epoch": 3, "optimizer": optimizer.state_dict()}
    weights = read(saved(checkpoint))
    assert is_same(weights, trained)
    assert weights.notes == (
        'taken from under "state_dict"',
        '"module." of DataParallel taken off the names',
    )


def test_transposed_and_tied_tensors_keep_their_values() -> None:
    both = torch.arange(12.0).reshape(3, 4)
    model = nn.ParameterDict({"a": nn.Parameter(torch.empty(4, 3)), "b": torch.empty(3, 4)})
    content = saved({"a": both.T, "b": both})
    weights = read_weights(content, "w.pth", model.to("meta"), limit_bytes=LIMIT)
    assert weights.tensors["a"].equal(both.T)
    assert weights.tensors["b"].equal(both)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_values_that_are_not_finite_are_taken_with_a_warning(
    trained: nn.Module, suffix: str
) -> None:
    own = trained.state_dict()
    own["linear.bias"][1] = torch.nan
    own["linear.weight"][0, :2] = torch.inf
    content = saved(own) if suffix == "pth" else safetensors.torch.save(own)
    warning = read(content, f"w.{suffix}").warning
    assert warning == "3 values are NaN or infinite, in linear.weight, linear.bias"


# What does not fit


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_every_difference_is_listed(trained: nn.Module, suffix: str) -> None:
    given = dict(trained.state_dict())
    given["linear.weight"] = torch.zeros(4, 5)
    given["linear.bias"] = given["linear.bias"].double()
    given["../../x"] = torch.zeros(1)
    del given["norm.num_batches_tracked"]
    content = saved(given) if suffix == "pth" else safetensors.torch.save(given)
    with pytest.raises(MismatchError) as caught:
        read(content, f"w.{suffix}")
    assert {each.name: (each.expected, each.given) for each in caught.value.differences} == {
        "linear.weight": (
            TensorForm(dtype="float32", shape=(4, 3)),
            TensorForm(dtype="float32", shape=(4, 5)),
        ),
        "linear.bias": (
            TensorForm(dtype="float32", shape=(4,)),
            TensorForm(dtype="float64", shape=(4,)),
        ),
        "norm.num_batches_tracked": (TensorForm(dtype="int64", shape=()), None),
        "../../x": (None, TensorForm(dtype="float32", shape=(1,))),
    }
    assert "linear.weight is float32 [4, 5], expected float32 [4, 3]" in str(caught.value)
    assert "and 1 more" in str(caught.value)


# Files that are something else


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors", "../../w.pth", "w"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        random.Random(0).randbytes(5_000),
        b"weights, honestly\n" * 100,
        b"PK\x03\x04",
        b"{}",
    ],
)
def test_what_is_no_file_of_weights_is_refused(name: str, content: bytes) -> None:
    message = reason(content, name)
    assert message.startswith(f"{Path(name).name} is not taken: ")
    assert not content or "empty" not in message


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    assert "at most 2,000,000 are read" in reason(b"PK\x03\x04" + bytes(LIMIT))


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_cut_files_are_refused_wherever_they_are_cut(trained: nn.Module, suffix: str) -> None:
    own = trained.state_dict()
    content = saved(own) if suffix == "pth" else safetensors.torch.save(own)
    for part in range(16):
        cut = content[: part * len(content) // 16]
        if suffix == "safetensors":
            assert reason(cut, "w.safetensors")
        else:  # without a process for each
            with pytest.raises(ValueError, match=r"cut or damaged|empty|zip"):
                check_pth(cut, {}, LIMIT)


# Pickles


class Evil:
    """Unpickled, it makes a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self.canary}",))


def test_a_pickle_that_runs_code_runs_none(tmp_path: Path, trained: nn.Module) -> None:
    canary = tmp_path / "canary"
    own = {**trained.state_dict(), "linear.bias": Evil(canary)}
    assert "asks for posix.system" in reason(saved(own))
    assert "zip archive" in reason(pickle.dumps(Evil(canary)))
    old = saved(Evil(canary), _use_new_zipfile_serialization=False)
    assert "zip archive" in reason(old)
    assert not canary.exists()


def test_a_whole_pickled_module_is_refused(trained: nn.Module) -> None:
    message = reason(saved(trained))
    assert "asks for tests.training.test_weights_in.Small" in message
    assert "save model.state_dict()" in message


def test_torchscript_is_refused() -> None:
    content = repacked(saved({}), added=[("archive/code/__torch__.py", b"x = 1")])
    assert "TorchScript" in reason(content)


def pickled_call(module: str, name: str, argument: bytes) -> bytes:
    """A dict whose value comes of a call."""
    call = f"c{module}\n{name}\n".encode() + argument + b"\x85R"
    return b"\x80\x02}X\x01\x00\x00\x00a" + call + b"s."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "bytearray"),
        ("__builtin__", "bytearray"),
        ("torch", "Tensor"),
        ("torch.storage", "UntypedStorage"),
        ("torch._utils", "_rebuild_parameter"),
        ("builtins", "eval"),
    ],
)
def test_a_pickle_that_asks_for_memory_or_code_is_refused(module: str, name: str) -> None:
    content = with_pickle(saved({}), pickled_call(module, name, b"J\x00\xa3\xe1\x11"))
    assert f"asks for {module}.{name}" in reason(content)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.eye(3).to_sparse(), "sparse tensors"),
        (collections.Counter({"a": 1}), "collections.Counter"),
        ({1, 2}, "builtins.set"),
        (nn.Parameter(torch.ones(2)), "_rebuild_parameter"),
    ],
)
def test_what_a_state_dict_does_not_hold_is_refused(value: Any, words: str) -> None:
    assert words in reason(saved({"linear.weight": value})).replace("__builtin__", "builtins")


def test_quantised_tensors_are_refused() -> None:
    call = b"ctorch._utils\n_rebuild_qtensor\n)R"
    content = with_pickle(saved({}), b"\x80\x02}X\x01\x00\x00\x00a" + call + b"s.")
    assert "quantised tensors" in reason(content)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_other_protocols_are_refused(protocol: int) -> None:
    content = with_pickle(saved({}), pickle.dumps({"a": 1}, protocol=protocol))
    assert f"protocol {protocol}" in reason(content)


@pytest.mark.parametrize("value", [3, [1], {}, {"a": 1}, OrderedDict(b=torch.ones(1), c=None)])
def test_a_file_without_a_state_dict_is_refused(value: Any) -> None:
    assert "holds no state dict" in reason(saved(value))


# The machine that reads pickles without unpickling; a storage "0" of 16 bytes is there

FORM = TensorForm(dtype="float32", shape=(2, 2))


def tensor_pickle(
    *,
    storage: str = "FloatStorage",
    key: str = "0",
    num_values: Any = 4,
    offset: Any = 0,
    sizes: tuple[Any, ...] = (2, 2),
    strides: tuple[Any, ...] = (2, 1),
) -> bytes:
    """What torch.save writes for a tensor, with numbers of one's own."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if isinstance(value, torch.UntypedStorage):
                return ("storage", getattr(torch, storage), key, "cpu", num_values)
            return None

    rebuild = torch._utils._rebuild_tensor_v2
    arguments: tuple[Any, ...] = (
        torch.UntypedStorage(0),
        offset,
        sizes,
        strides,
        False,
        OrderedDict(),
    )

    class Given:
        def __reduce__(self) -> tuple[Any, ...]:
            return rebuild, arguments

    written = io.BytesIO()
    Pickler(written, protocol=2).dump(Given())
    return written.getvalue()


def test_a_tensor_is_described_by_its_storage_and_sizes() -> None:
    assert opcodes.describe(tensor_pickle(), {"0": 16}) == FORM
    transposed = tensor_pickle(strides=(1, 2))
    assert opcodes.describe(transposed, {"0": 16}) == FORM


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_values": 10**12}, "is said to have 4,000,000,000,000 bytes and has 16"),
        ({"storage": "DoubleStorage"}, "is said to have 32 bytes and has 16"),
        ({"key": "../0"}, "has 0"),
        ({"sizes": (10**6, 10**6), "strides": (0, 0)}, "repeats its values"),
        ({"sizes": (2, 4), "strides": (0, 1)}, "repeats its values"),
        ({"offset": 1}, "reaches beyond its storage"),
        ({"strides": (3, 1)}, "reaches beyond its storage"),
        ({"sizes": (3, 3), "strides": (1, 1)}, "reaches beyond its storage"),
        ({"offset": -1}, "no whole number"),
        ({"sizes": (-2, 2)}, "no whole number"),
        ({"sizes": (2, 2**63)}, "no whole number"),
        ({"num_values": 2**80}, "no whole number"),
        ({"sizes": (True, 2)}, "no whole number"),
        ({"sizes": (2,)}, "1 sizes and 2 strides"),
        ({"sizes": (1,) * 9, "strides": (1,) * 9}, "9 sizes"),
        ({"storage": "UntypedStorage"}, "asks for torch.storage.UntypedStorage"),
    ],
)
def test_a_tensor_that_its_storage_cannot_hold_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        opcodes.describe(tensor_pickle(**changes), {"0": 16})


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b".",
        b"\x80\x02",
        b"\x80\x02}u.",
        b"\x80\x02h\x07.",
        b"\x80\x02(\x85.",
        b"\x80\x02]Q.",
        b"\x80\x02}]K\x01s.",
        b"\x80\x02X\xff\xff\xff\xffa.",
        b"\x80\x02}(K\x01u.",
    ],
)
def test_a_damaged_pickle_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        opcodes.describe(damaged, {})


def test_attributes_beside_the_versions_are_refused() -> None:
    pickled = b"\x80\x02}}X\x05\x00\x00\x00itemsK\x01sb."
    with pytest.raises(ValueError, match="sets attributes"):
        opcodes.describe(pickled, {})


def test_nested_tuples_as_a_key_do_not_hold_up() -> None:
    """Two references a level: the hash of the outermost would take 2 to the 60 steps."""
    nested = b"\x80\x02}K\x01" + b"q\x00h\x00\x86" * 60 + b"K\x01s."
    with pytest.raises(ValueError, match="damaged"):
        opcodes.describe(nested, {})


def test_nested_tuples_as_attributes_do_not_hold_up() -> None:
    """Its state is looked at without being hashed: that would take 2 to the 200 steps."""
    nested = b"\x80\x02}" + b"K\x01" + b"q\x00h\x00\x86" * 200 + b"\x85b."
    with pytest.raises(ValueError, match="sets attributes"):
        opcodes.describe(nested, {})


def test_more_tensors_than_allowed_are_refused() -> None:
    start, body = b"\x80\x02]", tensor_pickle()[2:-1]
    with pytest.raises(ValueError, match="more than 10,000 tensors"):
        opcodes.describe(start + (body + b"a") * (MAX_TENSORS + 1) + b".", {"0": 16})


# Archives


def test_deflated_members_are_refused() -> None:
    bomb = repacked(
        saved({}), added=[("archive/data/0", bytes(50_000_000))], compression=zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 200_000
    assert "is compressed" in reason(bomb)


def test_two_members_of_one_name_are_refused(trained: nn.Module) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = repacked(saved(trained.state_dict()), added=[("archive/data/0", bytes(48))])
    assert "two members of the name archive/data/0" in reason(content)


@pytest.mark.parametrize(
    "name",
    ["../evil", "archive/../../evil", "/etc/evil", "C:/evil", "archive\\evil", "archive//x", "a/"],
)
def test_members_that_would_lie_elsewhere_are_refused(name: str, trained: nn.Module) -> None:
    content = repacked(saved(trained.state_dict()), added=[(name, b"x")])
    with pytest.raises(ValueError, match=r"absolute path|no plain path"):
        check_pth(content, {}, LIMIT)


def test_members_that_claim_more_than_the_file_has_are_refused(trained: nn.Module) -> None:
    content = bytearray(saved(trained.state_dict()))
    place = content.rindex(b"PK\x01\x02")  # the last entry of the directory
    content[place + 20 : place + 28] = struct.pack("<II", 2**31, 2**31)
    with pytest.raises(ValueError, match="members claim"):
        check_pth(bytes(content), {}, LIMIT)


def test_a_flipped_byte_never_changes_a_value(trained: nn.Module) -> None:
    content = saved(trained.state_dict())
    expected = {
        name: TensorForm(dtype=str(tensor.dtype)[6:], shape=tuple(tensor.shape))
        for name, tensor in trained.state_dict().items()
    }
    whole = check_pth(content, expected, LIMIT)
    with zipfile.ZipFile(io.BytesIO(whole.archive)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    num_refused = 0
    for place in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[place] ^= 0x10
        try:
            found = check_pth(bytes(flipped), expected, LIMIT)
        except ValueError:
            num_refused += 1
            continue
        # In padding, or a member's time: what torch.load gets to see is what it was.
        with zipfile.ZipFile(io.BytesIO(found.archive)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == members
    assert num_refused > 50
    values = trained.state_dict()["linear.weight"].numpy().tobytes()
    flipped = bytearray(content)
    flipped[content.index(values) + 5] ^= 1
    assert "CRC" in reason(bytes(flipped))


# safetensors


def tensors_file(header: Any, values: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + values


def entry(start: int, end: int, shape: Any = None, dtype: Any = "F32") -> dict[str, Any]:
    shape = [(end - start) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tensors_file({}, length=2**63), "said to have 9,223,372,036,854,775,808 bytes"),
        (tensors_file({}, length=100), "cut or no safetensors file"),
        (tensors_file(b"{" * 5_000), "no JSON"),
        (tensors_file(b"[" * 100_000), "no JSON"),
        (tensors_file(b"[1]"), "no JSON"),
        (tensors_file(b"\xff{}"), "no JSON"),
        (tensors_file({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)), "b overlaps"),
        (tensors_file({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)), "b leaves a gap"),
        (tensors_file({"a": entry(0, 4)}, bytes(12)), "take 4 bytes, the file has 12"),
        (tensors_file({"a": entry(0, 40)}, bytes(12)), "take 40 bytes, the file has 12"),
        (tensors_file({"a": entry(0, 8, [4])}, bytes(8)), "span 8 bytes"),
        (tensors_file({"a": entry(8, 0, [1])}, bytes(8)), "span -8 bytes"),
        (tensors_file({"a": entry(0, 4, [2**62, 2**62])}, bytes(4)), "span 4 bytes"),
        (tensors_file({"a": entry(0, 4, [-1])}, bytes(4)), "whole numbers"),
        (tensors_file({"a": entry(0, 4, [1.0])}, bytes(4)), "whole numbers"),
        (tensors_file({"a": entry(0, 4, [1] * 9)}, bytes(4)), "whole numbers"),
        (tensors_file({"a": entry(0, 4, dtype="F8_E4M3")}, bytes(4)), "type F8_E4M3"),
        (tensors_file({"a": entry(0, 4, dtype=["F32"])}, bytes(4)), "type ['F32']"),
        (tensors_file({"a": {}}), "does not say what a is"),
        (tensors_file(b'{"a":1,"a":2}'), "stands there twice"),
        (tensors_file({str(i): entry(0, 0) for i in range(10_001)}), "10,001 tensors"),
        (tensors_file({str(i): 0 for i in range(200_000)}, b""), "at most 2,000,000 are read"),
    ],
)
def test_safetensors_with_a_wrong_header_are_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_weights(content, "w.safetensors", empty(), limit_bytes=10**8)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_hundred_thousand_tensors_are_refused() -> None:
    names = {f"tensor{index}": entry(0, 0) for index in range(100_000)}
    with pytest.raises(ValueError, match="room for 10,000 tensors"):
        read_weights(tensors_file(names), "w.safetensors", empty(), limit_bytes=10**8)


# The process that opens a .pth


def in_worker(statement: str) -> str:
    """The kind of error that a statement ends in where the worker is limited."""
    source = f"""
import os, socket, subprocess
from blitz.training.weights_in.worker import be_limited, limited_memory
be_limited()
try:
    with limited_memory(10**8):
        {statement}
except (PermissionError, MemoryError) as error:
    print(type(error).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": import_path()},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("bytes(10**7)", ""),
        ("bytearray(2 * 10**8)", "MemoryError"),
        ("open('canary', 'w')", "PermissionError"),
        ("open('/etc/passwd')", "PermissionError"),
        ("open(os.path.dirname(os.__file__) + '/../' * 20 + 'etc/passwd')", "PermissionError"),
        ("open(os.__file__)", ""),
        ("os.system('true')", "PermissionError"),
        ("subprocess.run(['true'])", "PermissionError"),
        ("socket.socket().connect(('127.0.0.1', 9))", "PermissionError"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_the_process_that_reads_can_do_little_else(statement: str, error: str) -> None:
    assert in_worker(statement) == error


def test_the_process_that_reads_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLITZ_DATABASE_URL", "postgresql://blitz:secret@host/blitz")
    assert "secret" not in str(reading.environment())
    assert subprocess.run(
        [sys.executable, "-c", "import torch"], env=reading.environment(), check=True
    )


# What is left behind


def test_refused_files_leave_nothing_behind(tmp_path: Path, trained: nn.Module) -> None:
    before = set(Path.cwd().iterdir()), set(tmp_path.iterdir())
    bomb = with_pickle(saved({}), pickled_call("builtins", "bytearray", b"J\x00\xa3\xe1\x11"))
    huge = tensors_file({"a": entry(0, 4, [10**9])}, bytes(4))
    reason(bomb)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for content in (bomb, huge, huge, bomb):
        reason(content)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    assert grown < 50_000  # kB; each asks for 300 MB to 4 GB
    assert is_same(read(saved(trained.state_dict())), trained)
    assert (set(Path.cwd().iterdir()), set(tmp_path.iterdir())) == before


# Evaluated


def digits_weights(seed: int = 0) -> tuple[nn.Module, GivenWeights]:
    torch.manual_seed(seed)
    model = build_model("net")
    content = safetensors.torch.save(model.state_dict())
    return model, read_weights(content, "net.safetensors", model, limit_bytes=LIMIT)


CONFIG = TrainConfig(dataset="digits", model="net", device="cpu")


def test_given_weights_become_a_finished_run_with_their_own_answers(
    settings: Settings, home_store: RunStore, launcher: Launcher, wait_for: WaitFor
) -> None:
    model, weights = digits_weights()
    started = [
        start_evaluation(
            home_store, launcher, weights, CONFIG,
            name="theirs", file_name="../net.safetensors", token="once",
        )
        for _ in range(2)
    ]  # fmt: skip
    assert started[0].id == started[1].id
    wait_for(lambda: ended(launcher, started[0].id))
    run = launcher.run(started[0].id)
    assert run is not None
    assert (run.status, run.message) == ("finished", "weights of net.safetensors")
    dataset = load_dataset("digits", folder=settings.data_folder)
    expected = predict(model, dataset)
    kept = read_predictions(settings.runs_folder / run.id)
    assert kept is not None
    torch.testing.assert_close(kept.probabilities, expected.probabilities)
    assert run.accuracy == run.best_accuracy == pytest.approx(expected.accuracy)
    assert run.loss == pytest.approx(expected.loss, rel=1e-5)
    assert run.details is not None
    assert run.details.num_test == len(dataset.test_labels)
    [epoch] = home_store.epochs(run.id)
    assert epoch.class_correct == tuple(expected.confusion.diagonal().tolist())
    [checkpoint] = home_store.checkpoints(run.id)
    assert checkpoint.kind == "last"
    launcher.delete(run.id)
    assert not (settings.runs_folder / run.id).exists()


def test_an_evaluation_that_was_lost_can_be_resumed(
    settings: Settings, home_store: RunStore, launcher: Launcher, wait_for: WaitFor
) -> None:
    _, weights = digits_weights()
    run = start_evaluation(
        home_store, launcher, weights, CONFIG, name="theirs", file_name="a.pth", token="lost"
    )
    wait_for(lambda: ended(launcher, run.id))
    first = launcher.run(run.id)
    assert first is not None
    home_store.change_status(run.id, {"finished"}, "failed", "as if its process had been killed")
    (settings.runs_folder / run.id / PREDICTIONS_FILE).unlink()
    launcher.resume(run.id)
    wait_for(lambda: ended(launcher, run.id))
    again = launcher.run(run.id)
    assert again is not None
    assert (again.status, again.message) == ("finished", "weights of a.pth")
    assert again.accuracy == first.accuracy
    assert len(home_store.epochs(run.id)) == 1
    assert read_predictions(settings.runs_folder / run.id) is not None


def test_weights_that_are_nan_are_evaluated_all_the_same(
    home_store: RunStore, launcher: Launcher, wait_for: WaitFor
) -> None:
    _, weights = digits_weights()
    spoilt: dict[str, Tensor] = {
        n: torch.full_like(t, torch.nan) for n, t in weights.tensors.items()
    }
    given = GivenWeights(tensors=spoilt, notes=(), warning="")
    run = start_evaluation(
        home_store, launcher, given, CONFIG,
        name="<script>", file_name="x.pth", token="nan",
    )  # fmt: skip
    wait_for(lambda: ended(launcher, run.id))
    found = launcher.run(run.id)
    assert found is not None
    assert (found.status, found.name) == ("finished", "<script>")


def ended(launcher: Launcher, run_id: str) -> bool:
    run = launcher.run(run_id)
    assert run is not None
    return run.ended_at is not None or run.status == "lost"
