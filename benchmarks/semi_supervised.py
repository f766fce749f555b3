"""Few labels: the semi-supervised GAN's classifier against the same network trained on the labeled images alone.

    python benchmarks/semi_supervised.py                         # five seeds; writes zoo/ssgan-digits/experiment.json
    python benchmarks/semi_supervised.py --kept runs/seeds.json  # the same; goes on from the seeds that the file keeps
    python benchmarks/semi_supervised.py --entry ssgan-fashion-mnist --labels-per-class 10 100

Both arms have the same labeled images (drawn by the seed), network, noise, initialization from data, optimizer and
number of steps, and see as many labeled images per step. The GAN also sees the other training images, without labels.
The test set is what the recipe holds out. Neither arm is trained on it, and nothing is chosen by it except in one
column: there the supervised network stops at the best of many points according to the test set, which is impossible in
practice.
"""

import argparse
import dataclasses
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import experiments
import keras
import numpy as np

from kerasgan import callbacks, data, zoo
from kerasgan.layers import fit_layers
from kerasgan.training import train

SEEDS = (0, 1, 2, 3, 4)
CHECKS = 20  # stopping points of the supervised network
COLUMNS = [
    "labels",
    "seed",
    "labels alone",
    "labels alone, best stop on the test set",
    "semi-supervised GAN",
    "errors fewer by",
]


def semi_supervised(recipe: zoo.Recipe, seed: int, test: data.Source) -> float:
    """Test error of the entry's GAN trained as its recipe says, with another seed."""
    keras.utils.set_random_seed(seed)
    gan = zoo.build(recipe)
    source = zoo.source(recipe, seed=seed)
    steps = recipe.train["steps"]
    gan.fit(source, epochs=-(-steps // len(source)), callbacks=[callbacks.StopAfter(steps=steps)], verbose=0)
    return gan.family_scores(test.images(), test.labels)["classification_error"]


def supervised(recipe: zoo.Recipe, seed: int, test: data.Source) -> list[float]:
    """Test errors, at CHECKS steps, of the entry's discriminator trained on the labeled images alone."""
    keras.utils.set_random_seed(seed)
    gan = zoo.build(recipe)
    source = zoo.source(recipe, seed=seed)
    known = source.labels >= 0
    per_step = recipe.train["batch_size"] // 2
    labeled = data.arrays(source.images()[known], source.labels[known], batch_size=per_step, seed=seed)
    fit_layers(gan.discriminator, data.first_images(labeled, len(source.labels)))
    classifier = keras.Model(gan.discriminator.input, gan.discriminator.outputs[0])
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = gan.optimizer.discriminator
    classifier.compile(optimizer.from_config(optimizer.get_config()), entropy)
    again, errors = endless(labeled), []
    for _ in range(CHECKS):
        classifier.fit(again, steps_per_epoch=recipe.train["steps"] // CHECKS, verbose=0)
        errors.append(gan.family_scores(test.images(), test.labels)["classification_error"])
    return errors


def endless(source: data.Source) -> Iterator[Any]:
    """The batches of one epoch after the other, each in an order of its own."""
    for epoch in itertools.count():
        source.epoch = epoch
        yield from (source[index] for index in range(len(source)))


def test_images(recipe: zoo.Recipe) -> data.Source:
    """The images that the recipe holds out, with all their labels."""
    settings = dict(recipe.source.held_out_settings(recipe.data)["test"])
    settings.pop("labels_per_class")
    return zoo.source(dataclasses.replace(recipe, data=settings))


def with_labels(recipe: zoo.Recipe, labels_per_class: int) -> zoo.Recipe:
    return dataclasses.replace(recipe, data={**recipe.data, "labels_per_class": labels_per_class})


def rows(labels: int, results: dict[str, tuple[list[float], float]]) -> list[list[str]]:
    """The rows of a number of labels: one for each seed, then their mean."""
    columns = [
        np.array([errors[-1] for errors, _ in results.values()]),
        np.array([min(errors) for errors, _ in results.values()]),
        np.array([error for _, error in results.values()]),
    ]
    found = [
        [
            str(labels),
            seed,
            *(f"{column[index]:.1%}" for column in columns),
            fewer(columns[2][index], columns[0][index]),
        ]
        for index, seed in enumerate(results)
    ]
    summary = [f"{column.mean():.1%} ± {column.std(ddof=1):.1%}" for column in columns]
    found.append([str(labels), "mean ± deviation", *summary, fewer(columns[2].mean(), columns[0].mean())])
    return found


def fewer(error: float, reference: float) -> str:
    return f"{1 - error / reference:.0%}"


def experiment(recipe: zoo.Recipe, table: list[list[str]], command: str, test: int) -> dict[str, Any]:
    """The content of the card: title, command, columns, rows, text."""
    return {
        "title": "Test error with few labels, with and without unlabeled images",
        "command": command,
        "columns": COLUMNS,
        "rows": table,
        "text": f"The same network, noise, optimizer and {recipe.train['steps']:,} steps in both arms; the labeled "
        f"images are drawn again for each seed. Error on {test:,} test images, which neither arm is trained on; to "
        f"stop at the best on the test set is not possible in practice.",
    }


def read_kept(path: Path | None) -> dict[str, tuple[list[float], float]]:
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entry", default="ssgan-digits")
    parser.add_argument("--labels-per-class", type=int, nargs="+", help="instead of the recipe's number")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--steps", type=int, help="instead of the recipe's; nothing is written then")
    parser.add_argument("--kept", type=Path, help="a file of finished seeds, read and written; of one recipe only")
    arguments = parser.parse_args()
    recipe = zoo.recipe(arguments.entry)
    if arguments.steps:
        recipe = train.override(recipe, steps=arguments.steps)
    chosen = arguments.labels_per_class or [recipe.data["labels_per_class"]]
    test, kept, table = test_images(recipe), read_kept(arguments.kept), []
    for each in chosen:
        labels = each * recipe.model["num_classes"]
        results = {
            str(seed): measured(with_labels(recipe, each), seed, test, kept, arguments.kept) for seed in arguments.seeds
        }
        table += rows(labels, results)
    options = f" --entry {arguments.entry}" if arguments.entry != parser.get_default("entry") else ""
    options += f" --labels-per-class {' '.join(map(str, chosen))}" if arguments.labels_per_class else ""
    found = experiment(recipe, table, f"python benchmarks/semi_supervised.py{options}", test.count)
    if not arguments.steps and arguments.seeds == list(SEEDS):
        experiments.save(recipe.folder, **found)
    else:
        print("\n".join(" | ".join(cells) for cells in [found["columns"], *found["rows"]]))


def measured(
    recipe: zoo.Recipe, seed: int, test: data.Source, kept: dict, path: Path | None
) -> tuple[list[float], float]:
    """Test errors of both arms, kept in the file `path`."""
    key = f"{recipe.data['labels_per_class']} labels a class, seed {seed}"
    if key not in kept:
        start = time.monotonic()
        kept[key] = supervised(recipe, seed, test), semi_supervised(recipe, seed, test)
        if path:
            path.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        print(f"{key}: {time.monotonic() - start:.0f} s", flush=True)
    return kept[key]


if __name__ == "__main__":
    main()
