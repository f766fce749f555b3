"""Files and requests that ask for much, or would steer what shows them: pictures, logs, names, recipes, the server."""

import functools
import http.client
import os
import struct
import threading
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import h5py
import pytest
from PIL import Image

from kerasgan import data, doctor, export, zoo
from kerasgan.callbacks import Checkpoint
from kerasgan.checkpoints import CheckpointError, hdf5, pth
from kerasgan.checkpoints.assignment import Report
from kerasgan.data.decoding import decode
from kerasgan.files import pictures
from kerasgan.files.pictures import opened
from kerasgan.files.text import in_markdown, visible, warn
from kerasgan.report import Evidence, sections

EVIL = "\x1b]0;TITLE\x07\x1b[2J\u202egnp.exe\x9b31m"


def blank_png(path, side):
    """A PNG of side x side black pixels, a bit each, written without holding them."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer, row = zlib.compressobj(9), bytes(1 + -(-side // 8))
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # PIL's, before the refusal
def test_a_small_file_of_many_pixels_is_not_decoded(tmp_path):
    blank_png(tmp_path / "a.png", 13_000)
    assert (tmp_path / "a.png").stat().st_size < 100_000
    with pytest.raises(OSError, match="13000 x 13000 pixels in"):
        opened(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png \(OSError: 13000 x 13000 pixels"):
        data.folder(tmp_path, image_size=16)
    blank_png(tmp_path / "a.png", 1000)
    assert data.folder(tmp_path, image_size=16, channels=1).images().shape == (1, 16, 16, 1)


def test_formats_that_another_program_decodes_and_what_is_no_file_are_not_opened(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(OSError, match=r"none of the formats .*PNG"):
        opened(tmp_path / "a.png")
    with pytest.raises(OSError, match="not a file"):
        opened(os.devnull)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_icon_with_a_larger_picture_than_its_header_says_is_not_decoded(tmp_path):
    """PIL decodes an icon when it opens it: 13,000 x 13,000 pixels take three seconds and half a gigabyte."""
    blank_png(tmp_path / "large.png", 13_000)
    content = (tmp_path / "large.png").read_bytes()
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22)
    (tmp_path / "a.ico").write_bytes(head + content)
    tracemalloc.start()
    with pytest.raises(OSError, match="13000 x 13000 pixels in"):
        opened(tmp_path / "a.ico")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    bitmap = struct.pack("<IiiHHIIiiII", 40, 60_000, 120_000, 1, 8, 1, 0, 0, 0, 0, 0)  # compressed by run lengths
    (tmp_path / "a.ico").write_bytes(head + bitmap)
    with pytest.raises(OSError, match="60000 x 120000 pixels in"):
        opened(tmp_path / "a.ico")
    Image.new("RGB", (48, 48), (250, 0, 0)).save(tmp_path / "a.ico", sizes=[(32, 32), (48, 48)])
    assert decode(tmp_path / "a.ico", channels=3).shape == (48, 48, 3)
    for cut in (3, 4, 5, 6, 20, 30):
        (tmp_path / "cut.ico").write_bytes((tmp_path / "a.ico").read_bytes()[:cut])
        with pytest.raises(OSError):
            opened(tmp_path / "cut.ico")


@pytest.mark.parametrize("kind", ["PSD", "ICNS", "EPS", "PCX", "FLI", "SUN", "WMF", "DDS"])
def test_other_formats_are_never_opened_whatever_their_ending(tmp_path, kind, monkeypatch):
    Image.init()
    called = []
    monkeypatch.setitem(Image.OPEN, kind, (lambda *_: called.append(kind), lambda prefix: True))
    (tmp_path / "a.png").write_bytes(b"8BPS" + bytes(100))
    with pytest.raises(OSError, match="none of the formats"):
        opened(tmp_path / "a.png")
    assert not called


def test_thousands_of_names_that_are_one_text_of_a_file_are_refused_before_they_are_read(tmp_path):
    path, count = tmp_path / "names.h5", 700
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense_1"]
        names = ["A" * (1 << 20), *(f"b{index}" for index in range(1, count))]
        file.create_group("dense_1").attrs.create("weight_names", names, dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    place = content.find(struct.pack("<I", 1 << 20))  # a reference: length, address of the heap, number in it
    while struct.unpack("<I", content[place + 16 : place + 20])[0] != 2:
        place = content.index(struct.pack("<I", 1 << 20), place + 1)
    content[place : place + 16 * count] = content[place : place + 16] * count
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"no longer than the file\. Received: weight_names"):
        hdf5.read(path)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_a_device_whose_name_is_long_is_refused_not_repeated(tmp_path):
    path, text = tmp_path / "device.pth", b"X" + struct.pack("<I", 1 << 20) + b"A" * (1 << 20)
    named = 300 * (b"j" + struct.pack("<I", 0))
    pickled = b"\x80\x02" + text + b"r" + struct.pack("<I", 0) + b"0ctorch\ndevice\n(" + named + b"tR."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        pth.read(path)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_warnings_of_the_library_show_what_is_in_a_file_as_text(tmp_path):
    with pytest.warns(UserWarning) as warned:
        warn(f"Expected an intact file. Received: {EVIL}")
    assert not set("\x1b\x07\x9b\u202e") & set(str(warned[0].message))
    assert warned[0].filename == __file__
    with zipfile.ZipFile(tmp_path / "step-000001.keras", "w") as archive:
        archive.writestr(EVIL, "x" * 100)
    content = (tmp_path / "step-000001.keras").read_bytes().replace(b"x" * 100, b"y" * 100)
    (tmp_path / "step-000001.keras").write_bytes(content)
    for name in ("config.json", "model.weights.h5", "training.npz"):
        with zipfile.ZipFile(tmp_path / "step-000001.keras", "a") as archive:
            archive.writestr(name, "x")
    with pytest.warns(UserWarning, match="wrong checksum of") as warned, pytest.raises(ValueError, match="1 damaged"):
        Checkpoint.newest(tmp_path)
    assert not set("\x1b\x07\x9b\u202e") & set(str(warned[0].message))


def test_a_damaged_film_strip_is_a_sentence_of_the_report(tmp_path):
    content = bytearray(pictures.encoded(pictures.film([Image.new("L", (40, 12))] * 2, [0, 5])))
    place = content.index(b"IDAT")
    content[place - 4 : place] = (10).to_bytes(4, "big")  # what follows is no part of a PNG: PIL's SyntaxError
    (tmp_path / "film.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"film strip that kerasgan wrote. Received: .*film\.png"):
        pictures.read_film(tmp_path / "film.png")
    assert "film.png cannot be read" in sections.film(Evidence(tmp_path, None))


def test_a_log_of_more_cells_than_it_writes_is_refused(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("discriminator_loss" + ",x" * 50_000 + "\n" + "1\n" * 50_000)  # 2.5e9 cells in 200 KB
    with pytest.raises(ValueError, match="Expected rows as long as their header of 50001 columns"):
        doctor.diagnose_file(log)
    log.write_text('discriminator_loss\n"' + "1" * 200_000)
    with pytest.raises(ValueError, match="Expected a CSV file"):
        doctor.diagnose_file(log)


def test_text_of_unknown_origin_neither_steers_a_terminal_nor_is_markup():
    shown = visible(EVIL)
    assert shown == r"\x1b]0;TITLE\x07\x1b[2J\u202egnp.exe\x9b31m"
    assert visible("été 東京\tand\nmore") == "été 東京\tand\nmore"
    assert in_markdown("a|b\n# <script>`x`[y](z)") == r"a\|b # \<script\>\`x\`\[y\](z)"
    report = Report(Path("a.pth"), "X", skipped={EVIL: "not a tensor"})
    assert "a.pth" in str(report) and not set("\x1b\x07\x9b") & set(str(report))


RECIPE = {"family": "DCGAN", "model": {}, "data": {"source": "digits"}, "train": {"batch_size": 4, "steps": 5}}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("train", "batch_size", 0),
        ("train", "batch_size", True),
        ("train", "steps", "5"),
        ("train", "seed", -1),
        ("train", "start", 3),
        ("weights", "file", "/etc/passwd"),
        ("weights", "file", "../../other.weights.h5"),
        ("weights", "license", ["MIT"]),
        ("", "family", 3),
    ],
)
def test_a_strangers_recipe_is_refused_by_its_key(tmp_path, section, key, value):
    content = {**RECIPE, "weights": {"file": "a.weights.h5"}}
    content = {**content, section: {**content[section], key: value}} if section else {**content, key: value}
    with pytest.raises(ValueError, match=rf"Expected .* (in|of) .*recipe\.toml\. Received: {key}="):
        zoo.check(content, tmp_path / "recipe.toml")


@pytest.fixture
def get(tmp_path):
    """A function of (path, Host) to the status of the server of a folder, beside which a secret lies."""
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("hello")
    (page / "inside").mkdir()
    (page / "inside" / "a.txt").write_text("a")
    (tmp_path / "secret.txt").write_text("secret")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    (page / "up").symlink_to(tmp_path)
    (page / "near.txt").symlink_to(page / "index.html")
    server = export.open_server(page)
    threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True).start()

    def status(path, host="127.0.0.1:{port}"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest("GET", path, skip_host=True)
        if host is not None:
            connection.putheader("Host", host.format(port=server.server_port))
        connection.endheaders()
        response = connection.getresponse()
        assert b"secret" not in response.read()
        return response.status

    yield status
    server.shutdown()
    server.server_close()


def test_the_explorers_server_answers_to_its_own_name_alone(get):
    assert [get("/", host) for host in ("127.0.0.1:{port}", "localhost:{port}", "localhost")] == [200] * 3
    assert [get("/", host) for host in ("evil.example:{port}", "evil.example", "", None)] == [421] * 4


def test_the_explorers_server_stays_in_its_folder(get):
    assert get("/index.html") == get("/near.txt") == get("/inside/a.txt") == 200
    for path in ("/link.txt", "/up/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "//secret.txt", "/inside/"):
        assert get(path) == 404, path
