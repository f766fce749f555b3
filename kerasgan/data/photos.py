"""The photographs that are part of scikit-learn and scikit-image, as a source of crops."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from kerasgan.data import checks
from kerasgan.data.decoding import resized
from kerasgan.data.sources import Batching, BatchingOptions, Raw, Source, SourceInfo, scaled

# name: (library, license). The held-out ones are not used for training.
PHOTOS = {
    "astronaut": ("scikit-image", "public domain (NASA)"),
    "china": ("scikit-learn", "CC BY 2.0 (daniel buechele)"),
    "coffee": ("scikit-image", "CC0 (Rachel Michetti)"),
    "rocket": ("scikit-image", "public domain (SpaceX)"),
    "chelsea": ("scikit-image", "CC0 (Stefan van der Walt)"),
    "flower": ("scikit-learn", "CC BY 2.0 (vultilion)"),
}
HELD_OUT = ("chelsea", "flower")
# Gray photographs, which `further` adds to the training, whole.
FURTHER = {
    "brick": ("scikit-image", "CC0 (CC0Textures)"),
    "camera": ("scikit-image", "CC0 (Lav Varshney)"),
    "coins": ("scikit-image", "no known copyright restrictions (Brooklyn Museum)"),
    "grass": ("scikit-image", "CC0 (linolafett)"),
}
REGION = 0.8  # of the other photographs, the columns from this share of the width on are held out, too
SPLITS = ("train", "regions", "test", "all")
FARTHEST = 2.0  # largest factor by which a varied part is larger along each side, before it is shrunk
DIMMEST = 0.6  # smallest factor of the brightness of each color


class Patches(Source):
    """Square parts of a few large pictures: at random positions in training, on a grid without overlap in file order.

    An epoch has as many parts as the grids of all pictures. `vary`: parts at random positions are also varied; see
    `photos`.
    """

    def __init__(
        self,
        name: str,
        pictures: Sequence[np.ndarray],
        size: tuple[int, int],
        order: Batching,
        *,
        vary: bool = False,
        picture_names: Sequence[str] = (),
    ) -> None:
        height, width = size
        small = [picture.shape for picture in pictures if picture.shape[0] < height or picture.shape[1] < width]
        if small:
            raise ValueError(f"Expected pictures of at least {height} x {width} pixels. Received: {small[0][:2]}")
        self.pictures, self.picture_names, self.vary = tuple(pictures), tuple(picture_names), vary
        self._grid = np.array(
            [
                (index, top, left)
                for index, picture in enumerate(pictures)
                for top in range(0, picture.shape[0] - height + 1, height)
                for left in range(0, picture.shape[1] - width + 1, width)
            ]
        )
        super().__init__(SourceInfo(name, (height, width, pictures[0].shape[-1]), len(self._grid)), order)

    def __getitem__(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self):
            raise IndexError(f"Expected a batch from 0 to {len(self) - 1}. Received: index={index}")
        self._passed = self._passed or index == len(self) - 1
        rows = self.order.permutation(len(self._grid), self.epoch)[index * self.batch_size :][: self.batch_size]
        places = self._grid[rows]
        if self.order.shuffle:
            rng = np.random.default_rng([self.order.seed, self.epoch, index, 2])
            if self.vary:
                varied = np.stack([self._varied(self.pictures[each], rng) for each in places[:, 0]])
                return self.order.mirrored(varied, self.epoch, index)
            room = np.array([self.pictures[each].shape[:2] for each in places[:, 0]]) - self.image_shape[:2]
            places[:, 1:] = rng.integers(room + 1)
        return self.order.mirrored(scaled(self._cut(places)), self.epoch, index)

    def _cut(self, places: np.ndarray) -> np.ndarray:
        height, width, _ = self.image_shape
        return np.stack([self.pictures[each][top : top + height, left : left + width] for each, top, left in places])

    def _varied(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A part that is scaled, rotated, desaturated and darkened at random: float32 in [-1, 1]."""
        size = self.image_shape[:2]
        scale = min(rng.uniform(1, FARTHEST), *np.divide(picture.shape[:2], size))
        height, width = (int(side * scale) for side in size)
        top, left = rng.integers(np.subtract(picture.shape[:2], (height, width)) + 1)
        part = resized(picture[np.newaxis, top : top + height, left : left + width], size=size, crop="stretch")[0]
        if rng.random() < 0.5:
            part = part[::-1]
        if size[0] == size[1] and rng.random() < 0.5:
            part = part.swapaxes(0, 1)
        light = (scaled(part) + 1) / 2
        gray = light.mean(axis=-1, keepdims=True)
        light = gray + rng.uniform(0, 1) * (light - gray)
        return (2 * light * rng.uniform(DIMMEST, 1, light.shape[-1]) - 1).astype(np.float32)

    def in_order(self) -> Raw:
        for start in range(0, len(self._grid), self.batch_size):
            yield self._cut(self._grid[start : start + self.batch_size]), None

    def images(self, count: int | None = None) -> np.ndarray:
        return self._cut(self._grid[:count])


def photos(
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    split: str = "train",
    scale: float = 1.0,
    further: bool = False,
    vary: bool = False,
    **order: Unpack[BatchingOptions],
) -> Patches:
    """Crops of the six color photographs in scikit-learn and scikit-image, 300 to 640 pixels wide.

    - `split`: "test", two photographs that are not used for training (chelsea, flower); of the other four (astronaut,
      china, coffee, rocket) "train", the left four fifths, and "regions", the right fifth: other pixels of the same
      scenes; "all": all six, whole.
    - `scale`: shrinks the photographs first (0.5 halves them), so that crops show more of the scene.
    - `further`: adds four gray photographs to "train" (brick, camera, coins, grass).
    - `vary`: augments the training: each crop shows up to twice as much of the scene along each side, is rotated, and
      loses some of its saturation and of the brightness of each color, at random.
    - `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    `.pictures` are the (parts of the) photographs themselves. Licenses: see the file `kerasgan/data/photos.py`;
    those of china and flower require attribution.
    Raises ValueError for an unknown split, `further` with another split than "train", or crops larger than a
    photograph.
    """
    size, ordering = checks.pair(image_size), Batching(**order)
    if split not in SPLITS:
        raise ValueError(f"Expected split to be one of {', '.join(SPLITS)}. Received: split={split!r}")
    if further and split != "train":
        raise ValueError(f"Expected further photographs of the split train alone. Received: split={split!r}")
    if channels not in (1, 3):
        raise ValueError(f"Expected channels 1 (gray) or 3 (RGB). Received: channels={channels!r}")
    if not 0 < scale <= 1:
        raise ValueError(f"Expected a scale above 0, 1 at most. Received: scale={scale!r}")
    names = {"all": tuple(PHOTOS), "test": HELD_OUT}.get(split) or tuple(n for n in PHOTOS if n not in HELD_OUT)
    pictures = [_part(_photo(name, channels, scale), split) for name in names]
    if further:
        pictures += [_photo(name, channels, scale) for name in FURTHER]
    return Patches(f"photos/{split}", pictures, size, ordering, vary=vary)


def _photo(name: str, channels: int, scale: float) -> np.ndarray:
    picture: Any
    if (PHOTOS | FURTHER)[name][0] == "scikit-learn":
        from sklearn.datasets import load_sample_image

        picture = load_sample_image(f"{name}.jpg")
    else:
        from skimage import data

        picture = getattr(data, name)()
        picture = np.stack([picture] * 3, axis=-1) if picture.ndim == 2 else picture
    size = round(picture.shape[0] * scale), round(picture.shape[1] * scale)
    picture = resized(picture[None], size=size, crop="stretch")[0]
    if channels == 1:
        gray = picture @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as PIL and JPEG
        picture = np.rint(gray).astype(np.uint8)[..., np.newaxis]
    return picture


def _part(picture: np.ndarray, split: str) -> np.ndarray:
    border = round(picture.shape[1] * REGION)
    return {"train": picture[:, :border], "regions": picture[:, border:]}.get(split, picture)
