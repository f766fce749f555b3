"""How trainings fail: the lectures' figures of losses, samples and the doctor's verdict, from planted runs.

    pip install matplotlib
    python benchmarks/failures.py                     # all; writes docs/pictures/failure-KIND.png
    python benchmarks/failures.py --only healthy

The same small DCGAN on Fashion-MNIST each time, with one change, on one thread. The doctor watches, and does not
act. That a generator of dense layers collapses beside DCGAN's discriminator is shown in 1701.07875, figure 7.
"""

import argparse
import os
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Another number adds in another order, of which an unstable game makes another training.
os.environ.update(dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1"))

import keras
import matplotlib
import numpy as np

matplotlib.use("agg")

import matplotlib.pyplot as plt

from kerasgan import data, models
from kerasgan.callbacks import StopAfter
from kerasgan.doctor import Diagnosis, Doctor, DoctorWarning
from kerasgan.files import pictures
from kerasgan.gan import GAN
from kerasgan.models import dcgan

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SIZE, STEPS, BATCH, LEAK = dict(width=8, variant="torch"), 1000, 64, 200
SHOWN = (50, 200, 400, 600, 800, 1000)  # steps whose samples are drawn
RATES = 4e-4, 2e-4  # of the generator and the discriminator
COUNT, WINDOW = 14, 10  # samples of a row, and steps of a mean of the losses


class Leaking(GAN):
    """DCGAN whose discriminator is also shown, as one more channel, whether an image is real: by `mark`, or -`mark`."""

    def __init__(self) -> None:
        networks = dcgan.generator(28, 1, 32, **SIZE), dcgan.discriminator(28, 2, **SIZE)
        super().__init__(*networks)
        self.mark = keras.Variable(0.0, trainable=False, name="mark")

    def discriminator_loss(self, batch: Any) -> Any:
        real_logits = self.discriminate(self._marked(batch.real, self.mark))
        return self.objective.discriminator_loss(real_logits, self.discriminate(self._marked(batch.fake, -self.mark)))

    def generator_loss(self, batch: Any) -> Any:
        return self.objective.generator_loss(None, self.discriminate(self._marked(batch.fake, -self.mark)))

    def _marked(self, images: Any, mark: Any) -> Any:
        return keras.ops.concatenate([images, mark * keras.ops.ones_like(images)], axis=-1)


def dense() -> GAN:
    """A generator of dense layers, without normalization, against a discriminator of twice the channels."""
    hidden = [keras.layers.Dense(512, activation="relu") for _ in range(4)]
    last = [keras.layers.Dense(28 * 28, activation="tanh"), keras.layers.Reshape((28, 28, 1))]
    generator = keras.Sequential([keras.Input((32,)), *hidden, *last])
    return GAN(generator, dcgan.discriminator(28, 1, width=2 * SIZE["width"], variant=SIZE["variant"]))


class Plant(NamedTuple):
    """What is changed: a sentence for the figure, and the model."""

    sentence: str
    model: Callable[[], GAN] = lambda: models.DCGAN(image_size=28, channels=1, latent_dim=32, **SIZE)


PLANTS = {
    "healthy": Plant("Nothing is changed"),
    "convergence": Plant(f"From step {LEAK} on the discriminator sees by a mark which images are real", model=Leaking),
    "collapse": Plant(
        "A generator of dense layers without normalization, a discriminator of twice the channels", dense
    ),
}


class Record(keras.callbacks.Callback):
    """The losses of each step, and samples of fixed latents at some; lets the secret out at LEAK."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[tuple[float, float]] = []
        self.samples: list[np.ndarray] = []
        self.sums = np.zeros(2)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.sums = np.zeros(2)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        means = np.array([logs["discriminator_loss"], logs["generator_loss"]])  # of the epoch so far
        sums = (batch + 1) * means
        self.losses.append(tuple(sums - self.sums))
        self.sums = sums
        if len(self.losses) == LEAK and isinstance(self.model, Leaking):
            self.model.mark.assign(1.0)
        if len(self.losses) in SHOWN:
            self.samples.append(self.model.generate(COUNT, seed=0))


def train(plant: Plant) -> tuple[Record, Doctor]:
    keras.utils.set_random_seed(0)
    gan, record, doctor = plant.model(), Record(), Doctor(every=20)
    generator, discriminator = (keras.optimizers.Adam(rate, beta_1=0.5) for rate in RATES)
    gan.compile("non_saturating", generator_optimizer=generator, discriminator_optimizer=discriminator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoctorWarning)
        watching = [doctor, record, StopAfter(steps=STEPS)]
        gan.fit(data.fashion_mnist(batch_size=BATCH), epochs=2, callbacks=watching, verbose=0)
    return record, doctor


def drawn(plant: Plant, record: Record, diagnosis: Diagnosis, found: dict[str, int]) -> Any:
    """Losses above, samples by step below, the verdict as the title."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(10.5, 7), height_ratios=(1, 1.6), layout="constrained")
    means = np.array(record.losses)[: STEPS // WINDOW * WINDOW].reshape(-1, WINDOW, 2).mean(axis=1)
    for values, name in zip(means.T, ("discriminator", "generator")):
        above.plot(np.arange(1, len(means) + 1) * WINDOW, values, label=name)
    for index, (verdict, step) in enumerate(found.items(), start=2):
        above.axvline(step, color=f"C{index}", linestyle=":", label=f"the doctor, step {step}: {verdict}")
    above.set(xlabel="step", ylabel="loss", xlim=(0, STEPS))
    above.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=3)
    rows = np.concatenate(record.samples)
    sheet = np.asarray(pictures.grid(rows, columns=COUNT, scale=1))
    below.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    height = sheet.shape[0] / len(SHOWN)
    below.set(xticks=[], yticks=(np.arange(len(SHOWN)) + 0.5) * height, yticklabels=SHOWN, ylabel="samples at step")
    said = textwrap.fill(f"{diagnosis.verdict}. {' '.join(diagnosis.evidence)}", 90)
    figure.suptitle(f"{plant.sentence}.", fontweight="bold")
    below.set_xlabel(f"The doctor at the end: {said}", loc="left")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PLANTS, default=list(PLANTS))
    for name in parser.parse_args().only:
        record, doctor = train(PLANTS[name])
        path = FOLDER / f"failure-{name}.png"
        drawn(PLANTS[name], record, doctor.diagnosis, doctor.found).savefig(path, dpi=90)
        pictures.opened(path).quantize(128).save(path, optimize=True)
        print(f"{path.name}: {doctor.found}\n{doctor.diagnosis}\n")


if __name__ == "__main__":
    main()
