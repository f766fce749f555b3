"""Classes found without labels: the code of an InfoGAN, a mixture and a tree on Fashion-MNIST, and their purity.

    python benchmarks/structured_latents.py --train mixture tree   # trains, or resumes, in runs/ENTRY
    python benchmarks/structured_latents.py                        # writes results/structured_latents*; of the
                                                                   # bundled entry where there is no run

Purity is the share of images that have the commonest class of their cluster. Samples: 50 of each component or leaf,
whose classes the bundled classifier of Fashion-MNIST (kerasgan.metrics.classifiers) names; five draws. Test images: all
10,000 with their labels, in the cluster that the code's head reads; beside it k-means with as many clusters on the
pixels of the training images, from five seeds, and a random partition. "Together" is how much of a class lies in one
cluster, on average over the ten classes. "Variety" is the variance of the samples within a cluster by that of the test
images within a class. Numbers are means, with the lowest and the highest. No label is used in training.
"""

import argparse
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import experiments
import numpy as np
from fashion import entry
from PIL import Image

from kerasgan import data, zoo
from kerasgan.files import pictures
from kerasgan.metrics.classifiers import classifier_features

RESULTS = Path(__file__).parent / "results"
MODELS = {"categories": "infogan", "mixture": "infogan-mixture", "tree": "infogan-tree"}
PER_COMPONENT, SEEDS, COLUMNS = 50, range(5), 12


class Found(NamedTuple):
    """Clusters of one model at one level: how many, and what is measured, a number for each seed."""

    title: str
    clusters: int
    samples: list[float]
    variety: list[float]
    images: list[float]
    together: list[float]


def purity(clusters: np.ndarray, labels: np.ndarray) -> float:
    """The share of images that have the commonest label of their cluster."""
    return sum(int(np.bincount(labels[clusters == each]).max()) for each in np.unique(clusters)) / len(labels)


def together(clusters: np.ndarray, labels: np.ndarray) -> float:
    """The largest share of a class in one cluster, averaged over the classes."""
    classes = np.unique(labels)
    return float(np.mean([np.bincount(clusters[labels == each]).max() / np.sum(labels == each) for each in classes]))


def within(images: np.ndarray, clusters: np.ndarray) -> float:
    """The variance of a pixel in [-1, 1] within a cluster, averaged over pixels and clusters."""
    return float(np.mean([images[clusters == each].var(axis=0).mean() for each in np.unique(clusters)]))


def classes_of(images: np.ndarray) -> np.ndarray:
    return classifier_features("fashion", "probabilities")(images).argmax(axis=1)


def levels(prior: Any, shares: np.ndarray) -> list[np.ndarray]:
    """The cluster of each row at each level of the code."""
    return [np.asarray(each).argmax(axis=1) for each in prior.levels(shares)]


def measured(name: str, runs: Path, test: data.Source) -> Iterator[Found]:
    """The levels of a trained model, coarse ones first; writes the picture of a mixture or a tree."""
    run = runs / entry(MODELS[name])
    bundled = not (run / "gan.keras").is_file()
    gan = zoo.load(run.name) if bundled else zoo.load(run / "recipe.toml", weights=run / "gan.keras")
    code, (prior, _) = next((code, found) for code, found in gan.prior.codes.items() if found[0].num_components)
    count = prior.num_components
    chosen = np.tile(np.arange(count), PER_COMPONENT)
    drawn = [gan.generate(len(chosen), codes={code: chosen}, seed=seed) for seed in SEEDS]
    classes = [classes_of(images) for images in drawn]
    if name != "categories":
        draw(name, prior, drawn[0], classes, test.class_names)
    at_samples, at_images = levels(prior, np.eye(count, dtype="float32")[chosen]), gan.codes(test.images())[code]
    for level, (samples, images) in enumerate(zip(at_samples, levels(prior, at_images)), start=1):
        title = f"`{entry(MODELS[name])}`" + (f", level {level}" if len(at_samples) > 1 else "")
        rates = purity(images, test.labels), together(images, test.labels)
        number, real = int(samples.max()) + 1, within(test.images() / np.float32(127.5) - 1, test.labels)
        pure = [purity(samples, each) for each in classes]
        yield Found(title, number, pure, [within(each, samples) / real for each in drawn], *([rate] for rate in rates))


def draw(name: str, prior: Any, images: np.ndarray, classes: list[np.ndarray], names: list[str]) -> None:
    """A row for each component, a column for each noise; the leaves of a branch stand together."""
    count = prior.num_components
    counted = np.stack(
        [np.bincount(np.ravel([each[index::count] for each in classes]), minlength=10) for index in range(count)]
    )
    commonest, share = counted.argmax(axis=1), counted.max(axis=1) / counted.sum(axis=1)
    tree = hasattr(prior, "path")
    order = np.arange(count) if tree else np.lexsort((-share, commonest))
    titles = ["-".join(str(step + 1) for step in prior.path(index)) + " " if tree else "" for index in order]
    rows = [f"{title}{names[commonest[index]]} {share[index]:.0%}" for title, index in zip(titles, order)]
    sheet = images.reshape(PER_COMPONENT, count, *images.shape[1:])[:COLUMNS].swapaxes(0, 1)[order]
    picture = pictures.labeled(pictures.grid(sheet.reshape(-1, *images.shape[1:]), columns=COLUMNS, scale=1), rows=rows)
    if tree:
        picture = parted(picture, count // prior.branching[0], count)
    picture.save(RESULTS / f"structured_latents-{name}.png", optimize=True)


def parted(picture: Any, each: int, count: int, gap: int = 8) -> Any:
    """The picture with a gap after the rows of each branch."""
    pixels = np.asarray(picture)
    bands = np.array_split(pixels[: pixels.shape[0] // count * count], count // each)
    blank = np.full((gap, pixels.shape[1], *pixels.shape[2:]), pixels[0, 0], pixels.dtype)
    return Image.fromarray(np.concatenate([part for band in bands for part in (band, blank)][:-1]))


def baselines(clusters: int, training: np.ndarray, test: data.Source) -> Iterator[Found]:
    from sklearn.cluster import MiniBatchKMeans

    rows, found = test.images().reshape(len(test.labels), -1) / np.float32(255), []
    for seed in SEEDS:
        fitted = MiniBatchKMeans(clusters, batch_size=4096, n_init=1, random_state=seed).fit(training)
        found.append(fitted.predict(rows))
    at_random = [np.random.default_rng(seed).integers(clusters, size=len(rows)) for seed in SEEDS]
    for title, several in (("k-means", found), ("random partition", at_random)):
        rates = [[measure(each, test.labels) for each in several] for measure in (purity, together)]
        yield Found(title, clusters, [], [], *rates)


def told(values: list[float]) -> str:
    if not values:
        return ""
    spread = f" ({min(values):.1%} to {max(values):.1%})" if len(values) > 1 else ""
    return f"{np.mean(values):.1%}{spread}"


def report(runs: Path) -> str:
    test = data.fashion_mnist(split="test", shuffle=False)
    training = data.fashion_mnist(shuffle=False).images().reshape(60_000, -1) / np.float32(255)
    trained = [
        name
        for name, prefix in MODELS.items()
        if (runs / entry(prefix) / "gan.keras").is_file() or zoo.recipe(entry(prefix)).bundled
    ]
    found = [each for name in trained for each in measured(name, runs, test)]
    found += [
        each for clusters in sorted({each.clusters for each in found}) for each in baselines(clusters, training, test)
    ]
    columns = [
        "",
        "clusters",
        "purity of samples",
        "variety of samples",
        "purity of test images",
        "classes together, test images",
    ]
    cells = [
        [each.title, str(each.clusters), *map(told, each[2:])] for each in sorted(found, key=lambda each: each.clusters)
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *cells])
    introduction = f"Written by `python benchmarks/structured_latents.py`. {__doc__.rpartition(chr(10) * 2)[2]}"
    return f"# Structured latents\n\n{textwrap.fill(introduction, 120)}\n\n<!-- table -->\n\n{table}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", nargs="+", choices=MODELS, default=[])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    arguments = parser.parse_args()
    for name in arguments.train:
        experiments.train(entry(MODELS[name]), arguments.runs / entry(MODELS[name]), "--doctor", "off")
    if not arguments.train:
        (RESULTS / "structured_latents.md").write_text(text := report(arguments.runs), encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
