"""Images a second out of a folder of JPEGs: `kerasgan.data.folder`, and PyTorch's DataLoader over the same work.

Both decode, resize with antialiasing, shuffle, and make batches of 64 float32 images in [-1, 1]. The first epoch of
kerasgan includes reading the folder, and keeps the pictures if they fit into its memory budget.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rows import Found, Row

BATCH, SIDE = 64, 128
SIZES = (128, 64)


def rows(options: Any) -> list[Row]:
    own = {"folder": str(options.folder), "count": 100 if options.quick else 2000}
    ways = {"kept": "kerasgan", "decoded": "kerasgan, nothing kept", "loader": "DataLoader"}
    if options.threads > 1:
        ways["workers"] = f"DataLoader, {options.threads} workers"
    return [
        Row("loading", f"{name}, {size}", {"way": way, "size": size, **own}, "torch", options.threads)
        for size in SIZES
        for way, name in ways.items()
    ]


def measure(way: str, size: int, folder: str, count: int) -> Found:
    root = Path(folder) / "jpegs"
    if not root.exists():
        write_jpegs(root, count)
    WAYS[way](root, size)  # imports, and fills the file cache of the system
    start = time.perf_counter()
    epoch = WAYS[way](root, size)
    epoch()
    first = time.perf_counter()
    epoch()
    return {"first": count / (first - start), "later": count / (time.perf_counter() - first)}


def write_jpegs(root: Path, count: int) -> None:
    """Photo-like JPEGs: smooth color with grain, so that they cost about what photographs cost to decode."""
    root.mkdir()
    generator = np.random.default_rng(0)
    for index in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32)
        grain = generator.normal(0.0, 8.0, smooth.shape)
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(root / f"{index:06d}.jpg", quality=90)


def kept(root: Path, size: int) -> Callable[[], None]:
    from kerasgan import data

    source = data.folder(root, image_size=size, batch_size=BATCH, drop_remainder=False)

    def epoch() -> None:
        for _ in source:
            pass
        source.on_epoch_end()

    return epoch


def decoded(root: Path, size: int) -> Callable[[], None]:
    """Reads a folder without keeping images in memory, as for folders too large for it."""
    from kerasgan.data import folders

    folders.MEMORY_BUDGET = 0
    return kept(root, size)


def loader(root: Path, size: int, workers: int = 0) -> Callable[[], None]:
    import torch

    class Pictures(torch.utils.data.Dataset):
        paths = sorted(root.iterdir())

        def __len__(self) -> int:
            return len(self.paths)

        def __getitem__(self, index: int) -> torch.Tensor:
            with Image.open(self.paths[index]) as picture:
                pixels = np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))
            return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1

    batches = torch.utils.data.DataLoader(Pictures(), BATCH, shuffle=True, num_workers=workers)

    def epoch() -> None:
        for _ in batches:
            pass

    return epoch


def workers(root: Path, size: int) -> Callable[[], None]:
    return loader(root, size, workers=int(os.environ["OMP_NUM_THREADS"]))


WAYS = {"kept": kept, "decoded": decoded, "loader": loader, "workers": workers}
