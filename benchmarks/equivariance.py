"""Measures whether details move with the image or stick to its pixels, and films both: StyleGAN3 and StyleGAN2.

    python benchmarks/equivariance.py runs/stylegan3-emoji-faces stylegan2-emoji-faces -o runs/film

Prints EQ-T, EQ-T_frac and EQ-R (2106.12423, table 1), and writes equivariance.gif, in which the inputs of all models
move slowly to the right and back, and equivariance.png: one row of pixels of each over this time. What moves smoothly
draws slanted lines there; what sticks to the pixels, steps and streaks. StyleGAN3 has an input that can be moved. Of
StyleGAN2 the learned constant is moved, interpolated linearly; its noise stays, as in its training.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from PIL import Image
from scipy import ndimage

import kerasgan
from kerasgan import metrics
from kerasgan.files import films, pictures

FRAMES, FPS, FARTHEST = 96, 25, 0.125
SAMPLES, SHOWN, SIDE = 32, 4, 128
TRUNCATION = 0.7


def moving(gan: Any) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """(styles, transform) to images, see `kerasgan.metrics.translation_equivariance`."""
    if isinstance(gan, kerasgan.models.StyleGAN3):
        return lambda styles, transform: gan.render(styles, transform=transform)
    constant = gan.unbounded.get_layer("constant").map
    before = ops.convert_to_numpy(constant)
    height, width = before.shape[:2]
    x, y = np.meshgrid((np.arange(width) + 0.5) / width - 0.5, (np.arange(height) + 0.5) / height - 0.5)

    def generate(styles: np.ndarray, transform: np.ndarray) -> np.ndarray:
        sources = np.einsum("ij,jyx->iyx", np.asarray(transform), np.stack([x, y, np.ones_like(x)]))
        places = [(sources[1] + 0.5) * height - 0.5, (sources[0] + 0.5) * width - 0.5]
        moved = [ndimage.map_coordinates(each, places, order=1, mode="nearest") for each in np.moveaxis(before, 2, 0)]
        constant.assign(np.stack(moved, axis=2))
        try:
            return gan.render(styles)
        finally:
            constant.assign(before)

    return generate


def measured(gan: Any, samples: int) -> dict[str, float]:
    styles, generate = gan.styles(samples, seed=1), moving(gan)
    return {
        "EQ-T": metrics.translation_equivariance(generate, styles),
        "EQ-T_frac": metrics.translation_equivariance(generate, styles, fractional=True),
        "EQ-R": metrics.rotation_equivariance(generate, styles),
    }


def filmed(gan: Any) -> np.ndarray:
    """(frames, images, height, width, channels) of a few samples that go to the right and back."""
    styles = gan.mean_style + TRUNCATION * (gan.styles(SHOWN, seed=1) - gan.mean_style)
    places = FARTHEST * np.sin(2 * np.pi * np.arange(FRAMES) / FRAMES)
    generate = moving(gan)
    return np.stack([generate(styles, np.array([[1, 0, -place], [0, 1, 0], [0, 0, 1]])) for place in places])


def enlarged(images: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for each in pictures.to_uint8(images)]


def sheet(rows: list[list[Image.Image]]) -> Image.Image:
    whole = Image.new("RGB", (SIDE * len(rows[0]), SIDE * len(rows)), "white")
    for row, several in enumerate(rows):
        for column, picture in enumerate(several):
            whole.paste(picture, (SIDE * column, SIDE * row))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="entries, runs or files, one below the other")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/equivariance"), help="folder")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="images to measure; the paper takes 50,000")
    arguments = parser.parse_args()
    taken = []
    for name in arguments.models:
        gan = kerasgan.load(name)
        print(name, *(f"{score} {value:.2f} dB" for score, value in measured(gan, arguments.samples).items()), sep="  ")
        taken.append(filmed(gan))
    frames = [sheet([enlarged(film[frame]) for film in taken]) for frame in range(FRAMES)]
    films.save(frames, arguments.output / "equivariance.gif", fps=FPS)
    over_time = [film[:, :, film.shape[2] // 2].swapaxes(0, 1) for film in taken]  # images (images, frames, width, ...)
    pictures.save(sheet([enlarged(each) for each in over_time]), arguments.output / "equivariance.png")


if __name__ == "__main__":
    main()
