"""What the pictures of a folder are before they become the images of a model: sizes, gray ones, transparent ones."""

import collections
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from kerasgan.data.decoding import Crop, upright_size

__all__ = ["LOG", "Contents"]

LOG = logging.getLogger("kerasgan.data")
GRAY = ("1", "L", "La", "LA", "I", "F")  # how the modes of gray pictures begin, and no others
COLORS = {1: "gray", 3: "color", 4: "color with alpha"}


class Contents:
    """Sizes and kinds of pictures, which several threads add."""

    def __init__(self) -> None:
        self.sizes: collections.Counter[tuple[int, int]] = collections.Counter()
        self.gray, self.transparent = 0, 0
        self._lock = threading.Lock()

    def add(self, image: Image.Image) -> None:
        """Counts a picture that need not be decoded yet."""
        gray = image.mode in GRAY or image.mode.startswith("I;")
        clear = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
        with self._lock:
            self.sizes[upright_size(image)] += 1
            self.gray += gray
            self.transparent += clear

    def described(self, paths: Sequence[Path], shape: Sequence[int], crop: Crop, *, total: int | None = None) -> str:
        """How many pictures of which sizes were found, and what became of them, in words.

        Args:
            paths: the files.
            shape: (height, width, channels) of the images that they became.
            crop: how, as in `folder`.
            total: how many there are, if these are a sample of them.
        """
        count, (height, width, channels) = sum(self.sizes.values()), shape
        place = os.path.commonpath([path.parent for path in paths]) if paths else "no folder"
        how = {"center": "center-cropped to", "stretch": "resized to"}.get(str(crop), "cut and resized to")
        became = f"{how} {width}x{height} {COLORS[channels]}"
        text = [f"{count:,} images in {place}, {self._sizes()} pixels, {became}."]
        if total is not None:
            text = [f"{total:,} images in {place}, checked as they are reached. Of {count} that were looked at:"]
            text.append(f"{self._sizes()} pixels, {became}.")
        colored = count - self.gray
        if channels == 1 and colored:
            text.append(f"Turned gray: {colored:,} in color.")
        if channels != 1 and self.gray:
            text.append(f"Turned into colors: {self.gray:,} gray.")
        if self.transparent and channels != 4:
            text.append(f"Put on white: {self.transparent:,} with transparency.")
        return " ".join(text)

    def _sizes(self) -> str:
        ordered = sorted(self.sizes, key=lambda size: (size[0] * size[1], size))
        names = [f"{width}x{height}" for height, width in ordered]
        return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
