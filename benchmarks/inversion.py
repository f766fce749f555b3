"""What each loss of DeePSiM brings, layer by layer: python benchmarks/inversion.py

Trains the model of zoo/deepsim-digits to invert several layers of the digits classifier with the loss on pixels alone,
with that on features too, and with all three; measures reconstructions of the digits that neither has seen, and writes
zoo/deepsim-digits/experiment.json and reconstructions.png, which `kerasgan evaluate` puts into the card.
"""

import argparse
import dataclasses
import time

import experiments
import keras
import numpy as np

from kerasgan import callbacks, data, metrics, zoo
from kerasgan.evaluation.pair_card import pair_card
from kerasgan.files import pictures
from kerasgan.training import train

ENTRY = "deepsim-digits"
LAYERS = ("features", "probabilities")
LOSSES = {
    "pixels": {"feature_weight": 0.0, "adversarial_weight": 0.0},
    "pixels, features": {"adversarial_weight": 0.0},
    "pixels, features, adversarial": {},
}
COLUMNS = ("layer", "losses", "PSNR in dB", "sharpness ratio", "feature error", "agreement", "read by neighbors")
STEPS = 600
SHOWN = 16


def trained(recipe: zoo.Recipe, **model) -> keras.Model:
    """The entry's model with other arguments, trained for the recipe's steps."""
    recipe = dataclasses.replace(recipe, model={**recipe.model, **model})
    keras.utils.set_random_seed(recipe.train["seed"])
    gan, source, steps = zoo.build(recipe), zoo.source(recipe), recipe.train["steps"]
    gan.fit(source, epochs=-(-steps // len(source)), callbacks=[callbacks.StopAfter(steps=steps)], verbose=0)
    return gan


def halving(recipe: zoo.Recipe, steps: int) -> zoo.Recipe:
    """The recipe with another number of steps; both learning rates fall in the second half, as in the original."""
    optimizers = ("generator_optimizer", "discriminator_optimizer")
    settings = {optimizer: dict(recipe.train[optimizer]) for optimizer in optimizers}
    for optimizer in settings.values():
        decay = {"constant_steps": steps - steps // 2, "decay_steps": steps // 2}
        optimizer["learning_rate"] = {**optimizer["learning_rate"], **decay}
    return train.override(recipe, steps=steps, **settings)


def row(layer: str, losses: str, gan: keras.Model, test: data.Source) -> list[str]:
    scores = pair_card(gan, {"test": data.derive_pairs(test, "unchanged")}).content["scores"]
    names = ("peak_signal_to_noise", "sharpness_ratio", "feature_error")
    cells = [f"{scores[name]['mean']:.{digits}f}" for name, digits in zip(names, (1, 2, 3))]
    read = metrics.digit_scores(gan.predict(test.images()), test.labels)["label_accuracy"]
    return [layer, losses, *cells, f"{scores['agreement']['mean']:.1%}", f"{read:.1%}"]


def experiment(rows: list[list[str]], steps: int, test: data.Source) -> dict:
    """The content of the card: title, command, columns, rows, text."""
    read = metrics.digit_scores(test.images().astype("float32") / 127.5 - 1, test.labels)["label_accuracy"]
    return {
        "title": "What each loss brings, layer by layer",
        "command": "python benchmarks/inversion.py",
        "columns": list(COLUMNS),
        "rows": rows,
        "text": f"{steps:,} steps each, of the {test.count} held-out digits. Feature error: distance in the inverted "
        "layer, relative to the length of the image's features. Agreement: the classifier that is inverted gives the "
        "reconstruction the class of the image. Read by neighbors: the three nearest of all real digits, pixel by "
        f"pixel, have the digit's label (of the images themselves {read:.1%}). Sharpness ratio: total variation, "
        "relative to the image's; it counts grain as well as edges."
        "\n\n![reconstructions](reconstructions.png)\n\nAbove the digits; below them, in the "
        "order of the table, their reconstructions.",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps", type=int, default=STEPS, help=f"of each training; with others than {STEPS} nothing is written"
    )
    arguments = parser.parse_args()
    recipe = halving(zoo.recipe(ENTRY), arguments.steps)
    test = data.digits(image_size=recipe.model["image_size"], split="test")
    shown = test.images()[np.linspace(0, test.count - 1, SHOWN).astype(int)]
    rows, images = [], [shown.astype("float32") / 127.5 - 1]
    for layer in LAYERS:
        for losses, weights in LOSSES.items():
            start = time.monotonic()
            gan = trained(recipe, layer=layer, **weights)
            rows.append(row(layer, losses, gan, test))
            images.append(gan.predict(shown))
            print(" | ".join(rows[-1]), f"{time.monotonic() - start:.0f} s", flush=True)
    found = experiment(rows, arguments.steps, test)
    if arguments.steps == STEPS:
        experiments.save(recipe.folder, **found)
        pictures.save(pictures.grid(np.concatenate(images), columns=SHOWN), recipe.folder / "reconstructions.png")


if __name__ == "__main__":
    main()
