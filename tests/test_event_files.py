"""Files for TensorBoard, read back by it as its pages do; and Keras' own callback works with a GAN."""

import io
import tracemalloc

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import callbacks, doctor, models
from kerasgan.files import event_files, pictures, trackers

pytest.importorskip("tensorboard")
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")  # five batches of two


def tiny():
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(penalties=["r1"])
    return gan


def read(path):
    """TensorBoard's own reader of a file or a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0, "tensors": 0}).Reload()


def test_a_training_writes_the_logs_losses_the_same_grids_and_the_doctors_signals(tmp_path):
    gan, watching = tiny(), doctor.Doctor(every=2)
    board = callbacks.Tracker(
        "tensorboard", tmp_path / "board", every=2, images_every=4, count=4, seed=7, doctor=watching
    )
    log = callbacks.LossLog(tmp_path / "log.csv", every=2)
    gan.fit(IMAGES, batch_size=2, epochs=2, verbose=0, callbacks=[watching, board, log])
    found = read(tmp_path / "board")
    header, *rows = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    for name in ("discriminator_loss", "generator_loss", "r1"):
        written = {event.step: event.value for event in found.Scalars(name)}
        expected = {int(row[0]): float(row[header.index(name)]) for row in rows}
        assert written.keys() == expected.keys()
        np.testing.assert_allclose(list(written.values()), list(expected.values()), rtol=1e-5)
    distances = found.Scalars("doctor/distance")
    assert [event.step for event in distances] == watching.history["step"]
    np.testing.assert_allclose([event.value for event in distances], watching.history["distance"], rtol=1e-5)
    assert [event.step for event in found.Scalars("doctor/collapse")] == [2, 4, 6, 8, 10]
    assert [event.step for event in found.Images("samples")] == [2, 4, 8]
    gan.fit(IMAGES, batch_size=2, verbose=0, callbacks=[watching, board])
    again = read(max((tmp_path / "board").iterdir(), key=lambda file: file.stat().st_mtime_ns))
    assert {event.step for tag in again.Tags()["scalars"] for event in again.Scalars(tag)} == {12, 14, 15}
    last = again.Images("samples")[-1]
    with Image.open(io.BytesIO(last.encoded_image_string)) as picture:
        assert picture.size == (last.width, last.height) == pictures.grid(gan.generate(4, seed=7)).size


def test_one_number_of_an_event_file_that_stands_for_a_billion_is_not_unfolded(tmp_path):
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    def tensor(*shape):
        dimensions = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
        whole = tensor_shape_pb2.TensorShapeProto(dim=dimensions)
        value = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=whole, float_val=[0.5])
        metadata = summary_pb2.SummaryMetadata(data_class=summary_pb2.DATA_CLASS_SCALAR)
        return summary_pb2.Summary.Value(tag="_".join(["loss", *map(str, shape)]), tensor=value, metadata=metadata)

    writer = EventFileWriter(str(tmp_path))
    writer.add_event(event_pb2.Event(step=3, summary=summary_pb2.Summary(value=[tensor(), tensor(1 << 32)])))
    writer.close()
    (path,) = tmp_path.iterdir()
    tracemalloc.start()
    assert event_files.read_scalars(path) == {3: {"loss": 0.5}}
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_without_tensorboard_it_says_what_to_install_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        callbacks.Tracker("tensorboard", tmp_path)


def test_an_interval_of_images_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Received: images_every=0"):
        callbacks.Tracker("tensorboard", tmp_path, images_every=0)


def test_keras_own_callback_shows_both_losses_and_the_penalties(tmp_path):
    from tensorboard.util.tensor_util import make_ndarray

    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False)
    history = tiny().fit(IMAGES, batch_size=2, epochs=2, verbose=0, callbacks=[board]).history
    found = read(tmp_path / "train")
    for name in ("discriminator_loss", "generator_loss", "r1"):
        written = [(event.step, make_ndarray(event.tensor_proto)) for event in found.Tensors(f"epoch_{name}")]
        assert written == [(epoch, np.float32(value)) for epoch, value in enumerate(history[name])]
