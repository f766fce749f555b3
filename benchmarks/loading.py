"""Images per second from a folder of 128-pixel JPEGs and from memory: python benchmarks/loading.py [--count 2000]."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from kerasgan import data
from kerasgan.data import folders


def write_jpegs(root: Path, count: int, size: int = 128) -> None:
    """`count` photo-like JPEGs: smooth colour with grain, so that they cost about what photographs cost to decode."""
    generator = np.random.default_rng(0)
    for index in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
        grain = generator.normal(0.0, 8.0, smooth.shape)
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(root / f"{index:06d}.jpg", quality=90)


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def epoch(source: data.Source) -> None:
    """Read every batch once."""
    for _ in source:
        pass
    source.on_epoch_end()


def measure(root: Path, image_size: int, keep: bool) -> list[float]:
    """Images per second of a first epoch, reading of the folder included, and of a later one."""
    budget, folders.MEMORY_BUDGET = folders.MEMORY_BUDGET, folders.MEMORY_BUDGET if keep else 0
    try:
        made: list[data.Source] = []
        options = {"batch_size": 64, "drop_remainder": False}
        first = seconds(lambda: epoch(made.append(data.folder(root, image_size=image_size, **options)) or made[0]))
        later = min(seconds(lambda: epoch(made[0])) for _ in range(3))
        return [(made[0].count or 0) / value for value in (first, later)]
    finally:
        folders.MEMORY_BUDGET = budget


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="number of JPEGs to write and read")
    count = parser.parse_args().count
    table = Table("source", "first epoch", "later epochs", title=f"images/s, {count} images, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        write_jpegs(Path(name), count)
        for image_size in (128, 64, 32):
            for keep, where in ((True, "kept in memory"), (False, "decoded each epoch")):
                row = measure(Path(name), image_size, keep)
                table.add_row(f"128-pixel JPEG to {image_size}, {where}", *(f"{rate:,.0f}" for rate in row))
    pixels = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
    source = data.arrays(pixels, drop_remainder=False)
    rates = [count / seconds(lambda: epoch(source)) for _ in range(2)]
    table.add_row("uint8 array, 64 pixels", *(f"{rate:,.0f}" for rate in rates))
    digits = data.digits()
    duration = min(seconds(lambda: epoch(digits)) for _ in range(3)) / len(digits)
    Console().print(table)
    print(f"one batch of 64 digits at 32 pixels: {duration * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
