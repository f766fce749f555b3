"""Trackers through their real packages, offline: what a training sends is read back from where they keep it."""

import json
import os
import sqlite3
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
from command_line import run

from kerasgan import callbacks, distribution, doctor, models
from kerasgan.evaluation import ScoreCard
from kerasgan.files import trackers

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")  # five batches of two
CARD = ScoreCard({"scores": {"frechet_distance": {"mean": 1.5, "interval": [1, 2], "real": 0.1, "features": None}}})
# The packages' own, which this package cannot mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlflow").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


@pytest.fixture(scope="module", autouse=True)
def trackio_folder(tmp_path_factory):
    """The package reads its variable once, when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKIO_DIR", str(tmp_path_factory.mktemp("trackio")))
        yield


def of_wandb(folder):
    """({step: values}, pictures, warnings, summary) of the files of runs; a log as LevelDB's, of its messages."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows, several = {}, [path for path in sorted(folder.rglob("*.wandb"))]
    told, whole = [], {}
    for path in several:
        for content in messages(path.read_bytes()):
            record = Record.FromString(content)
            items = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            if "step" in items:
                rows.setdefault(items.pop("step"), {}).update(items)
            if record.WhichOneof("record_type") == "alert":
                told.append(record.alert.title)
            whole |= {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.summary.update}
    return rows, len(list(folder.rglob("media/images/*.png"))), told, whole, len({path.stem for path in several})


def messages(content):
    """Blocks of 32 KiB; a message in parts of (checksum, length, kind): 1 whole, 2 first, 3 middle, 4 last."""
    place, whole = 7, b""
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        part = content[place + 7 : place + 7 + length]
        place += 7 + length
        whole = part if kind in (1, 2) else whole + part
        if kind in (1, 4):
            yield whole


def of_mlflow(folder):
    from mlflow import MlflowClient

    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("kerasgan").experiment_id])
    (found,) = runs
    rows = {}
    for name in found.data.metrics:
        for each in client.get_metric_history(found.info.run_id, name):
            rows.setdefault(each.step, {})[name] = each.value
    told = [key.partition(".")[2] for key in found.data.tags if key.startswith("doctor.")]
    assert found.data.params["family"] == "DCGAN" and found.info.status == "FINISHED"
    return rows, len(list((folder / "mlflow").rglob("images/*.png"))), told, rows.get(0, {}), 1


def of_trackio(folder):
    rows, told = {}, []
    with sqlite3.connect(Path(os.environ["TRACKIO_DIR"], "kerasgan.db")) as base:
        for step, content in base.execute("select step, metrics from metrics"):
            rows.setdefault(step, {}).update(json.loads(content))
        told += [title for (title,) in base.execute("select title from alerts")]
        names = {name for (name,) in base.execute("select run_name from metrics")}
    whole = {name.removeprefix("summary/"): value for row in rows.values() for name, value in row.items()}
    pictures = sum("samples" in row for row in rows.values())
    return rows, pictures, told, whole, len(names)


def of_tensorboard(folder, name="files"):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from kerasgan.files.event_files import read_scalars

    rows, told, pictures = {}, [], 0
    for path in sorted((folder / name).glob("events*")):
        for step, values in read_scalars(path).items():
            rows.setdefault(step, {}).update(values)
        found = EventAccumulator(str(path)).Reload()
        told += [tag.partition("/")[2] for tag in found.Tags()["tensors"]]
        pictures += len(found.Images("samples")) if "samples" in found.Tags()["images"] else 0
    whole = {name.removeprefix("summary/"): value for name, value in rows.get(0, {}).items()}
    return rows, pictures, told, whole, 1


READERS = {"mlflow": of_mlflow, "tensorboard": of_tensorboard, "trackio": of_trackio, "wandb": of_wandb}


def package(name):
    if find_spec(name) is None:
        pytest.skip(f"pip install {name}")
    return name


class Alarm(doctor.Doctor):
    """A doctor that finds trouble at the sixth step."""

    def act(self, step):
        super().act(step)
        if step >= 6:
            self.found.setdefault("mode collapse", 6)


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_training_is_in_the_tracker_and_goes_on_in_the_same_run(name, tmp_path):
    package(name)
    gan, watching = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4), Alarm(every=2)
    gan.compile(penalties=["r1"])
    tracker = callbacks.Tracker(
        name, tmp_path / "files", every=2, images_every=4, count=4, name="first", doctor=watching
    )
    log = callbacks.LossLog(tmp_path / "log.csv", every=2)
    gan.fit(IMAGES, batch_size=2, epochs=2, verbose=0, callbacks=[watching, tracker, log])
    gan.fit(IMAGES, batch_size=2, verbose=0, callbacks=[watching, tracker, log])
    tracker.scores(CARD)
    rows, pictures, told, whole, runs = READERS[name](tmp_path)
    header, *lines = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    for line in lines:
        sent = rows[int(line[0])]
        for loss in ("discriminator_loss", "generator_loss", "r1"):
            assert sent[loss] == pytest.approx(float(line[header.index(loss)]), rel=1e-5)
    assert {2, 4, 6, 8, 10, 12, 14, 15} <= rows.keys()
    by_step = dict(zip(watching.history["step"], watching.history["distance"]))
    assert rows[8]["doctor/distance"] == pytest.approx(by_step[8], rel=1e-5)
    assert pictures == 4 and told == ["mode collapse"] and runs == 1
    assert whole["frechet_distance"] == 1.5


def test_a_training_that_resumes_from_a_checkpoint_goes_on_in_the_same_run(tmp_path, monkeypatch):
    opened = []

    class Kept:
        def __init__(self, place):
            opened.append(place.key)
            self.key = place.key or "run-1"

        def __getattr__(self, name):
            return lambda *arguments: None

    monkeypatch.setitem(trackers.TRACKERS, "tensorboard", Kept)
    for epochs in (1, 2):
        gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
        gan.compile()
        several = [
            callbacks.Tracker("tensorboard", tmp_path / "files", every=2, count=4),
            callbacks.Checkpoint(tmp_path / "checkpoints", every=5),
        ]
        gan.fit(IMAGES, batch_size=2, epochs=epochs, verbose=0, callbacks=several)
    assert opened == [None, "run-1"]


def test_train_sends_a_run_to_the_tracker_that_it_is_told(tmp_path, monkeypatch):
    package("tensorboard")
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=2)
    result = run("train", recipe, "-o", tmp_path / "run", "--track", "TensorBoard", "--doctor", "off")
    assert result.exit_code == 0, result.output
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))
    options = "--samples", 4, "--metrics", "frechet_distance", "--track", "tensorboard"
    result = run("evaluate", tmp_path / "run", *options)
    assert result.exit_code == 0, result.output
    rows, _, _, whole, _ = of_tensorboard(tmp_path / "run", "tensorboard")
    assert {1, 2} & rows.keys() and whole["frechet_distance"] > 0
    result = run("train", recipe, "-o", tmp_path / "other", "--track", "comet")
    assert result.exit_code == 1
    assert "Expected a tracker, such as mlflow, tensorboard, trackio, wandb. Received: tracker='comet'" in result.output
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    result = run("train", recipe, "-o", tmp_path / "other", "--track", "wandb")
    assert result.exit_code == 1 and "pip install wandb" in result.output
    assert not (tmp_path / "other").exists()


def test_of_machines_that_train_together_the_first_alone_has_a_run(monkeypatch, tmp_path):
    monkeypatch.setattr(distribution, "worker", lambda: 1)
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile()
    tracker = callbacks.Tracker("tensorboard", directory=tmp_path / "log")
    gan.fit(np.zeros((4, 8, 8, 1), "uint8"), batch_size=2, verbose=0, callbacks=[tracker])
    assert not (tmp_path / "log").exists()
