"""What the discriminator of pix2pix-openmoji is for: the same U-Net without it, trained on the absolute error alone.

    python benchmarks/unet.py --run runs/unet  # trains, or goes on; then measures and writes

Equal data, order, steps, optimizer and moving average. Measured on the held-out emoji. Writes experiment.json and
unet.png in zoo/pix2pix-openmoji, which the card shows; write the card after it.
"""

import argparse
from pathlib import Path
from typing import Any

import experiments
import keras
import numpy as np

from kerasgan import zoo
from kerasgan.evaluation import evaluate
from kerasgan.evaluation.pair_card import translation_scores
from kerasgan.files import pictures

ENTRY = "pix2pix-openmoji"
SHOWN = 12
COLUMNS = {
    "mean absolute error": ("mean_absolute_error", ".3f"),
    "PSNR": ("peak_signal_to_noise", ".2f"),
    "SSIM": ("structural_similarity", ".3f"),
    "sharpness": ("sharpness_ratio", ".2f"),
}


class LastStep(keras.callbacks.Callback):
    """Ends the training after so many steps in all, whatever an epoch has."""

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = int(self.model.optimizer.iterations) >= self.steps


def trained(recipe: zoo.Recipe, run: Path) -> Any:
    """The recipe's GAN, whose generator was trained without its discriminator, as far as the recipe's steps go."""
    keras.utils.set_random_seed(recipe.train["seed"])
    gan, source = zoo.build(recipe), zoo.source(recipe)
    kept = run / "unet.weights.h5"
    if not kept.is_file():
        settings, batch_size = gan.default_compile_args(), recipe.train["batch_size"]
        momentum = 0.5 ** (batch_size / recipe.train["ema_half_life"])
        optimizer = type(settings["generator_optimizer"]).from_config(
            {**settings["generator_optimizer"].get_config(), "use_ema": True, "ema_momentum": momentum}
        )
        gan.generator.compile(optimizer, "mean_absolute_error", jit_compile=False)
        steps = recipe.train["steps"]
        backup = keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False)
        epochs = -(-steps // len(source))
        gan.generator.fit(source, epochs=epochs, callbacks=[backup, LastStep(steps)], verbose=2)
        gan.generator.save_weights(kept)
    gan.generator.load_weights(kept)
    gan.ema_generator.set_weights(gan.generator.get_weights())
    return gan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("runs/unet"))
    arguments = parser.parse_args()
    recipe = zoo.recipe(ENTRY)
    gans = {"U-Net alone": trained(recipe, arguments.run), "with its discriminator": zoo.load(ENTRY)}
    (held_out,) = evaluate.held_out_pairs(recipe).values()
    inputs, targets = held_out.examples(held_out.count)
    rows, shown = [], np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    pictured = [np.repeat(inputs[shown], 3, axis=-1)]
    for name, gan in gans.items():
        scores, plain = translation_scores(gan, inputs, targets)
        rows += [] if rows else [row("the drawing as it is", plain)]
        rows.append(row(name, scores))
        pictured.append(gan.predict(inputs[shown]))
    pictured.append(targets[shown])
    folder = recipe.folder
    grid = np.concatenate(pictured)
    pictures.save(pictures.grid(grid, columns=SHOWN, scale=1), folder / "unet.png")
    text = (
        f"{len(targets)} held-out emoji; equal data, order, {recipe.train['steps']:,} steps, optimizer and moving "
        "average, one training each. Sharpness is relative to the true pictures'. The scores hardly differ, but the "
        "colors do: without a discriminator they are dull, means of those that are likely.\n\n"
        "![drawings, U-Net alone, with its discriminator, true colors](unet.png)"
    )
    experiments.save(
        folder,
        title="What the discriminator is for",
        columns=["", *COLUMNS],
        rows=rows,
        text=text,
        command="python benchmarks/unet.py",
    )


def row(name: str, scores: dict[str, np.ndarray]) -> list[str]:
    means = [(float(np.mean(scores[key])), form) for key, form in COLUMNS.values()]
    return [name, *(format(mean, form) if np.isfinite(mean) else "" for mean, form in means)]


if __name__ == "__main__":
    main()
