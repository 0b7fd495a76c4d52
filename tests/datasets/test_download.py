"""Downloads from a real server: verified, resumed, once, and soon given up."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets

from blitz.datasets import DatasetError, ImageDataset, download
from blitz.datasets.download import download as download_file
from blitz.datasets.progress import Throttle
from blitz.datasets.readiness import is_quick
from tests.datasets.helpers import (
    FileServer,
    cifar_files,
    forget_arrays,
    load,
    md5,
    mnist_files,
    same,
    serving,
)

CONTENT = np.random.RandomState(0).bytes(300_000)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"file.gz": CONTENT}) as server:
        yield server


@pytest.fixture
def mnist_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server of tiny MNIST files, at which torchvision's class points."""
    files = mnist_files()
    mnist = torchvision.datasets.MNIST
    with serving(files) as server:
        monkeypatch.setattr(mnist, "mirrors", [server.url])
        monkeypatch.setattr(mnist, "resources", [(name, md5(data)) for name, data in files.items()])
        yield server


@pytest.fixture
def cifar_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server of a tiny CIFAR-10 archive, at which torchvision's class points."""
    archive, files = cifar_files()
    cifar = torchvision.datasets.CIFAR10
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    sums = [[name, md5(files[name])] for name in names]
    with serving({cifar.filename: archive}) as server:
        monkeypatch.setattr(cifar, "url", server.url + cifar.filename)
        monkeypatch.setattr(cifar, "tgz_md5", md5(archive))
        monkeypatch.setattr(cifar, "train_list", sums[:5])
        monkeypatch.setattr(cifar, "test_list", sums[5:])
        meta = {**cifar.meta, "md5": md5(files["batches.meta"])}
        monkeypatch.setattr(cifar, "meta", meta)
        yield server


def fetch(url: str, path: Path, checksum: str = md5(CONTENT)) -> None:
    download_file([url], path, checksum, Throttle(None))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_file_arrives_whole(server: FileServer, tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    download_file(
        [server.url + "file.gz"],
        tmp_path / "file.gz",
        md5(CONTENT),
        Throttle(lambda *report: reports.append(report)),
    )
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file.gz"]
    assert reports[-1] == ("downloading file.gz", len(CONTENT), len(CONTENT))


def test_a_cut_download_goes_on_where_it_was_cut(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [100_000, 50_000]
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    ranges = [wanted for _, wanted in server.requests]
    assert ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_an_earlier_part_is_continued(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:1234])
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert server.requests == [("file.gz", "bytes=1234-")]


def test_a_server_without_ranges_sends_all_again(server: FileServer, tmp_path: Path) -> None:
    server.ignores_range = True
    server.cuts = [100_000]
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


def test_a_complete_part_is_taken(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file.gz.part").write_bytes(CONTENT)
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize("part", [CONTENT + b"more", b"x" * len(CONTENT), b"x" * 1000])
def test_a_wrong_part_is_thrown_away(server: FileServer, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "file.gz.part").write_bytes(part)
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


def test_a_wrong_checksum_removes_the_file_and_names_it(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"file\.gz: wrong checksum"):
        fetch(server.url + "file.gz", tmp_path / "file.gz", md5(b"other"))
    assert list(tmp_path.iterdir()) == []


def test_the_next_address_is_tried(server: FileServer, tmp_path: Path) -> None:
    server.files["bad/file.gz"] = b"captive portal"
    urls = [
        f"http://127.0.0.1:{closed_port()}/file.gz",
        server.url + "missing/file.gz",
        server.url + "bad/file.gz",
        server.url + "file.gz",
    ]
    download_file(urls, tmp_path / "file.gz", md5(CONTENT), Throttle(None))
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


def test_a_part_outlives_a_server_that_goes_away(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [100_000, 0]
    with pytest.raises(DatasetError, match="no network: the connection was cut"):
        fetch(server.url + "file.gz", tmp_path / "file.gz")
    fetch(server.url + "file.gz", tmp_path / "file.gz")
    assert server.requests[-1] == ("file.gz", "bytes=100000-")


def test_a_server_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file.gz"
        with pytest.raises(DatasetError, match="no network: no answer"):
            fetch(url, tmp_path / "file.gz")


def test_mnist_equals_torchvisions_own_download(mnist_server: FileServer, tmp_path: Path) -> None:
    dataset = load("mnist", tmp_path)
    for train, images, labels in (
        (True, dataset.train_images, dataset.train_labels),
        (False, dataset.test_images, dataset.test_labels),
    ):
        oracle = torchvision.datasets.MNIST(tmp_path / "oracle", train=train, download=True)
        assert images.equal(oracle.data.unsqueeze(1))
        assert labels.equal(oracle.targets)
    assert dataset.classes == tuple("0123456789")
    assert (dataset.mean, dataset.std) == (0.5, 0.5)


def test_a_second_load_asks_no_server(mnist_server: FileServer, tmp_path: Path) -> None:
    first = load("mnist", tmp_path)
    assert len(mnist_server.requests) == 4
    assert same(load("mnist", tmp_path), first)
    assert len(mnist_server.requests) == 4


def test_cifar10_equals_torchvisions_own_download(cifar_server: FileServer, tmp_path: Path) -> None:
    dataset = load("cifar10", tmp_path)
    assert dataset.train_images.shape == (20, 3, 32, 32)
    assert dataset.test_images.shape == (4, 3, 32, 32)
    for train, images, labels in (
        (True, dataset.train_images, dataset.train_labels),
        (False, dataset.test_images, dataset.test_labels),
    ):
        oracle = torchvision.datasets.CIFAR10(tmp_path / "oracle", train=train, download=True)
        assert np.array_equal(images.permute(0, 2, 3, 1).numpy(), oracle.data)
        assert labels.tolist() == oracle.targets
    assert images.is_contiguous()


@pytest.mark.parametrize("file", ["data_batch_3", "test_batch", "batches.meta"])
def test_damaged_cifar10_files_are_unpacked_again_without_a_download(
    cifar_server: FileServer, tmp_path: Path, file: str
) -> None:
    first = load("cifar10", tmp_path)
    path = tmp_path / "data" / "cifar-10-batches-py" / file
    path.write_bytes(path.read_bytes()[:-5])
    forget_arrays(tmp_path)
    assert same(load("cifar10", tmp_path), first)
    assert len(cifar_server.requests) == 1


def test_a_damaged_unpacked_file_is_unpacked_again(
    mnist_server: FileServer, tmp_path: Path
) -> None:
    first = load("mnist", tmp_path)
    path = tmp_path / "data" / "MNIST" / "raw" / "train-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # torchvision itself would not notice
    path.write_bytes(content)
    forget_arrays(tmp_path)
    assert same(load("mnist", tmp_path), first)
    assert len(mnist_server.requests) == 4


def test_a_damaged_download_is_fetched_again_or_named(
    mnist_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load("mnist", tmp_path)
    path = tmp_path / "data" / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    forget_arrays(tmp_path)
    assert same(load("mnist", tmp_path), first)
    assert mnist_server.requests[4:] == [("t10k-labels-idx1-ubyte.gz", None)]
    path.write_bytes(path.read_bytes()[:-3])
    forget_arrays(tmp_path)
    offline = [f"http://127.0.0.1:{closed_port()}/"]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", offline)
    with pytest.raises(DatasetError, match=r"^t10k-labels-idx1-ubyte\.gz was damaged"):
        load("mnist", tmp_path)
    assert not path.exists()


def test_downloaded_images_are_kept_as_arrays(mnist_server: FileServer, tmp_path: Path) -> None:
    first = load("mnist", tmp_path)
    shutil.rmtree(tmp_path / "data" / "MNIST")
    assert same(load("mnist", tmp_path), first)
    assert len(mnist_server.requests) == 4


def test_a_download_is_at_hand_once_it_was_read(mnist_server: FileServer, tmp_path: Path) -> None:
    def is_at_hand(image_size: int | None = None) -> bool:
        return is_quick(
            "mnist", folder=tmp_path / "data", image_size=image_size, skip_unreadable=False
        )

    assert not is_at_hand()
    load("mnist", tmp_path)
    assert is_at_hand()
    assert not is_at_hand(image_size=64)


def test_two_loads_at_once_download_once(mnist_server: FileServer, tmp_path: Path) -> None:
    loaded: list[ImageDataset] = []
    threads = [
        threading.Thread(target=lambda: loaded.append(load("mnist", tmp_path))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 3
    assert same(loaded[0], loaded[1])
    assert same(loaded[0], loaded[2])
    assert len(mnist_server.requests) == 4


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_no_network_fails_within_seconds_and_offers_digits(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = f"http://127.0.0.1:{closed_port()}/"
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [offline])
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", offline)
    started = time.monotonic()
    with pytest.raises(DatasetError) as caught:
        load(name, tmp_path)
    assert time.monotonic() - started < 30  # not after minutes of trying again
    message = str(caught.value)
    assert message.startswith(f"{name} could not be downloaded (no network: Connection refused)")
    assert "'digits' needs no download" in message
    assert "\n" not in message


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DatasetError, match="cannot be written"):
        load("mnist", tmp_path)


def test_an_interrupted_unpacking_is_done_again(cifar_server: FileServer, tmp_path: Path) -> None:
    first = load("cifar10", tmp_path)
    folder = tmp_path / "data" / "cifar-10-batches-py"
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"half")
    forget_arrays(tmp_path)
    assert same(load("cifar10", tmp_path), first)
