"""Pictures that the tests of `kerasgan.data` make for themselves."""

import numpy as np
from PIL import Image

from kerasgan import data

SHAPE = (8, 8, 3)


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def flat(path, color, mode="RGB", size=(12, 12), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path, **options)
    return path


def only_image(root, **options):
    options = {"image_size": 8, **options}
    return data.folder(root, **options).images()[0]


def two_classes(root):
    for index in range(6):
        flat(root / "cat" / f"{index}.png", (40 * index, 0, 0))
        flat(root / "ant" / "deep" / f"{index}.png", (0, 40 * index, 0))
    return root
