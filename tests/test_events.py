"""Files for TensorBoard: TensorFlow, whose format it is, reads them; and Keras' own callback works with a GAN."""

import importlib
import io

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import callbacks, doctor, models, pictures
from kerasgan.events import EventFile

tf = pytest.importorskip("tensorflow")
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")  # five batches of two


def tiny():
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(penalties=["r1"])
    return gan


def read(path):
    """(step, tag, value) of everything in a file; TensorFlow checks both checksums of every record."""
    events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    assert events[0].file_version == "brain.Event:2"
    assert all(event.wall_time > 1.6e9 for event in events)
    return [(event.step, value.tag, value) for event in events[1:] for value in event.summary.value]


def test_tensorflow_reads_scalars_and_pictures_as_they_were_written(tmp_path):
    file = EventFile(tmp_path / "deep")
    assert "tfevents" in file.path.name
    file.scalars(0, {"one": 1.5, "none": float("nan")})
    file.scalars(3_000_000_000, {"größe": -2.0})
    picture, written = Image.new("RGB", (300, 20), (1, 2, 3)), io.BytesIO()
    picture.save(written, format="PNG")
    file.picture(7, "samples", written.getvalue(), size=picture.size, channels=3)
    first, none, large, image = read(file.path)
    assert (first[0], first[1], first[2].simple_value) == (0, "one", 1.5)
    assert np.isnan(none[2].simple_value)
    assert (large[0], large[1], large[2].simple_value) == (3_000_000_000, "größe", -2.0)
    found = image[2].image
    assert (image[0], found.width, found.height, found.colorspace) == (7, 300, 20, 3)
    assert found.encoded_image_string == written.getvalue()


def test_a_training_writes_the_logs_losses_the_same_grids_and_the_doctors_signals(tmp_path):
    gan, watching = tiny(), doctor.Doctor(every=2)
    board = callbacks.TensorBoardLog(tmp_path / "board", every=2, images_every=4, count=4, seed=7, doctor=watching)
    log = callbacks.LossLog(tmp_path / "log.csv", every=2)
    gan.fit(IMAGES, batch_size=2, epochs=2, verbose=0, callbacks=[watching, board, log])
    (path,) = (tmp_path / "board").iterdir()
    found = read(path)
    header, *rows = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    for name in ("discriminator_loss", "generator_loss", "r1"):
        written = {step: value.simple_value for step, tag, value in found if tag == name}
        expected = {int(row[0]): float(row[header.index(name)]) for row in rows}
        assert written.keys() == expected.keys()
        np.testing.assert_allclose(list(written.values()), list(expected.values()), rtol=1e-5)
    distances = [(step, value.simple_value) for step, tag, value in found if tag == "doctor/distance"]
    assert [step for step, _ in distances] == watching.history["step"]
    np.testing.assert_allclose([value for _, value in distances], watching.history["distance"], rtol=1e-5)
    assert [step for step, tag, _ in found if tag == "doctor/collapse"] == [2, 4, 6, 8, 10]
    images = [(step, value.image) for step, tag, value in found if tag == "samples"]
    assert [step for step, _ in images] == [2, 4, 8]
    gan.fit(IMAGES, batch_size=2, verbose=0, callbacks=[watching, board])
    newest = max((tmp_path / "board").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    again = read(newest)
    assert {step for step, _, _ in again} == {12, 14, 15}
    last = next(value.image for _, tag, value in again if tag == "samples")
    with Image.open(io.BytesIO(last.encoded_image_string)) as picture:
        assert picture.size == pictures.grid(gan.generate(4, seed=7)).size


def test_an_interval_of_images_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Received: images_every=0"):
        callbacks.TensorBoardLog(tmp_path, images_every=0)


def test_keras_own_callback_shows_both_losses_and_the_penalties(tmp_path, monkeypatch):
    """TensorBoard itself, which `tf.summary.scalar` comes from, need not be installed for this."""
    summary = importlib.import_module("tensorflow.summary")  # the module that Keras imports

    seen = []
    monkeypatch.setattr(summary, "scalar", lambda name, value, step: seen.append((name, int(step), float(value))))
    history = tiny().fit(
        IMAGES, batch_size=2, epochs=2, verbose=0, callbacks=[keras.callbacks.TensorBoard(str(tmp_path))]
    )
    for name in ("discriminator_loss", "generator_loss", "r1"):
        expected = [(f"epoch_{name}", epoch, value) for epoch, value in enumerate(history.history[name])]
        assert [row for row in seen if row[0] == f"epoch_{name}"] == expected
