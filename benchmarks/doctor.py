"""How well the doctor diagnoses: on published logs, on failures planted in small trainings; and what it costs.

    python benchmarks/doctor.py --logs ../shared/training-logs    # a folder with index.csv: seconds
    python benchmarks/doctor.py --planted                         # trains small GANs on the digits: half an hour
    python benchmarks/doctor.py --zoo 600                         # first steps of the recipes in the box: an hour
    python benchmarks/doctor.py --overhead                        # DCGAN-64 with and without the doctor: minutes

`--logs` prints the fit that the constants of kerasgan/doctor/losses.py were rounded from, and how well the score does
on logs that the fit has not seen: leaving out one log, a quarter of them, one architecture, or one data set at a time.
"""

import argparse
import contextlib
import csv
import dataclasses
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

import kerasgan
from kerasgan.doctor import Doctor, history, losses
from kerasgan.doctor.probe import Probe
from kerasgan.models import dcgan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=Path, help="folder of labelled logs with their index.csv")
    parser.add_argument("--planted", action="store_true", help="train games with a planted failure, and healthy ones")
    parser.add_argument("--only", help="planted: only the cases whose name holds this; `healthy` for the others")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5), help="planted: [default: 0 to 4]")
    parser.add_argument("--zoo", type=int, metavar="STEPS", help="train the box's recipes for so many steps: healthy?")
    parser.add_argument("--overhead", action="store_true", help="time a probe against a step")
    arguments = parser.parse_args()
    if arguments.logs:
        report_logs(arguments.logs)
    if arguments.planted:
        report_planted(arguments.seeds, arguments.only)
    if arguments.zoo:
        report_zoo(arguments.zoo, arguments.seeds, arguments.only)
    if arguments.overhead:
        report_overhead(every=100)


# Published logs


class Log(NamedTuple):
    name: str
    collapsed: bool
    columns: history.Columns

    @property
    def loss(self) -> np.ndarray:
        return self.columns["discriminator_loss"]

    @property
    def dataset(self) -> str:
        return self.name.split("__")[0]

    @property
    def architecture(self) -> str:
        return self.name.split("__")[1].split("(")[0]


def read_logs(folder: Path) -> list[Log]:
    with (folder / "index.csv").open(newline="") as file:
        index = list(csv.DictReader(file))
    return [Log(row["file"], row["collapsed"] == "True", history.read(folder / row["file"])) for row in index]


def report_logs(folder: Path) -> None:
    logs = read_logs(folder)
    labels = np.array([log.collapsed for log in logs])
    severities = np.array([list(losses.severities(losses.signs(log.loss)).values()) for log in logs])
    scores = np.array([losses.collapse(log.loss) for log in logs])
    floors = [-np.nanmin(log.loss) for log in logs]
    print(f"{len(logs)} logs, {labels.sum()} collapsed. ROC-AUC at the last row, nothing fitted:")
    print(f"  the discriminator's floor  {roc_auc_score(labels, floors):.3f}")
    for name, column in zip(losses.SIGNS, severities.T):
        print(f"  {name:26} {roc_auc_score(labels, column):.3f}")
    print(f"  the doctor's collapse      {roc_auc_score(labels, scores):.3f}")
    print(f"  bootstrap of the logs      {bootstrap(labels, scores)}")
    print("Fitted by logistic regression (L2, C = 1, balanced classes):")
    mean = severities.mean(axis=1, keepdims=True)
    report_fit("mean severity", mean, labels, logs)
    report_fit("four weights", severities, labels, logs)
    print("Other windows than the last fifth, nothing fitted: " + ", ".join(other_windows(logs, labels)))
    report_stops(logs, folder)


def fitted(features: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=1.0, class_weight="balanced").fit(features, labels)


def report_fit(name: str, features: np.ndarray, labels: np.ndarray, logs: list[Log]) -> None:
    model = fitted(features, labels)
    weights = " ".join(f"{weight:.2f}" for weight in model.coef_[0])
    print(f"  {name}: weights {weights}, bias {model.intercept_[0]:.2f}")
    print(f"    in sample                 {roc_auc_score(labels, model.decision_function(features)):.3f}")
    everyone = np.arange(len(labels))
    for group, of in (
        ("log", everyone),
        ("architecture", np.array([log.architecture for log in logs])),
        ("data set", np.array([log.dataset for log in logs])),
    ):
        splits = [(everyone[of != one], everyone[of == one]) for one in np.unique(of)]
        print(f"    one {group + ' left out':22}{unseen(features, labels, splits):.3f}")
    repeats = [
        unseen(features, labels, StratifiedKFold(4, shuffle=True, random_state=seed).split(features, labels))
        for seed in range(50)
    ]
    print(
        f"    a quarter left out        {np.mean(repeats):.3f} (in 50 splits {min(repeats):.3f} to {max(repeats):.3f})"
    )


def unseen(features: np.ndarray, labels: np.ndarray, splits: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """ROC-AUC of all logs, each scored by a fit that has not seen it, as probabilities so that fits compare."""
    scores = np.zeros(len(labels))
    for seen, left_out in splits:
        scores[left_out] = fitted(features[seen], labels[seen]).predict_proba(features[left_out])[:, 1]
    return float(roc_auc_score(labels, scores))


def bootstrap(labels: np.ndarray, scores: np.ndarray) -> str:
    draws = np.random.default_rng(0).integers(len(labels), size=(2000, len(labels)))
    values = [roc_auc_score(labels[draw], scores[draw]) for draw in draws if 0 < labels[draw].sum() < len(labels)]
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{low:.3f} to {high:.3f} (95 %)"


def other_windows(logs: list[Log], labels: np.ndarray) -> Iterator[str]:
    usual = losses.WINDOW
    for share in (0.05, 0.1, 0.3, 0.5):
        losses.WINDOW = share
        yield f"{share:.0%} {roc_auc_score(labels, [losses.collapse(log.loss) for log in logs]):.3f}"
    losses.WINDOW = usual


def report_stops(logs: list[Log], folder: Path) -> None:
    """What stopping at the alarm would have saved and cost."""
    print("Stopping at the alarm (row over rows in all; FID there over the best FID):")
    wasted = saved = 0.0
    for log in logs:
        row = losses.alarm(*losses.timeline(log.loss))
        fid, hours = log.columns["fid"], log.columns["elapsed_hours"]
        best = int(np.nanargmin(fid))
        after = float(np.nanmax(hours) - hours[best])
        gain = 0.0 if row is None else max(0.0, float(np.nanmax(hours) - max(hours[row - 1], hours[best])))
        if log.collapsed:
            wasted, saved = wasted + after, saved + gain
        if row is None and not log.collapsed:
            continue
        seen = fid[:row] if row else fid
        kept = np.nanmin(seen) / np.nanmin(fid) if np.isfinite(seen).any() else np.inf
        kind = ("collapsed" if row else "MISSED") if log.collapsed else "FALSE STOP"
        at = f"at {row / len(log.loss):4.0%}, best at {best / len(log.loss):4.0%}" if row else ""
        print(f"  {kind:10} {log.name:36} {at}, {gain:5.1f} of {after:5.1f} h saved, best FID by then x{kept:.2f}")
    print(f"  {saved:.1f} of {wasted:.1f} hours after the best checkpoint of collapsed logs: {saved / wasted:.0%}")


# Planted failures

STEPS, EVERY = 400, 20


class Leaky(kerasgan.GAN):
    """The discriminator is also shown whether an image is real, as one more channel."""

    def discriminator_loss(self, game):
        real_logits = self.discriminate(self._marked(game.real, 1.0))
        return self.objective.discriminator_loss(real_logits, self.discriminate(self._marked(game.fake, -1.0)))

    def generator_loss(self, game):
        return self.objective.generator_loss(self.discriminate(self._marked(game.fake, -1.0)))

    def _marked(self, images, mark):
        return keras.ops.concatenate([images, keras.ops.full_like(images[..., :1], mark)], axis=-1)


class Constant(kerasgan.latents.Prior):
    """The same latents for every image."""

    def sample(self, count, latent_dim, seed):
        return keras.ops.ones((count, latent_dim))

    def draw(self, count, latent_dim, seed=None):
        return np.ones((count, latent_dim), dtype="float32")


@dataclass
class Game:
    """A small DCGAN on the digits at 16 pixels that trains well in 400 steps; a case changes what it names."""

    images: np.ndarray
    labels: np.ndarray
    generator_rate: float = 1e-3
    discriminator_rate: float = 1e-3
    momentum: float = 0.5
    objective: str = "non_saturating"
    family: type[kerasgan.GAN] = kerasgan.GAN
    prior: Any = "normal"
    variant: str = "torch"
    channels_seen: int = 1
    normalised: bool = True
    ema_half_life: float = 500
    reference: np.ndarray | None = None

    def gan(self) -> kerasgan.GAN:
        bare = mock.patch.object(dcgan, "_normalisation", lambda x, name: x)
        with contextlib.nullcontext() if self.normalised else bare:
            generator = dcgan.generator(16, 1, 16, width=8, variant=self.variant)
            discriminator = dcgan.discriminator(16, self.channels_seen, width=8, variant=self.variant)
        gan = self.family(generator, discriminator, prior=self.prior)
        gan.compile(
            self.objective,
            generator_optimizer=keras.optimizers.Adam(self.generator_rate, beta_1=self.momentum),
            discriminator_optimizer=keras.optimizers.Adam(self.discriminator_rate, beta_1=self.momentum),
            ema_half_life=self.ema_half_life,
        )
        return gan


def rates_times_100(game: Game, rng: np.random.Generator) -> None:
    game.generator_rate = game.discriminator_rate = 0.1


def heavy_momentum(game: Game, rng: np.random.Generator) -> None:
    game.generator_rate, game.discriminator_rate, game.momentum = 5e-3, 5e-3, 0.99


def frozen_discriminator(game: Game, rng: np.random.Generator) -> None:
    game.discriminator_rate = 0.0


def frozen_generator(game: Game, rng: np.random.Generator) -> None:
    game.generator_rate = 0.0


def constant_latents(game: Game, rng: np.random.Generator) -> None:
    game.prior = Constant()


def leaked_labels(game: Game, rng: np.random.Generator) -> None:
    game.family, game.channels_seen = Leaky, 2


def no_normalisation(game: Game, rng: np.random.Generator) -> None:
    # At the usual rate it only learns more slowly; the rate that normalisation would have allowed breaks it.
    game.normalised, game.generator_rate, game.discriminator_rate = False, 1e-2, 1e-2


def one_class(game: Game, rng: np.random.Generator) -> None:
    game.reference = game.images
    game.images = game.images[game.labels == rng.integers(10)]


def tiny_dataset(game: Game, rng: np.random.Generator) -> None:
    game.images = np.repeat(game.images[rng.choice(len(game.images), 8, replace=False)], 32, axis=0)


def overflow(game: Game, rng: np.random.Generator) -> None:
    game.generator_rate = game.discriminator_rate = 1e30


ANY = ("mode collapse", "mode dropping", "convergence failure", "weak discriminator", "oscillation", "divergence")
PLANTED: dict[Callable, tuple[str, ...]] = {
    rates_times_100: ANY,
    heavy_momentum: ANY,
    no_normalisation: ANY,
    frozen_discriminator: ("weak discriminator",),
    frozen_generator: ("convergence failure", "mode collapse"),
    constant_latents: ("mode collapse",),
    leaked_labels: ("convergence failure",),
    one_class: ("mode dropping", "mode collapse"),
    tiny_dataset: ("memorisation", "mode collapse"),
    overflow: ("divergence",),
}
HEALTHY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a fifth of the rates": {"generator_rate": 2e-4, "discriminator_rate": 2e-4},
    "hinge": {"objective": "hinge"},
    "least squares": {"objective": "least_squares"},
    "no average": {"ema_half_life": 0},
    "paper's DCGAN": {"variant": "paper", "prior": "uniform"},
}


def play(change: Callable | Mapping[str, Any], seed: int) -> Doctor:
    """Trains one game and returns the doctor that watched."""
    keras.utils.set_random_seed(seed)
    digits = kerasgan.data.digits(image_size=16)
    game = Game(digits.images(), digits.labels)
    if callable(change):
        change(game, np.random.default_rng(seed))
    else:
        game = dataclasses.replace(game, **change)
    reference = game.images if game.reference is None else game.reference
    doctor = Doctor(reference, every=EVERY, on_trouble="stop")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callbacks = [doctor, kerasgan.callbacks.StopAfter(steps=STEPS)]
        game.gan().fit(game.images, batch_size=32, epochs=STEPS, verbose=0, callbacks=callbacks)
    return doctor


def report_planted(seeds: Sequence[int], only: str | None) -> None:
    print(f"{'planted':22} seed  found (step)                                        at the end")
    missed: list[bool] = []
    misnamed: list[bool] = []
    for change, expected in PLANTED.items():
        for seed in seeds if only is None or only in change.__name__ else ():
            doctor = play(change, seed)
            missed.append(not doctor.found)
            misnamed.append(not set(doctor.found) & set(expected))
            show(change.__name__.replace("_", " "), seed, doctor, "MISSED" if missed[-1] else "")
    false_alarms: list[bool] = []
    for name, settings in HEALTHY.items():
        for seed in seeds if only is None or only in "healthy " + name else ():
            doctor = play(settings, seed)
            false_alarms.append(bool(doctor.found))
            show(name, seed, doctor, "FALSE ALARM" if false_alarms[-1] else "")
    if missed:
        print(f"recall {1 - np.mean(missed):.0%} of {len(missed)}, of which rightly named {1 - np.mean(misnamed):.0%}")
    if false_alarms:
        print(f"false alarms {np.mean(false_alarms):.0%} of {len(false_alarms)} healthy runs")


def report_zoo(steps: int, seeds: Sequence[int], only: str | None) -> None:
    """False alarms in the first steps of recipes whose results are known to be good."""
    boxed = [name for name in kerasgan.zoo.names(pretrained=True) if kerasgan.zoo.recipe(name).in_the_box]
    alarms: list[bool] = []
    for name in boxed:
        recipe = kerasgan.zoo.recipe(name)
        for seed in seeds if only is None or only in name else ():
            keras.utils.set_random_seed(seed)
            gan, source = kerasgan.zoo.build(recipe), kerasgan.zoo.source(recipe, seed=seed)
            doctor = Doctor(every=max(1, steps // 12))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gan.fit(source, epochs=steps, verbose=0, callbacks=[doctor, kerasgan.callbacks.StopAfter(steps=steps)])
            alarms.append(bool(doctor.found))
            show(name, seed, doctor, "FALSE ALARM" if alarms[-1] else "")
    print(f"false alarms {np.mean(alarms):.1%} of {len(alarms)} runs of the zoo's recipes")


def show(name: str, seed: int, doctor: Doctor, mark: str) -> None:
    found = ", ".join(f"{verdict} ({step})" for verdict, step in doctor.found.items()) or "-"
    distance = doctor.history["distance"][-1]
    print(f"{name:22} {seed:4}  {found:50}  {doctor.diagnosis.verdict} ({distance:.2f}) {mark}", flush=True)
    keras.utils.clear_session()


# What it costs


def report_overhead(every: int) -> None:
    """DCGAN-64 as in the Torch code, batch 32: seconds of a step, of a probe, and their ratio at the interval."""
    gan = dcgan.DCGAN(image_size=64, variant="torch")
    gan.compile()
    images = np.random.default_rng(0).integers(0, 256, (256, 64, 64, 3), dtype="uint8")
    probe = Probe(gan, images.astype("float32") / 127.5 - 1.0)
    times: dict[str, list[float]] = {"step": [], "probe": []}
    for number in range(5):
        start = time.perf_counter()
        gan.fit(images, batch_size=32, epochs=1, verbose=0)
        middle = time.perf_counter()
        probe(number)
        times["step"].append((middle - start) / 8)
        times["probe"].append(time.perf_counter() - middle)
    step, look = (float(np.median(several[1:])) for several in times.values())  # the first ones trace
    share = look / (every * step)
    print(f"step {1000 * step:.0f} ms, probe {1000 * look:.0f} ms: {share:.1%} with a probe every {every} steps")


if __name__ == "__main__":
    main()
