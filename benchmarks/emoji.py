"""Three families for few images, trained on emoji for equal processor time: one table, and their samples.

    python benchmarks/emoji.py --minutes 12 --family FastGAN    # trains, or goes on; then measures and writes
    python benchmarks/emoji.py --minutes 12 --family none       # measures what there is

Writes benchmarks/results/emoji.md and emoji.png. Each family trains on the 64-pixel emoji that are not held out, in
batches of 16 with DiffAugment, in runs/emoji/FAMILY; the time is the process's own on all its threads, without the
first steps of each start, in which the step is compiled. Scores are against the training images, in the features of
the bundled classifier of their nine categories, which has seen the same images, and no held-out one.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.stats import binomtest

from kerasgan import callbacks, data, metrics, models, zoo
from kerasgan.callbacks.base import StepCallback
from kerasgan.files import pictures
from kerasgan.metrics.classifiers import classifier_features

RESULTS = Path(__file__).parent / "results"
SIZE, BATCH, WARMING = 64, 16, 20
SEED, COLUMNS = 1, 32


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
    features = classifier_features("emoji")
    train, test = (data.emoji(image_size=SIZE, split=split, shuffle=False) for split in ("train", "test"))
    reals, unseen = features(train.images()), features(test.images())
    found = classifier_features("emoji", "probabilities")(test.images()).argmax(axis=1)
    low, high = binomtest(int(np.sum(found == test.labels)), test.count).proportion_ci()
    half = np.random.default_rng(SEED).permutation(train.count) < train.count // 2
    rows = [
        row("half of the training images, against the other half", reals[half], reals[~half], unseen),
        row("held-out images", unseen, reals, unseen),
    ]
    shown = []
    for family in FAMILIES:
        if callbacks.Checkpoint.newest(runs / family / "checkpoints") is not None:
            gan, steps, minutes = trained(family, runs / family, 0)
            images = gan.generate(train.count, seed=SEED)
            shown.append(images[:COLUMNS])
            rows.append(row(f"{family}, {steps:,} steps, {minutes:.0f} minutes", features(images), reals, unseen))
    text = f"""# Emoji: three families for few images at equal processor time

`python benchmarks/emoji.py` writes this file. {train.count:,} training images of 64 pixels, {test.count} held out;
steps of {BATCH} images, in float32; minutes of processor time. The classifier that gives the features is right for
{low:.0%} to {high:.0%} (95 % interval) of the held-out emoji. "Nearer" is the share of samples that are nearer to a
training image than held-out images usually are: a model that copies nothing has 0.50.

| | images | Frechet distance | precision | recall | nearer |
|---|---|---|---|---|---|
{chr(10).join(rows)}

Two rows of samples each, in this order, not chosen: emoji.png.
"""
    (RESULTS / "emoji.md").write_text(text, encoding="utf-8")
    if shown:
        pictures.save(pictures.grid(np.concatenate(shown), columns=COLUMNS // 2), RESULTS / "emoji.png")
    print(text)


def row(name: str, ours: np.ndarray, reals: np.ndarray, unseen: np.ndarray) -> str:
    """The scores of features, with how often they are nearer to a real image than unseen images are."""
    precision, recall = metrics.precision_recall(reals, ours)
    nearer = metrics.memorization(ours, reals, held_out=unseen).nearer
    distance = metrics.frechet_distance(ours, reals)
    return f"| {name} | {len(ours):,} | {distance:.3f} | {precision:.2f} | {recall:.2f} | {nearer:.2f} |"


if __name__ == "__main__":
    main()
