"""Downloads one file over HTTP: resumed after a cut, verified, put in place whole.

Knows nothing about data sets: it is told addresses, a place and a checksum.
"""

import errno
import hashlib
import http.client
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from blitz.datasets.errors import DatasetError
from blitz.datasets.progress import Throttle

# For the name to be found, the connection to be made and the answer to begin, all together.
_SECONDS_TO_ANSWER = 6.0
# Without a single byte, once the answer has begun.
_SECONDS_OF_SILENCE = 10.0
_BLOCK = 2**18


class DownloadError(DatasetError):
    """A file that no address delivered, with the reason of the last one."""


class _Cut(Exception):  # noqa: N818 - not an error: the download goes on from here
    """The connection ended before the file did."""


def md5_of(path: Path) -> str:
    """MD5 checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        # The authors of these data sets publish MD5; it is no protection against forgery.
        return hashlib.file_digest(file, _md5).hexdigest()


def download(urls: Sequence[str], path: Path, md5: str, report: Throttle) -> None:
    """Download to `path` from the first of `urls` that delivers the file with this checksum.

    What has arrived lies in a .part file beside it and is continued later, also from another
    address. The caller sees to it that one process at a time downloads to `path`.

    Raises DownloadError where nothing could be had, DatasetError for a wrong checksum or a full
    disk.
    """
    part = path.with_name(path.name + ".part")
    failures: list[DatasetError] = []
    for url in urls:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _fetch_verified(url, part, md5, report)
            part.replace(path)
            return
        except DatasetError as failure:
            failures.append(failure)
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise DatasetError(
                f"{path.name}: cannot be written to {path.parent} ({reason})"
            ) from error
    # A wrong checksum says more than that another address could not be reached.
    failures.sort(key=lambda failure: isinstance(failure, DownloadError))
    raise failures[0]


def _fetch_verified(url: str, part: Path, md5: str, report: Throttle) -> None:
    continued = part.exists()
    _fetch(url, part, report)
    if md5_of(part) == md5:
        return
    part.unlink()
    if continued:  # perhaps only what was there before was bad
        _fetch(url, part, report)
        if md5_of(part) == md5:
            return
        part.unlink()
    raise DatasetError(
        f"{part.stem}: wrong checksum after the download from {url}; the file has been removed"
    )


def _fetch(url: str, part: Path, report: Throttle) -> None:
    """Bring `part` to its full length, continuing as long as each connection delivers something."""
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _receive(url, part, before, report)
            return
        except _Cut as cut:
            now = part.stat().st_size if part.exists() else 0
            if now == before:
                raise DownloadError(f"no network: {cut}") from None


def _receive(url: str, part: Path, start: int, report: Throttle) -> None:
    headers = {"User-Agent": "blitz", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = _open(urllib.request.Request(url, headers=headers))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:  # nothing comes after what is here
            if error.headers.get("Content-Range", "").endswith(f"/{start}"):
                return
            part.unlink()
            _receive(url, part, 0, report)
            return
        raise DownloadError(f"{url} answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise DownloadError(f"no network: {_reason(error.reason)}") from None
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"no network: {_reason(error)}") from None
    with response:
        if start and not _continues(response, start):
            start = 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else 0
        done = start
        with part.open("ab" if start else "wb") as file:
            while True:
                try:
                    block = response.read1(_BLOCK)
                except (OSError, http.client.HTTPException) as error:
                    raise _Cut(_reason(error)) from None
                if not block:
                    break
                file.write(block)
                done += len(block)
                report(f"downloading {part.stem}", done, total)
            file.flush()
            os.fsync(file.fileno())
        if done < total:
            raise _Cut("the connection was cut")


def _continues(response: HTTPResponse, start: int) -> bool:
    # Some servers ignore Range and send everything, with status 200.
    content_range = response.headers.get("Content-Range", "")
    return response.status == 206 and content_range.startswith(f"bytes {start}-")


def _open(request: urllib.request.Request) -> HTTPResponse:
    """Like urlopen, but gives up in time also while a name is looked up.

    The system's name look-up takes no time limit and may try for minutes; so it runs in a thread
    that is left behind.
    """
    results: queue.SimpleQueue[HTTPResponse | Exception] = queue.SimpleQueue()

    def connect() -> None:
        try:
            results.put(urllib.request.urlopen(request, timeout=_SECONDS_OF_SILENCE))
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            results.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        result = results.get(timeout=_SECONDS_TO_ANSWER)
    except queue.Empty:
        raise TimeoutError(f"no answer within {_SECONDS_TO_ANSWER:.0f} seconds") from None
    if isinstance(result, Exception):
        raise result
    return result


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return str(error) or "timed out"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
