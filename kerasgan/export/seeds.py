"""The seed file of a bundle: inputs from which every program generates the same picture, and that picture by Keras."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from kerasgan.export.proof import draw
from kerasgan.export.signature import IMAGES, Input, side_of
from kerasgan.files import pictures
from kerasgan.gan import GAN, ImageToImage
from kerasgan.latents import class_labels

__all__ = ["picture", "rows", "write"]

COUNT = 16  # number of generated images
TRANSLATED = 4  # number of translated images
MOST_PIXELS = 2**16  # of all translated images together, as they are written as text


def rows(gan: GAN, inputs: list[Input]) -> dict[str, np.ndarray]:
    """The seed file's rows for inputs by name: latents and labels of `gan.generate(16, seed=0)`, or levels of images.

    Truncation is 1 and noise is 0: the programs use these values for inputs that a seed file does not name.
    """
    if gan.task.from_images:
        return {IMAGES: _waves(gan, inputs[0].shape)}
    values = {
        "latents": gan.prior.draw(COUNT, gan.latent_dim, 0),
        "labels": class_labels(COUNT, num_classes=gan.num_classes, seed=0),
    }
    return {each.name: values[each.name] for each in inputs if each.name in values}


def _waves(gan: ImageToImage, shape: Any) -> np.ndarray:
    """uint8 pictures of waves, different for each color and each picture."""
    _, height, width, channels = shape
    side = gan.multiple * -(-max(side_of(gan), gan.smallest) // gan.multiple)
    height, width = height or side, width or side
    count = max(1, min(TRANSLATED, MOST_PIXELS // (height * width)))
    index, y, x, channel = np.meshgrid(*map(np.arange, (count, height, width, channels)), indexing="ij")
    phase = (1 + index) * (x / width + (1 + channel) * y / height) + channel / 3
    return np.rint(127.5 + 127.5 * np.sin(2 * np.pi * phase)).astype("uint8")


def write(seeds: Mapping[str, np.ndarray], path: Path) -> None:
    """Writes rows by name as JSON: floats with the fewest digits that give the same float32."""
    named = ", ".join(f'"{name}": {_text(values)}' for name, values in seeds.items())
    path.write_text(f"{{{named}}}\n", encoding="utf-8")


def _text(values: np.ndarray) -> str:
    if values.dtype.kind == "f":
        return json.dumps([[float(str(value)) for value in row] for row in values])
    return json.dumps(values.tolist())


def picture(network: keras.Model, inputs: list[Input], seeds: Mapping[str, np.ndarray]) -> Image.Image:
    """The images that Keras generates from a seed file's rows: row by row, as square as possible, without borders."""
    count = len(next(iter(seeds.values())))
    fed = {}
    for each in inputs:
        shape: Any = (count, *each.shape[1:])
        values = seeds[each.name] if each.name in seeds else np.full(shape, each.name == "truncation")
        fed[each.name] = (values / 127.5 - 1 if each.name == IMAGES else values).astype(each.dtype)
    with keras.device("cpu"):
        images = draw(network, fed)
    pixels = images if images.dtype == np.uint8 else pictures.to_uint8(images)
    _, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(count))
    lines = math.ceil(count / columns)
    cells = np.zeros((lines * columns, height, width, channels), "uint8")
    cells[:count] = pixels
    cells = cells.reshape(lines, columns, height, width, channels).swapaxes(1, 2)
    return pictures.single(cells.reshape(lines * height, columns * width, channels))
