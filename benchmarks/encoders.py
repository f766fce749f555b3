"""What BiGAN's encoder finds: reconstructions, and the nearest training images by latents and by pixels.

    python benchmarks/encoders.py                 # a minute; of bigan-fashion-mnist as it is bundled
    python benchmarks/encoders.py --run runs/...  # of a run

Queries are the test images, neighbors among the training images. "Same class" is how often the nearest has the label of
the query (1605.09782, table 1). Writes experiment.json and comparison.png in the folder of the entry, which the card
shows; write the card after it.
"""

from typing import Any

import experiments
import numpy as np
from sklearn.neighbors import NearestNeighbors

from kerasgan import data, metrics, zoo
from kerasgan.data.sources import scaled
from kerasgan.files import pictures

ENTRY = "bigan-fashion-mnist"
NEAREST = 4
TITLES = "image, reconstruction, then the four nearest training images by latents, and the four nearest by pixels"


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def examples(labels: np.ndarray) -> np.ndarray:
    """The place of the first image of each class."""
    return np.array([np.flatnonzero(labels == each)[0] for each in np.unique(labels)])


def main() -> None:
    run = experiments.parser(__doc__).parse_args().run
    recipe = zoo.recipe(ENTRY)
    gan: Any = experiments.model(ENTRY, run)
    known, asked = (data.fashion_mnist(split=split, shuffle=False) for split in ("train", "test"))
    images, queries = scaled(known.images()), scaled(asked.images())
    spaces = {
        "latents": [gan.encode(each, batch_size=500) for each in (images, queries)],
        "pixels": [flat(each) for each in (images, queries)],
    }
    found = {
        name: NearestNeighbors(n_neighbors=NEAREST).fit(rows).kneighbors(points, return_distance=False)
        for name, (rows, points) in spaces.items()
    }
    table = [
        [f"by {name}", f"{np.mean(known.labels[places[:, 0]] == asked.labels):.1%}"] for name, places in found.items()
    ]
    made = gan.reconstruct(queries, batch_size=500)
    error = np.abs(made - queries).mean()
    other = np.abs(queries[np.random.default_rng(0).permutation(len(queries))] - queries).mean()
    rows = examples(asked.labels)
    shown = [queries[rows], made[rows], *(images[places[rows, k]] for places in found.values() for k in range(NEAREST))]
    grid = np.stack(shown, axis=1).reshape(-1, *queries.shape[1:])
    pictures.save(pictures.grid(grid, columns=len(shown)), recipe.folder / "comparison.png")
    distance = metrics.frechet_distance(*map(metrics.features.thumbnails, (made, queries)))
    experiments.save(
        recipe.folder,
        title="Reconstruction and retrieval",
        columns=["the nearest of 60,000 training images", "same class"],
        rows=table,
        text=(
            f"Of {len(queries):,} test images. A reconstruction differs from its image by {error:.3f} of [-1, 1] in "
            f"the mean, another test image by {other:.3f}; the Fréchet distance of all reconstructions in 8x8 "
            f"thumbnails is {distance:.2f}. Below, the first test image of each class.\n\n"
            f"![{TITLES}](comparison.png)\n\nColumns: {TITLES}."
        ),
        command="python benchmarks/encoders.py",
    )


if __name__ == "__main__":
    main()
