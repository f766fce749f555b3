"""Three families for few images, trained on emoji for equal processor time: one table, and their samples.

    python benchmarks/emoji.py --minutes 12 --family FastGAN    # trains, or goes on; then measures and writes
    python benchmarks/emoji.py --minutes 12 --family none       # measures what there is

Writes benchmarks/results/emoji.md and emoji.png. Each family trains on the 64-pixel emoji that are not held out, in
batches of 16 with DiffAugment, in runs/emoji/FAMILY; the time is the process's own on all its threads, without the
first steps of each start, in which the step is compiled. The Frechet distance to held-out emoji is taken in the
features of a classifier of the nine categories, which is trained here on the same training images.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasgan import callbacks, data, metrics, models, zoo
from kerasgan.callbacks.base import StepCallback
from kerasgan.files import pictures

RESULTS = Path(__file__).parent / "results"
SIZE, BATCH, WARMING = 64, 16, 20
SAMPLES, SEED = 1000, 1


def adam(rate: float, **options: Any) -> dict[str, Any]:
    def make() -> Any:
        return keras.optimizers.Adam(rate, **{"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8, **options})

    return {"generator_optimizer": make(), "discriminator_optimizer": make()}


def made(family: str) -> Any:
    """The compiled model; constant rates, for the number of steps is not known."""
    entry = zoo.recipe({"StyleGAN2": "stylegan2-emoji-faces"}.get(family, "fastgan-emoji"))
    penalties = [{"name": name, "weight": 2.0, "interval": 4} for name in ("r1", "r2")]
    shared: dict[str, Any] = {"augment": "diff_augment", "ema_half_life": 5000}
    relativistic = {**shared, "objective": "relativistic", "penalties": penalties}
    if family == "R3GAN":
        gan = models.R3GAN(image_size=SIZE, latent_dim=64, widths=(96, 96, 64, 32, 16), blocks=1, group_width=16)
        gan.compile(**relativistic, **adam(1e-3))
        return gan
    gan = getattr(models, family)(**entry.model)
    if family == "StyleGAN2":
        gan.compile(**relativistic, **adam(4e-3))
    else:
        gan.compile(**shared, objective="hinge", reuse_fakes=True, **adam(5e-4, beta_1=0.5, beta_2=0.999))
    return gan


FAMILIES = ("StyleGAN2", "R3GAN", "FastGAN")


class Budget(StepCallback):
    """Ends the training after minutes of this process's time; what earlier processes have spent is in a file."""

    def __init__(self, path: Path, minutes: float):
        super().__init__(every=10)
        self.path, self.minutes = path, minutes

    def begin(self, step: int) -> None:
        kept = json.loads(self.path.read_text()) if self.path.is_file() else {}
        self.before = {int(each): spent for each, spent in kept.items()}
        self.offset, self.started = self.before.get(step, 0.0), None

    def act(self, step: int) -> None:
        if self.started is None:
            if step and (self.offset or step >= WARMING):
                self.started = time.process_time()
            return
        spent = self.offset + (time.process_time() - self.started) / 60
        self.before[step] = spent
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.before))
        if spent >= self.minutes:
            self.gan.stop_training = True


def trained(family: str, run: Path, minutes: float) -> tuple[Any, int, float]:
    """The model, its steps and the minutes that they took; trained as far as the minutes allow, from where it was."""
    path = run / "spent.json"
    if minutes:
        keras.utils.set_random_seed(0)
        gan, source = made(family), data.emoji(image_size=SIZE, batch_size=BATCH)
        watching = [
            Budget(path, minutes),
            callbacks.SampleGrid(run / "samples", every=100, count=64),
            callbacks.Checkpoint(run / "checkpoints", every=50),
        ]
        gan.fit(source, epochs=10_000, verbose=0, callbacks=watching)
    newest = callbacks.Checkpoint.newest(run / "checkpoints")
    gan = keras.saving.load_model(newest)
    steps = gan.optimizer.steps
    spent = {int(each): value for each, value in json.loads(path.read_text()).items()}
    return gan, steps, spent[max(each for each in spent if each <= steps)]


def classifier(path: Path) -> tuple[Any, float]:
    """Images (batch, 64, 64, 3) to features (batch, 64), and its held-out accuracy; kept once it is trained."""
    train, test = (data.emoji(image_size=SIZE, split=split) for split in ("train", "test"))
    images = keras.Input((SIZE, SIZE, 3))
    x = images
    for width in (16, 32, 64, 64):
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
        x = keras.layers.AveragePooling2D(2)(x)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    network = keras.Model(images, keras.layers.Dense(len(train.label_names))(features))
    if path.is_file():
        network.load_weights(path)
    else:
        keras.utils.set_random_seed(0)
        seen = keras.Input((SIZE, SIZE, 3))
        moved = keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant", fill_value=1.0)(seen)
        trainer = keras.Model(seen, network(keras.layers.GaussianNoise(0.1)(moved)))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        trainer.compile(keras.optimizers.AdamW(2e-3), loss)
        trainer.fit(scaled(train.images()), train.labels, batch_size=64, epochs=20, verbose=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        network.save_weights(path)
    found = network.predict(scaled(test.images()), verbose=0).argmax(axis=1)
    return keras.Model(images, features), float(np.mean(found == test.labels))


def scaled(images: np.ndarray) -> np.ndarray:
    return images.astype("float32") / 127.5 - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=12.0, help="of processor time, for each family")
    parser.add_argument("--family", action="append", choices=[*FAMILIES, "none"], help="train these alone")
    parser.add_argument("--runs", type=Path, default=Path("runs/emoji"))
    arguments = parser.parse_args()
    chosen = arguments.family or FAMILIES
    for family in FAMILIES:
        if family in chosen:
            trained(family, arguments.runs / family, arguments.minutes)
    report(arguments.runs)


def report(runs: Path) -> None:
    network, accuracy = classifier(runs / "classifier.weights.h5")

    def distance(images: np.ndarray) -> float:
        return metrics.frechet_distance(network.predict(images, verbose=0), held_out)

    train, test = (scaled(data.emoji(image_size=SIZE, split=split).images()) for split in ("train", "test"))
    held_out = network.predict(test, verbose=0)
    rows = [f"| training images | | | {distance(train):.3f} |"]
    shown = []
    for family in FAMILIES:
        if callbacks.Checkpoint.newest(runs / family / "checkpoints") is None:
            continue
        gan, steps, minutes = trained(family, runs / family, 0)
        images = gan.generate(SAMPLES, seed=SEED)
        shown.append(images[:16])
        rows.append(f"| {family} | {steps} | {minutes:.1f} | {distance(images):.3f} |")
    text = f"""# Emoji: three families for few images at equal processor time

`python benchmarks/emoji.py` writes this file: {len(train)} training images of 64 pixels, {len(test)} held out;
{SAMPLES} samples. The classifier of the nine categories is right for {accuracy:.0%} of the held-out emoji.

| | steps of {BATCH} | core-minutes | Frechet distance to held-out emoji |
|---|---|---|---|
{chr(10).join(rows)}

A row of samples each, in this order: emoji.png.
"""
    (RESULTS / "emoji.md").write_text(text, encoding="utf-8")
    if shown:
        pictures.save(pictures.grid(np.concatenate(shown), columns=16), RESULTS / "emoji.png")
    print(text)


if __name__ == "__main__":
    main()
