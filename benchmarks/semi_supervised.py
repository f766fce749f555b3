"""Few labels: the semi-supervised GAN's classifier against the same network trained on the labeled digits alone.

    python benchmarks/semi_supervised.py                         # five seeds; writes zoo/ssgan-digits/experiment.json
    python benchmarks/semi_supervised.py --kept runs/seeds.json  # the same; goes on from the seeds that the file keeps

Both arms have the same labeled digits (drawn by the seed), network, noise, initialization from data, optimizer and
number of steps, and see as many labeled digits per step. The GAN also sees the training digits without labels. The
last third of the digits is the test set. Neither arm is trained on it, and nothing is chosen by it except in one
column: there the supervised network stops at the best of many points according to the test set, which is impossible in
practice.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasgan import callbacks, data, zoo
from kerasgan.layers import fit_layers
from kerasgan.training import train

ENTRY = "ssgan-digits"
SEEDS = (0, 1, 2, 3, 4)
CHECKS = 20  # stopping points of the supervised network
COLUMNS = ["seed", "labels alone", "labels alone, best stop on the test set", "semi-supervised GAN", "errors fewer by"]


def semi_supervised(recipe: zoo.Recipe, seed: int, test: data.Source) -> float:
    """Test error of the entry's GAN trained as its recipe says, with another seed."""
    keras.utils.set_random_seed(seed)
    gan = zoo.build(recipe)
    source = zoo.source(recipe, seed=seed)
    steps = recipe.train["steps"]
    gan.fit(source, epochs=-(-steps // len(source)), callbacks=[callbacks.StopAfter(steps=steps)], verbose=0)
    return gan.family_scores(test.images(), test.labels)["classification_error"]


def supervised(recipe: zoo.Recipe, seed: int, test: data.Source) -> list[float]:
    """Test errors, at CHECKS steps, of the entry's discriminator trained on the labeled digits alone."""
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


def row(name: str, errors: list[str], ratio: float) -> list[str]:
    return [name, *errors, f"{ratio:.0%}"]


def experiment(recipe: zoo.Recipe, results: list[tuple[list[float], float]], seeds: list[int]) -> dict:
    """The content of the card: title, command, columns, rows, text."""
    alone, best = np.array([errors[-1] for errors, _ in results]), np.array([min(errors) for errors, _ in results])
    with_gan = np.array([error for _, error in results])
    columns = [alone, best, with_gan]
    rows = [
        row(str(seed), [f"{column[index]:.1%}" for column in columns], 1 - with_gan[index] / alone[index])
        for index, seed in enumerate(seeds)
    ]
    summary = [f"{column.mean():.1%} ± {column.std(ddof=1):.1%}" for column in columns]
    rows.append(row("mean ± deviation", summary, 1 - with_gan.mean() / alone.mean()))
    labels = recipe.data["labels_per_class"] * 10
    test = data.digits(image_size=8, split="test").count
    return {
        "title": f"Test error with {labels} labels, with and without unlabeled digits",
        "command": "python benchmarks/semi_supervised.py",
        "columns": COLUMNS,
        "rows": rows,
        "text": f"The same network, noise, optimizer and {recipe.train['steps']:,} steps in both arms; the {labels} "
        f"labeled digits are drawn again for each seed. Error on the last {test} of the 1,797 digits, which neither "
        f"arm is trained on. "
        f"Against the supervised network stopped at its best on the test set, which is not possible in practice, "
        f"the errors are fewer by {1 - with_gan.mean() / best.mean():.0%}. Deviations are of {len(seeds)} seeds.",
    }


def read_kept(path: Path | None) -> dict[str, tuple[list[float], float]]:
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--steps", type=int, help="instead of the recipe's; nothing is written then")
    parser.add_argument("--kept", type=Path, help="a file of finished seeds, read and written; of one recipe only")
    arguments = parser.parse_args()
    recipe = zoo.recipe(ENTRY)
    if arguments.steps:
        recipe = train.override(recipe, steps=arguments.steps)
    test = data.digits(image_size=recipe.model["image_size"], split="test")
    kept = read_kept(arguments.kept)
    for seed in map(str, arguments.seeds):
        if seed not in kept:
            start = time.monotonic()
            kept[seed] = supervised(recipe, int(seed), test), semi_supervised(recipe, int(seed), test)
            if arguments.kept:
                arguments.kept.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            print(f"seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
        alone, with_gan = kept[seed]
        print(f"seed {seed}: {alone[-1]:.1%} alone, {min(alone):.1%} at best, {with_gan:.1%} with the GAN", flush=True)
    results = [kept[str(seed)] for seed in arguments.seeds]
    found = experiment(recipe, results, arguments.seeds)
    print("\n".join(" | ".join(cells) for cells in [found["columns"], *found["rows"]]), found["text"], sep="\n")
    if not arguments.steps and arguments.seeds == list(SEEDS):
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        Path(recipe.folder / "experiment.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
