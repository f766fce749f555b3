"""Whether CoGAN's images of the same latents correspond: python benchmarks/coupled.py [--run runs/...]

Of each latent vector one image is made in each domain. Properties that sneakers and ankle boots share (how bright, how
even, how long) are measured of both, and their correlation over the pairs is stated, beside that of a conditional GAN
whose networks share everything but the label. Writes experiment.json and comparison.png in the folder of the entry,
which the card shows; write the card after it.
"""

from typing import Any

import experiments
import numpy as np

from kerasgan import zoo
from kerasgan.files import pictures

ENTRY, OTHER = "cogan-fashion-mnist", "conditional-dcgan-fashion-mnist"
SNEAKER, BOOT = 7, 9  # labels of Fashion-MNIST
PAIRS, SHOWN, LIT = 2000, 12, 0.2  # from 0, black, to 1


def pairs(gan: Any, labels: tuple[int, int], count: int) -> list[np.ndarray]:
    """Images in [0, 1] of the same latents with either label."""
    return [(gan.generate(labels=np.full(count, label), seed=1) + 1) / 2 for label in labels]


def brightness(images: np.ndarray) -> np.ndarray:
    """The mean of the lit pixels."""
    lit = images > LIT
    return (images * lit).sum(axis=(1, 2, 3)) / np.maximum(lit.sum(axis=(1, 2, 3)), 1)


def unevenness(images: np.ndarray) -> np.ndarray:
    """The mean absolute difference of neighbors in a row of which both are lit."""
    both = (images[:, :, 1:] > LIT) & (images[:, :, :-1] > LIT)
    steps = np.abs(np.diff(images, axis=2)) * both
    return steps.sum(axis=(1, 2, 3)) / np.maximum(both.sum(axis=(1, 2, 3)), 1)


def length(images: np.ndarray) -> np.ndarray:
    """How many columns have a lit pixel."""
    return (images > LIT).any(axis=(1, 3)).sum(axis=1)


PROPERTIES = {"brightness": brightness, "unevenness": unevenness, "length": length}


def correlation(first: np.ndarray, second: np.ndarray) -> str:
    """Pearson's, with half of the 95 % interval of Fisher's transformation where it is small."""
    found = float(np.corrcoef(first, second)[0, 1])
    return f"{found:.2f} ± {1.96 * (1 - found**2) / np.sqrt(len(first) - 3):.2f}"


def main() -> None:
    run = experiments.parser(__doc__).parse_args().run
    recipe = zoo.recipe(ENTRY)
    coupled = pairs(experiments.model(ENTRY, run), (0, 1), PAIRS)
    told = pairs(zoo.load(OTHER), (SNEAKER, BOOT), PAIRS)
    rows = np.concatenate([images[:SHOWN] for images in coupled]) * 2 - 1
    pictures.save(pictures.grid(rows, columns=SHOWN), recipe.folder / "comparison.png")
    experiments.save(
        recipe.folder,
        title="The same latents as a sneaker and as an ankle boot",
        columns=["correlation over the pairs of", ENTRY, OTHER],
        rows=[
            [name, *(correlation(*map(measure, images)) for images in (coupled, told))]
            for name, measure in PROPERTIES.items()
        ],
        text=(
            f"Of {PAIRS:,} latents. Brightness is the mean of the lit pixels, unevenness the mean difference of lit "
            "neighbors in a row, length the number of columns with a lit pixel; 0 is by chance. Intervals of 95 % over "
            "latents, of one training each. No pairs were trained on.\n\n"
            "![sneakers above, ankle boots of the same latents below](comparison.png)"
        ),
        command="python benchmarks/coupled.py",
    )


if __name__ == "__main__":
    main()
