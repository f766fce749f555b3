"""How much the outputs of one input differ: python benchmarks/colorings.py [--lpips]

Of each held-out line drawing BicycleGAN makes several colorings. Their mean distance is compared with that of the true
colors of different emoji, and the nearest of them with the truth, beside the one of latents of zeros. Distances are
those of 8x8 thumbnails, or LPIPS where its published weights are. Writes zoo/bicyclegan-openmoji/experiment.json and
variations.png, which the card shows; write the card after it.
"""

import itertools
from collections.abc import Callable
from typing import Any

import experiments
import numpy as np

from kerasgan import zoo
from kerasgan.checkpoints import lpips
from kerasgan.evaluation import evaluate
from kerasgan.files import pictures
from kerasgan.metrics.features import thumbnails

ENTRY = "bicyclegan-openmoji"
SHOWN, COLUMNS = 8, 6


def of_thumbnails(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The root of the mean squared difference of 8x8 thumbnails in [-1, 1], one number for each pair of images."""
    return np.sqrt(np.mean((thumbnails(first) - thumbnails(second)) ** 2, axis=1))


def mean_distance(distance: Callable, several: np.ndarray) -> float:
    """Over the pairs of outputs (count, inputs, height, width, channels) of the same input."""
    return float(np.mean([distance(one, other) for one, other in itertools.combinations(several, 2)]))


def experiment(gan: Any, inputs: np.ndarray, targets: np.ndarray, several: np.ndarray, distances: dict) -> dict:
    """The content of the card: title, columns, rows, text, command."""
    errors = np.abs(several - targets).mean(axis=(2, 3, 4))
    middle = np.abs(gan.predict(inputs) - targets).mean()
    shuffled = np.random.default_rng(0).permutation(len(targets))
    rows = [
        [name, f"{mean_distance(distance, several):.3f}", f"{np.mean(distance(targets, targets[shuffled])):.3f}"]
        for name, distance in distances.items()
    ]
    text = (
        f"{len(several)} colorings of each of {len(targets)} held-out drawings. Mean absolute error to the truth: "
        f"{middle:.3f} of latents of zeros, {errors.mean():.3f} of random ones, {errors.min(axis=0).mean():.3f} of the "
        f"nearest of {len(several)}.\n\n![drawing, colorings, truth](variations.png)"
    )
    return {
        "title": "Several colorings of one drawing",
        "columns": ["distance", "of colorings of one drawing", "of the true colors of two emoji"],
        "rows": rows,
        "text": text,
        "command": "python benchmarks/colorings.py",
    }


def main() -> None:
    parser = experiments.parser(__doc__)
    parser.add_argument("--count", type=int, default=10, help="colorings of each drawing")
    parser.add_argument("--lpips", action="store_true", help="download LPIPS' weights and measure it too")
    arguments = parser.parse_args()
    recipe = zoo.recipe(ENTRY)
    gan = experiments.model(ENTRY, arguments.run)
    (held_out,) = evaluate.held_out_pairs(recipe).values()
    inputs, targets = held_out.examples(held_out.count)
    several = gan.variations(inputs, arguments.count, seed=0)
    distances: dict[str, Callable] = {"8x8 thumbnails": of_thumbnails}
    if arguments.lpips:
        distances["LPIPS"] = lpips.load()
    found = experiment(gan, inputs, targets, several, distances)
    chosen = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    shown = [np.repeat(inputs[chosen], 3, axis=-1), *several[:COLUMNS, chosen], targets[chosen]]
    grid = np.stack(shown, axis=1).reshape(-1, *shown[0].shape[1:])
    pictures.save(pictures.grid(grid, columns=len(shown)), recipe.folder / "variations.png")
    experiments.save(recipe.folder, **found)


if __name__ == "__main__":
    main()
