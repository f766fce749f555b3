"""Two hundred pictures of each of two kinds for `kerasgan train my-images`, and what trainings drew.

    python benchmarks/my_images.py write folders  # folders/landscapes and folders/boots
    kerasgan train my-images --data folders/landscapes --output runs/landscapes --every 100
    kerasgan train my-images --data folders/boots --image-size 32 --set data.flip=false --output runs/boots --every 100
    python benchmarks/my_images.py show runs/landscapes --steps 900 5400 9000 --output landscapes.png
    python benchmarks/my_images.py copies runs/boots folders/boots

The pictures of the documentation are of trainings with --dtype-policy mixed_bfloat16. The landscapes are crops of
photographs whose licenses are beyond doubt, the boots are Fashion-MNIST's.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import kerasgan
from kerasgan import data, metrics
from kerasgan.files import pictures

COUNT, SEED = 200, 0
SIZE, SCALE, CROPS = 64, 0.25, 4  # of each photograph, shrunk to 180x90 pixels
NOT_NATURE = ("city", "earthrise", "industrial", "mfield", "nasa", "space", "station")
BOOT = 9


def landscapes() -> np.ndarray:
    """Crops of what shows nature, of the photographs whose licenses are beyond doubt."""
    source = data.landscapes(image_size=SIZE, scale=SCALE, strict=True, split="all")
    generator, crops = np.random.default_rng(SEED), []
    for name, picture in zip(source.picture_names, source.pictures, strict=True):
        if name.startswith(NOT_NATURE):
            continue
        for _ in range(CROPS):
            top, left = (int(generator.integers(side - SIZE + 1)) for side in picture.shape[:2])
            crops.append(picture[top : top + SIZE, left : left + SIZE])
    return np.stack(crops)[generator.permutation(len(crops))[:COUNT]]


def boots() -> np.ndarray:
    """Training images of ankle boots, gray and of 28x28 pixels as they are."""
    source = data.fashion_mnist(image_size=28, split="train", shuffle=False)
    chosen = np.random.default_rng(SEED).permutation(np.flatnonzero(source.labels == BOOT))[:COUNT]
    return source.images()[np.sort(chosen)]


KINDS = {"landscapes": landscapes, "boots": boots}


def write(folder: Path) -> None:
    for kind, images in KINDS.items():
        for number, image in enumerate(images()):
            pictures.save(pictures.single(image), folder / kind / f"{number:03}.png")


def show(run: Path, steps: list[int], output: Path) -> None:
    """The grids of samples after so many steps, side by side."""
    grids = []
    for step in steps:
        with Image.open(run / "samples" / f"step-{step:06}.png") as picture:
            grids.append(picture.convert("RGB"))
    strip = Image.new("RGB", (sum(each.width for each in grids), grids[0].height))
    for number, grid in enumerate(grids):
        strip.paste(grid, (number * grid.width, 0))
    pictures.save(pictures.labeled(strip, columns=[f"step {step:,}" for step in steps]), output)


def copies(run: Path, folder: Path) -> Any:
    """Whether samples are nearer to the pictures of a folder than as many boots of the test images are, by pixels."""
    gan = kerasgan.load(run)
    size = gan.image_shape[0]
    unseen = data.fashion_mnist(image_size=size, split="test", shuffle=False)
    seen = data.folder(folder, image_size=size, channels=1, labels=False, shuffle=False)
    drawn = pictures.to_uint8(gan.generate(COUNT, seed=SEED)).mean(axis=-1, keepdims=True)
    held_out = unseen.images()[unseen.labels == BOOT][:COUNT]
    rows = (images.reshape(len(images), -1).astype("float64") for images in (drawn, seen.images(), held_out))
    generated, trained_on, others = rows
    return metrics.memorization(generated, trained_on, held_out=others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("folder", type=Path)
    shown = commands.add_parser("show")
    shown.add_argument("run", type=Path)
    shown.add_argument("--steps", type=int, nargs="+", required=True)
    shown.add_argument("--output", type=Path, required=True)
    compared = commands.add_parser("copies")
    compared.add_argument("run", type=Path)
    compared.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.folder)
    elif arguments.command == "copies":
        print(copies(arguments.run, arguments.folder))
    else:
        show(arguments.run, arguments.steps, arguments.output)


if __name__ == "__main__":
    main()
