"""Other file systems than this machine's, tested with fsspec's memory:// in place of others, such as gs://."""

import filecmp
import hashlib
import os
import shutil
from pathlib import Path

import fsspec
import keras
import numpy as np
import pytest
from command_line import run
from PIL import Image

import kerasgan
from kerasgan import callbacks, data, zoo
from kerasgan.cli.convert import convert_checkpoint
from kerasgan.export import ExportError, formats
from kerasgan.files import paths as storage
from kerasgan.files import pictures, toml
from kerasgan.models import ConditionalGAN
from kerasgan.training import train
from kerasgan.training.load import recipe_of

files = fsspec.filesystem("memory")
tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports, which the backend tests do")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))


@pytest.fixture
def bucket(request):
    address = f"memory://{request.node.name.replace('[', '-').replace(']', '')}"
    yield address
    if files.exists(address):
        files.rm(address, recursive=True)


def put(address, content):
    files.pipe_file(address, content)


def got(address):
    return files.cat_file(address)


def below(address):
    root = address.removeprefix("memory:/")
    return {name.removeprefix(f"{root}/") for name in files.find(address)}


@pytest.mark.parametrize("path", ["gs://bucket/run", Path("gs://bucket/run"), "hdfs://host:80/run"])
def test_a_scheme_makes_a_path_remote_also_where_pathlib_has_halved_its_slashes(path):
    assert storage.is_remote(path)
    assert storage.address(path) in ("gs://bucket/run", "hdfs://host:80/run")


@pytest.mark.parametrize("path", ["run", "/data/run", "C:/run", "C:\\run", "a/gs:/run", "./gs:/run"])
def test_other_paths_are_of_this_machine(path):
    assert not storage.is_remote(path) and storage.local(path) == Path(path)


def test_a_path_from_home_makes_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert storage.local("~/run") == storage.here("~/run") == tmp_path / "run"
    (tmp_path / "run").mkdir()
    shutil.copy(zoo.recipe("dcgan-digits").path, tmp_path / "run")
    assert recipe_of("~/run").family == "DCGAN"
    for name in ("a~", "~nobody-of-this-name/a"):
        assert storage.local(name) == Path(name)


WRITERS = {
    "sample grids": lambda path: callbacks.SampleGrid(path),
    "a film strip": lambda path: callbacks.FilmStrip(path),
    "a log": lambda path: callbacks.LossLog(path),
    "checkpoints": lambda path: callbacks.Checkpoint(path),
    "a picture": lambda path: pictures.save(Image.new("L", (2, 2)), path),
    "text": lambda path: toml.write_text("text", path),
    "a run of the library": lambda path: train.train(zoo.recipe("dcgan-digits"), output=path),
    "converted weights": lambda path: convert_checkpoint(zoo.recipe("dcgan-digits"), "some.pth", path),
}


@pytest.mark.parametrize("what", WRITERS)
def test_what_is_written_on_this_machine_only_makes_no_folder_of_that_name(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"Expected a local path\. Received: 'gs://bucket/a\.weights\.h5'"):
        WRITERS[what]("gs://bucket/a.weights.h5")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert storage.local("new/folder", folder=True) == Path("new/folder") and not Path("new").exists()
    for path in ("file", "file/folder"):
        with pytest.raises(ValueError, match=rf"path of a folder\. Received: {path}, but file is a file"):
            storage.local(path, folder=True)
    evaluated = run("evaluate", "dcgan-digits", "-o", "file", "--samples", "2")
    assert evaluated.exit_code == 1 and "Expected the path of a folder. Received: file, but" in evaluated.output
    sampled = run("generate", "dcgan-digits", "-o", "file/samples.png")
    assert sampled.exit_code == 1 and "Expected a folder. Received: file, which is a file" in sampled.output


def test_commands_that_write_on_this_machine_only_say_so_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (["generate", "dcgan-digits", "-o", "gs://bucket/a.png"], ["report", "gs://bucket/run"]):
        done = run(*command)
        assert done.exit_code == 1 and done.output.startswith("Error: Expected "), done.output
        assert "gs://bucket" in done.output
    assert not list(tmp_path.iterdir())


def test_a_file_system_that_nothing_knows_is_no_local_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for ask in (lambda: data.folder("s4://bucket/faces"), lambda: storage.send(tmp_path, "s4://bucket/run")):
        with pytest.raises(ValueError, match=r"that fsspec supports, such as gs://.* Received: 's4://bucket/"):
            ask()
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_its_package_says_what_to_install(monkeypatch):
    def without(*_):
        raise ImportError("Please install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec, "url_to_fs", without)
    with pytest.raises(
        ImportError, match=r"gs:// needs .*pip install \"kerasgan\[gcs\]\".*Received: 'gs://bucket/run'"
    ):
        storage.names("gs://bucket/run")


def test_what_a_file_system_complains_of_says_where(bucket, monkeypatch):
    def lost(*_):
        raise RuntimeError("the bucket is locked\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(type(files), "exists", lost)
        with pytest.raises(OSError, match=r"Cannot reach memory://.*/run: the bucket is locked$"):
            storage.names(f"{bucket}/run")


def test_only_what_has_changed_is_fetched_and_sent_again(bucket, tmp_path, monkeypatch):
    target, moved = tmp_path / "copy", []
    for name in ("get_file", "put_file"):
        own = getattr(type(files), name)
        monkeypatch.setattr(
            type(files), name, lambda self, *paths, own=own: (moved.append(_name(paths[0])), own(self, *paths))
        )
    for name in ("a.txt", "in/b.txt", ".hidden"):
        put(f"{bucket}/run/{name}", name.encode())
    assert storage.fetch(f"{bucket}/run", target)
    assert {path.name for path in target.rglob("*.*")} == {"a.txt", "b.txt"} and sorted(moved) == ["a.txt", "b.txt"]
    put(f"{bucket}/run/a.txt", b"A.txt")  # of the same length
    assert storage.fetch(f"{bucket}/run", target) and moved[2:] == ["a.txt"]
    assert (target / "a.txt").read_bytes() == b"A.txt"
    sent = storage.snapshot(target)
    (target / "in/b.txt").unlink()
    (target / "c.txt").write_bytes(b"c")
    storage.send(target, f"{bucket}/run", sent=sent)
    assert moved[3:] == ["c.txt"] and below(f"{bucket}/run") == {"a.txt", "c.txt", ".hidden"}
    assert not storage.fetch(f"{bucket}/none", target)


def _name(path):
    return os.path.basename(path)


@tensorflow
def test_an_export_is_sent_when_it_is_proven_and_replaces_an_earlier_one_only(bucket, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    gan, target = ConditionalGAN(image_size=8, latent_dim=5, width=0.02), f"{bucket}/exported"
    report = kerasgan.export.bundle(gan, target, entry="first", formats=["onnx"])
    digest = report["formats"]["onnx"]["sha256"]["first.onnx"]
    assert hashlib.sha256(got(f"{target}/first.onnx")).hexdigest() == digest
    kerasgan.export.bundle(gan, Path(target), entry="second", formats=["onnx", "web"])
    assert {"second.onnx", "export_report.json", "web/index.html"} < below(target)
    assert "first.onnx" not in below(target)
    broken = formats.FORMATS["onnx"]._replace(write=lambda job, path: path.write_bytes(b"no model"))
    before = below(target)
    with monkeypatch.context() as patch:
        patch.setitem(formats.FORMATS, "onnx", broken)
        with pytest.raises(ExportError, match="a file that ONNX Runtime opens"):
            kerasgan.export.bundle(gan, target, formats=["onnx"])
    assert below(target) == before
    put(f"{bucket}/mine/thesis.txt", b"mine")
    with pytest.raises(ValueError, match="a new or empty folder, or an earlier bundle to replace"):
        kerasgan.export.bundle(gan, f"{bucket}/mine")
    with pytest.raises(ValueError, match="Expected the path of a file"):
        kerasgan.export.onnx(gan, f"{bucket}/mine")
    assert not list(tmp_path.iterdir())


def test_a_remote_run_is_resumed_to_the_bit_and_has_what_a_local_one_has(bucket, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe, target = trained / "tiny" / "recipe.toml", f"{bucket}/run"
    first = run("train", recipe, "-o", target, "--steps", 1, "--every", 1)
    assert first.exit_code == 0, first.output
    assert f"Samples: {target}/samples.png" in first.output
    again = run("train", recipe, "-o", target)
    assert again.exit_code == 1 and f"Received: {target}, which holds one" in again.output
    second = run("train", target, "--resume", "--steps", 2)
    assert second.exit_code == 0, second.output
    whole = zoo.load(recipe, weights=trained / "tiny-run" / "gan.keras")
    parts = zoo.load(recipe, weights=f"{target}/gan.keras")
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    ours = {path.relative_to(trained / "tiny-run").as_posix() for path in (trained / "tiny-run").rglob("*.*")}
    assert {name for name in ours if "/" not in name} <= below(target)
    assert {name for name in below(target) if name.startswith("checkpoints/")} == {
        f"checkpoints/step-00000{step}.keras" for step in range(3)
    }
    drawn = run("generate", target, "-o", tmp_path / "drawn.png")
    assert drawn.exit_code == 0, drawn.output
    run("generate", trained / "tiny-run", "-o", tmp_path / "ours.png")
    assert filecmp.cmp(tmp_path / "drawn.png", tmp_path / "ours.png", shallow=False)


def test_a_remote_folder_of_pictures_is_read_and_what_is_gone_there_is_gone(bucket, tmp_path):
    rng, images = np.random.default_rng(0), {}
    for name in ("cats/1", "cats/2", "dogs/1"):
        path = tmp_path / f"faces/{name}.png"
        pictures.save(Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype="uint8")), path)
        images[name] = path.read_bytes()
        put(f"{bucket}/faces/{name}.png", images[name])
    options = {"image_size": 8, "batch_size": 3, "shuffle": False}
    ours, theirs = data.folder(tmp_path / "faces", **options), data.folder(f"{bucket}/faces", **options)
    for one, other in zip(next(iter(ours)), next(iter(theirs)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert theirs.class_names == ["cats", "dogs"]
    files.rm_file(f"{bucket}/faces/cats/2.png")
    assert len(data.folder(f"{bucket}/faces", **options).paths) == 2
    with pytest.raises(FileNotFoundError, match=r"Received: '.*/none', which does not exist"):
        data.folder(f"{bucket}/none")
    assert sorted(os.listdir(tmp_path)) == ["faces", "home"]
