import io
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image

from kerasgan import data
from kerasgan.data.packages import landscapes

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: endless-sky

Files: *
Copyright: Michael Zahniser <mzahniser@gmail.com>
License: GPL-3+

Files: images/land/*
Copyright: Various
License: public-domain
 Taken from a collection.

Files: images/land/*-harro*
Copyright: @harro.eu
 (and friends)
License: CC-BY-SA-4.0

Files:
 images/land/nasa*
 images/land/station?.*
Copyright: NASA
License: public-domain
 Made by the government.

License: GPL-3+
 This program is free software.
"""
NAMES = ("badlands0", "canyon1-harro", "nasa3", "station4", "station40")
PICTURES = "usr/share/games/endless-sky/images/land/"


def contents():
    files = {landscapes.COPYRIGHT: COPYRIGHT.encode(), "usr/share/games/endless-sky/images/ship.png": b"ship"}
    for index, name in enumerate(NAMES):
        file = io.BytesIO()
        Image.new("RGB", (8, 4), (0, 50 * index, 0)).save(file, "PNG")
        files[f"{PICTURES}{name}.png"] = file.getvalue()
    return files


def installed(root):
    for name, content in contents().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def deb(root):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for name, content in contents().items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    parts = [
        member("debian-binary", b"2.0\n"),
        member("control.tar.xz", b"odd"),
        member("data.tar.xz", data.getvalue()),
    ]
    path = root / "endless-sky-data.deb"
    path.write_bytes(landscapes.MAGIC + b"".join(parts))
    return path


@pytest.mark.parametrize("made", [installed, deb])
def test_photographs_come_with_their_licenses(made, tmp_path):
    found = landscapes.read(made(tmp_path))
    assert [each.name for each in found] == list(NAMES)
    assert [(each.license, each.author) for each in found] == [
        ("public-domain", "Various"),
        ("CC-BY-SA-4.0", "@harro.eu (and friends)"),
        ("public-domain", "NASA"),
        ("public-domain", "NASA"),
        ("public-domain", "Various"),
    ]
    for index, each in enumerate(found):
        np.testing.assert_array_equal(each.pixels(), np.full((4, 8, 3), (0, 50 * index, 0), np.uint8))


def test_the_strict_ones_have_an_author_or_are_free_by_law(tmp_path):
    found = landscapes.read(installed(tmp_path), strict=True)
    assert [each.name for each in found] == ["canyon1-harro", "nasa3", "station4"]


def test_a_path_that_no_paragraph_names_has_no_known_license():
    assert landscapes.licenses("Files: a/*\nLicense: MIT\n")("b/c") == ("unknown", "unknown")


@pytest.mark.parametrize("name", ["", "nothing.deb"])
def test_what_is_not_there_is_told_with_the_commands_that_bring_it(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)Received.*apt install endless-sky-data.*apt download"):
        landscapes.read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\3\4", "ar archive"),
        (landscapes.MAGIC, "data.tar"),
        (landscapes.MAGIC + b"short", "whole members"),
        (landscapes.MAGIC + member("data.tar.xz", b"x" * 99)[:-20], "Expected 99 bytes"),
        (landscapes.MAGIC + member("data.tar.xz", b"x" * 99), "dpkg-deb -x"),
    ],
)
def test_other_files_are_refused(content, reason, tmp_path):
    (tmp_path / "file.deb").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        landscapes.read(tmp_path / "file.deb")


def test_crops_of_whole_photographs_are_held_out(tmp_path, monkeypatch):
    root = installed(tmp_path)
    with pytest.raises(ValueError, match="split='test' with none"):
        data.landscapes(root, image_size=4, split="test")
    monkeypatch.setattr(sys.modules["kerasgan.data.landscapes"], "HELD_OUT", 4)
    parts = [len(data.landscapes(root, image_size=4, split=split).pictures) for split in ("train", "test", "all")]
    assert parts == [4, 1, 5]  # CRC-32 of the names
    images = data.landscapes(root, image_size=4, split="all")[0]
    assert images.shape[1:] == (4, 4, 3) and images.dtype == np.float32
    assert data.landscapes(root, image_size=4, channels=1, strict=True, split="all").image_shape == (4, 4, 1)
    with pytest.raises(ValueError, match="split='regions'"):
        data.landscapes(root, split="regions")
    with pytest.raises(ValueError, match="scale=2"):
        data.landscapes(root, scale=2)


def test_a_photographers_series_of_one_kind_is_on_one_side():
    held_out = sys.modules["kerasgan.data.landscapes"].held_out
    assert len({held_out(f"canyon{index}-harro") for index in range(20)}) == 1
    assert len({held_out(f"canyon{index}") for index in range(40)}) == 2


def test_one_photograph_may_be_taken_whole(tmp_path):
    source = data.landscapes(installed(tmp_path), picture="Nasa3", image_size=(4, 6), batch_size=1)
    assert source.name == "landscapes/nasa3" and (source.count, source.num_batches) == (1, 1)
    np.testing.assert_array_equal(source.images(), np.full((1, 4, 6, 3), (0, 100, 0), np.uint8))
    with pytest.raises(ValueError, match=r"the name of a photograph, such as .*nasa3.*picture='nasa'"):
        data.landscapes(tmp_path, picture="nasa")
