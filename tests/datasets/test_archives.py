"""Archives that are broken or mean harm."""

import contextlib
import io
import lzma
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from blitz.datasets import DatasetError, UnreadableImages
from blitz.datasets.decoding import MAX_FILE_BYTES
from tests.datasets.helpers import class_files, load, png, split_files, write_tar, write_zip


def special_member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = link
    return member


@pytest.mark.parametrize(
    "name", ["../out.png", "ant/../../out.png", "/etc/out.png", "..\\out.png", "C:\\out.png"]
)
@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_a_member_that_leads_out_is_refused_by_name(tmp_path: Path, name: str, ending: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    files = class_files() | {name: png(0)}
    path = folder / f"set.{ending}"
    archive = write_zip(path, files) if ending == "zip" else write_tar(path, files)
    with pytest.raises(DatasetError) as caught:
        load(archive, folder)
    assert f"'{name}' leads out of the archive" in str(caught.value)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
    ids=["symlink", "hardlink", "character-device", "block-device", "pipe"],
)
def test_links_and_devices_in_a_tar_are_refused_by_name(tmp_path: Path, kind: bytes) -> None:
    extra = special_member("ant/odd.png", kind, "ant/0.png")
    archive = write_tar(tmp_path / "set.tar.gz", class_files(), (extra,))
    with pytest.raises(DatasetError, match=r"'ant/odd\.png' is a link or device"):
        load(archive, tmp_path)


def test_links_in_a_zip_are_refused_by_name(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", class_files())
    link = zipfile.ZipInfo("ant/odd.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as writer:
        writer.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match=r"'ant/odd\.png' is a link or device"):
        load(archive, tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", class_files())
    content = bytearray(archive.read_bytes())
    # Bit 0 of the flags, in the central directory's record and in the member's own header.
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[content.index(b"PK\x03\x04") + 6] |= 1
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="encrypted"):
        load(archive, tmp_path)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"set.{ending}"
    whole = (write_zip if ending == "zip" else write_tar)(path, class_files()).read_bytes()
    cuts = [0, 1, 5, 20, 100, *np.linspace(200, len(whole) - 1, 12).astype(int)]
    if ending == "tar":
        # Zeros after the end of the archive may be missing; every boundary between two members is
        # tried as well.
        end = len(whole.rstrip(b"\0"))
        cuts = [cut for cut in cuts if cut < end] + list(range(512, end, 512))
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(DatasetError, match=r"cut or damaged|not a data set") as caught:
            load(path, tmp_path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_flipped_bit_gives_a_dataset_error_or_none(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"set.{ending}"
    files = {f"{name}/{i}.png": png(i) for name in "ab" for i in range(3)}
    whole = (write_zip if ending == "zip" else write_tar)(path, files).read_bytes()
    random = np.random.RandomState(0)
    # Whatever else it raises, as an error or a warning, fails this test.
    for _ in range(80):
        damaged = bytearray(whole)
        damaged[random.randint(len(damaged))] ^= 1 << random.randint(8)
        path.write_bytes(damaged)
        with contextlib.suppress(DatasetError):
            assert load(path, tmp_path).num_classes >= 2


def test_a_compressed_archive_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "set.tar.gz", class_files())
    content = bytearray(archive.read_bytes())
    content[-8] ^= 1  # gzip ends with the checksum and the length
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="cut or damaged"):
        load(archive, tmp_path)


def test_a_broken_member_of_a_zip_is_unreadable(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", class_files())
    content = bytearray(archive.read_bytes())
    content[content.index(b"IDAT") + 20] ^= 1  # stored, so zip's checksum tells
    archive.write_bytes(content)
    with pytest.raises(UnreadableImages, match=r"ant/0\.png \(damaged in the archive\)"):
        load(archive, tmp_path)
    assert len(load(archive, tmp_path, skip_unreadable=True).train_labels) == 7


def test_a_member_above_64_mib_is_unreadable_and_never_held(tmp_path: Path) -> None:
    huge = bytes(MAX_FILE_BYTES + 1)
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (class_files() | {"ant/huge.png": huge}).items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableImages, match=r"ant/huge\.png \(larger than 64 MiB\)"):
        load(path, tmp_path)
    tar = write_tar(tmp_path / "set.tar.gz", class_files() | {"ant/huge.png": huge})
    with pytest.raises(UnreadableImages, match=r"ant/huge\.png \(larger than 64 MiB\)"):
        load(tar, tmp_path)
    assert len(load(tar, tmp_path, skip_unreadable=True).train_labels) == 8


def test_a_tar_header_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    # An extended header is read at once by the library, however large it says it is.
    member = tarfile.TarInfo("pax")
    member.type = tarfile.XHDTYPE
    member.size = 8 * 2**30
    path = tmp_path / "set.tar.xz"
    path.write_bytes(lzma.compress(member.tobuf() + bytes(10_000)))
    with pytest.raises(DatasetError, match="cut or damaged"):
        load(path, tmp_path)


def test_a_file_stored_twice_counts_once_as_its_last_version(tmp_path: Path) -> None:
    path = tmp_path / "set.tar"
    write_tar(path, {"train/ant/0.png": png(7)} | split_files())
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("./train/ant/0.png")
        content = png((9, 9, 9))
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    dataset = load(path, tmp_path)
    assert dataset.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert set(dataset.train_images[0].flatten().tolist()) == {9}


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(os.urandom(1000))
    with pytest.raises(DatasetError, match=r"set\.zip: not a data set; expected"):
        load(path, tmp_path)


def test_an_archive_is_told_by_its_content(tmp_path: Path) -> None:
    write_tar(tmp_path / "set.tar.gz", class_files()).rename(tmp_path / "set.zip")
    assert load(tmp_path / "set.zip", tmp_path).classes == ("ant", "bee")


def test_strange_names_are_printable_in_classes_and_messages(tmp_path: Path) -> None:
    files = {f"a\nb/{i}.png": png(i) for i in range(3)} | {f"c/{i}.png": png(i) for i in range(3)}
    dataset = load(write_tar(tmp_path / "set.tar", files), tmp_path)
    assert dataset.classes == ("a\N{REPLACEMENT CHARACTER}b", "c")
    files |= {"c/x\x1b[31m\n.png": b"x"}
    with pytest.raises(UnreadableImages) as caught:
        load(write_tar(tmp_path / "bad.tar", files), tmp_path)
    assert str(caught.value).isprintable()
