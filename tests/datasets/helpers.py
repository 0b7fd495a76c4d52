"""Small images, folders, archives, IDX and CIFAR files in their true formats, and a file server."""

import gzip
import hashlib
import io
import pickle
import shutil
import struct
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blitz.datasets import ImageDataset, load_dataset

Files = Mapping[str, bytes]


def png(colour: int | tuple[int, int, int], size: tuple[int, int] = (8, 8)) -> bytes:
    """A PNG of one grey value or one colour."""
    return encoded(Image.new("L" if isinstance(colour, int) else "RGB", size, colour))


def noise(seed: int, size: tuple[int, int] = (8, 8), channels: int = 3) -> Image.Image:
    """A picture of random pixels; size is width and height."""
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    pixels = np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def split_files(num_train: int = 3, num_test: int = 2) -> dict[str, bytes]:
    """train/ and test/ with classes ant and bee; all images differ."""
    return {
        f"{part}/{name}/{index}.png": encoded(noise(100 * at + 10 * label + index))
        for at, (part, number) in enumerate((("train", num_train), ("test", num_test)))
        for label, name in enumerate(("ant", "bee"))
        for index in range(number)
    }


def class_files(num_images: int = 5) -> dict[str, bytes]:
    """Classes ant and bee, no parts."""
    return {
        f"{name}/{index}.png": encoded(noise(10 * label + index))
        for label, name in enumerate(("ant", "bee"))
        for index in range(num_images)
    }


def write_folder(root: Path, files: Files) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Files, extra: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    compression = path.suffix[1:]
    mode: Any = f"w:{compression}" if compression in ("gz", "bz2", "xz") else "w"
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return path


def same(one: ImageDataset, other: ImageDataset) -> bool:
    """Whether two data sets have the same classes, images and labels."""
    return one.classes == other.classes and all(
        getattr(one, name).equal(getattr(other, name))
        for name in ("train_images", "train_labels", "test_images", "test_labels")
    )


def load(source: Path | str, folder: Path, **options: Any) -> ImageDataset:
    return load_dataset(source, folder=folder / "data", **options)


def forget_arrays(folder: Path) -> None:
    """Drop the decoded arrays, so that the next load reads the files again."""
    shutil.rmtree(folder / "data" / "arrays")


def idx(values: NDArray[np.uint8]) -> bytes:
    """An IDX file of bytes, gzipped."""
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(header + values.tobytes())


def mnist_files(num_train: int = 6, num_test: int = 4) -> dict[str, bytes]:
    """The four files of the MNIST family, with few images of 28×28."""
    random = np.random.RandomState(0)
    files = {}
    for part, number in (("train", num_train), ("t10k", num_test)):
        images = random.randint(0, 256, (number, 28, 28)).astype(np.uint8)
        files[f"{part}-images-idx3-ubyte.gz"] = idx(images)
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(np.arange(number, dtype=np.uint8) % 10)
    return files


def cifar_files(num_images: int = 4) -> tuple[bytes, dict[str, bytes]]:
    """The archive of CIFAR-10 with a few images a batch, and its files by name."""
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    files = {"batches.meta": pickle.dumps({"label_names": list("abcdefghij")})}
    for seed, name in enumerate(names):
        random = np.random.RandomState(seed)
        pixels = random.randint(0, 256, (num_images, 3072)).astype(np.uint8)
        labels = random.randint(0, 10, num_images).tolist()
        files[name] = pickle.dumps({"data": pixels, "labels": labels})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue(), files


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class FileServer(ThreadingHTTPServer):
    """Serves bytes over HTTP on this machine, as well or as badly as told."""

    # Threads in the middle of an answer end with the test process.
    daemon_threads = True

    def __init__(self, files: Files) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = dict(files)
        self.requests: list[tuple[str, str | None]] = []
        """Path and Range header of each request."""
        self.cuts: list[int] = []
        """After how many bytes the next answers are cut, one each."""
        self.ignores_range = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.requests.append((self.path.lstrip("/"), wanted))
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = 0
        if wanted and not self.server.ignores_range:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cuts:
            body = body[: self.server.cuts.pop(0)]
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(files: Files) -> Iterator[FileServer]:
    with FileServer(files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
