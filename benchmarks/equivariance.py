"""Measures whether details move with the image or stick to its pixels, and films both: StyleGAN3 and StyleGAN2.

    python benchmarks/equivariance.py                        # of the bundled entries
    python benchmarks/equivariance.py runs/one other.pkl -o runs/film

Prints EQ-T, EQ-T_frac and EQ-R (2106.12423, table 1), and writes equivariance.gif, in which the inputs of all models
move slowly to the right and back, and equivariance.png: one row of pixels of each over this time. What moves smoothly
draws slanted lines there; what sticks to the pixels, steps and streaks. StyleGAN3 has an input that can be moved. Of
StyleGAN2 the learned constant is moved, interpolated linearly; its noise stays, as in its training. Of the bundled
entries the card of StyleGAN3's shows all of it; write the card after it.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import experiments
import numpy as np
from keras import ops
from PIL import Image
from scipy import ndimage

import kerasgan
from kerasgan import metrics, zoo
from kerasgan.files import films, pictures

ENTRIES = ["stylegan3-emoji-faces", "stylegan2-emoji-faces"]
FRAMES, FPS, FARTHEST = 48, 12, 0.125
SAMPLES, SHOWN, SIDE = 32, 4, 96
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
    parser.add_argument("models", nargs="*", default=ENTRIES, help="entries, runs or files, one below the other")
    parser.add_argument("-o", "--output", type=Path, help="folder; by default that of the first entry")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="images to measure; the paper takes 50,000")
    arguments = parser.parse_args()
    folder = arguments.output or zoo.recipe(ENTRIES[0]).folder
    taken, rows = [], []
    for name in arguments.models:
        gan = kerasgan.load(name)
        scores = measured(gan, arguments.samples)
        rows.append([name, *(f"{value:.1f}" for value in scores.values())])
        print(name, *(f"{score} {value:.2f} dB" for score, value in scores.items()), sep="  ", flush=True)
        taken.append(filmed(gan))
    frames = [sheet([enlarged(film[frame]) for film in taken]) for frame in range(FRAMES)]
    films.save(frames, folder / "equivariance.gif", fps=FPS)
    # pictures (images, frames, width, channels) of one row of pixels over time
    over_time = [film[:, :, 2 * film.shape[2] // 5].swapaxes(0, 1) for film in taken]
    pictures.save(sheet([enlarged(each) for each in over_time]), folder / "equivariance.png")
    if arguments.models == ENTRIES and arguments.output is None:
        experiments.save(
            folder,
            title="Does the image move with its input?",
            columns=["in dB", *scores],
            rows=rows,
            text=(
                f"Of {arguments.samples} images: the peak signal-to-noise ratio of moved images and images of moved "
                "inputs, for whole pixels, for fractions of them, and for rotations (2106.12423, appendix E). Of "
                "StyleGAN2, which has no such input, the learned constant is moved.\n\n"
                "![StyleGAN3 above, StyleGAN2 below, while their inputs move to the right and back](equivariance.gif)"
                "\n\nA row of pixels of each, at the height of the eyes, over this time, from above to below: what "
                "moves with the image draws waves, what sticks to the pixels is straight.\n\n"
                "![one row of pixels over time](equivariance.png)"
            ),
            command="python benchmarks/equivariance.py",
        )


if __name__ == "__main__":
    main()
