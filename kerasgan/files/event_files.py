"""Event files for TensorBoard, written and read by its own package, on every backend and without a device."""

import importlib
import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

__all__ = ["EventFile", "check", "read_scalars"]


def check() -> None:
    """Raises ImportError, with the package to install, if TensorBoard is missing."""
    if find_spec("tensorboard") is None:
        raise ImportError("A log for TensorBoard is written and read by its package: pip install tensorboard")


class EventFile:
    """A file of scalars, pictures and texts by step, in a folder for `tensorboard --logdir`.

    Args:
        directory: the folder, created if need be. Every `EventFile` is a separate file: TensorBoard shows those of one
            resumed training as one.

    Raises:
        ImportError: if TensorBoard is not installed.
    """

    def __init__(self, directory: str | os.PathLike[str]):
        check()
        writer: Any = importlib.import_module("tensorboard.summary.writer.event_file_writer")
        self._events: Any = importlib.import_module("tensorboard.compat.proto.event_pb2")
        self._summaries: Any = importlib.import_module("tensorboard.compat.proto.summary_pb2")
        self._tensors: Any = importlib.import_module("tensorboard.compat.proto.tensor_pb2").TensorProto
        self._writer = writer.EventFileWriter(os.fspath(directory))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by name, in one event."""
        self._add(step, [self._summaries.Summary.Value(tag=tag, simple_value=x) for tag, x in values.items()])

    def picture(self, step: int, name: str, png: bytes, *, size: tuple[int, int], channels: int) -> None:
        """A PNG of (width, height) pixels."""
        width, height = size
        image = self._summaries.Summary.Image(width=width, height=height, colorspace=channels, encoded_image_string=png)
        self._add(step, [self._summaries.Summary.Value(tag=name, image=image)])

    def text(self, step: int, name: str, text: str) -> None:
        """A text, as the plugin for texts shows it."""
        content = self._tensors(dtype="DT_STRING", string_val=[text.encode()], tensor_shape={"dim": [{"size": 1}]})
        about = {"plugin_data": {"plugin_name": "text"}}
        self._add(step, [self._summaries.Summary.Value(tag=name, metadata=about, tensor=content)])

    def close(self) -> None:
        """Closes the file and ends the thread that writes it."""
        self._writer.close()

    def _add(self, step: int, values: list[Any]) -> None:
        summary = self._summaries.Summary(value=values)
        self._writer.add_event(self._events.Event(wall_time=time.time(), step=step, summary=summary))
        self._writer.flush()  # so that TensorBoard shows the values at once


def read_scalars(path: str | os.PathLike[str]) -> dict[int, dict[str, float]]:
    """The numbers of an event file, by step and name. Raises ImportError if TensorBoard is not installed."""
    check()
    accumulators: Any = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    tensors: Any = importlib.import_module("tensorboard.util.tensor_util")
    events = accumulators.EventAccumulator(os.fspath(path), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    rows: dict[int, dict[str, float]] = {}
    for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
            rows.setdefault(event.step, {})[tag] = event.value
    for tag in events.Tags()["tensors"]:  # as TensorFlow 2 writes scalars
        for event in events.Tensors(tag):
            if event.tensor_proto.tensor_shape.dim:  # no scalar; one number in the file may stand for a billion
                continue
            value = tensors.make_ndarray(event.tensor_proto)
            if value.ndim == 0 and value.dtype.kind in "fiu":
                rows.setdefault(event.step, {})[tag] = float(value)
    return dict(sorted(rows.items()))
