"""Every objective with every penalty that suits it on the toys of the papers: the ring of 8 and the grid of 25.

    KERAS_BACKEND=jax python benchmarks/toys.py      # half an hour on a core; writes results/toys.md
    python benchmarks/toys.py --kept runs/toys.json  # keeps each row there, to continue after an interruption
    python benchmarks/toys.py --only relativistic    # prints the rows of one objective

JAX takes a third of TensorFlow's time for networks as small as these.

A generator and a discriminator of three dense layers, the same for all, learn points in the plane, as images of one
pixel with two channels, through the same `GAN.fit` as every model of the zoo. Trainings are short: the numbers compare
objectives under the same small budget, not what each could reach with settings of its own.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from kerasgan import GAN
from kerasgan.gan.data_order import DataOrder
from kerasgan.metrics.mode_coverage import Modes, grid, mode_coverage, ring

RESULTS = Path(__file__).with_name("results") / "toys.md"
SEEDS = (0, 1)
STEPS, BATCH, SAMPLES = 8000, 64, 2500
LAYERS, WIDTH, LATENTS, RATE = 3, 64, 2, 2e-3


@dataclass(frozen=True)
class Toy:
    """A mixture of round Gaussians: `scale` brings it into the images' range [-1, 1]."""

    centers: np.ndarray
    deviation: float
    scale: float

    def sample(self, count: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        points = self.centers[rng.integers(len(self.centers), size=count)]
        points = points + self.deviation * rng.standard_normal(points.shape)
        return (points * self.scale).reshape(-1, 1, 1, 2).astype("float32")

    def measure(self, images: np.ndarray) -> Modes:
        points = np.nan_to_num(images.reshape(-1, 2) / self.scale, nan=1e6)  # a training that diverged reaches no mode
        return mode_coverage(points, self.centers, deviation=self.deviation)


# The papers' deviations, 0.01 and 0.05, are too fine for trainings this short.
TOYS = {
    "ring": Toy(ring(8), deviation=0.05, scale=0.75),
    "grid": Toy(grid(5), deviation=0.1, scale=0.2),
}

# Between modes a hundredth of the images' range wide the discriminator must be steep: gradients of 30 cost little.
BOTH = ({"name": "r1", "weight": 0.01}, {"name": "r2", "weight": 0.01})
PENALTIES: dict[str, tuple[dict[str, Any], ...]] = {
    "none": (),
    "r1 + r2": BOTH,
    "gradient_penalty": ({"name": "gradient_penalty", "weight": 0.1},),  # the weight of WGAN-GP's toys
    "dragan": ({"name": "dragan", "weight": 0.1},),
    "wgan_div": ({"name": "wgan_div", "weight": 2.0},),
}
CLIPPED = "r1 + r2, clipped gradients"
PENALTIES[CLIPPED] = BOTH
LONGEST = 1.0  # global norm of a network's clipped gradient
EXPONENTIAL = ("kl", "reverse_kl", "neyman", "squared_hellinger")  # their losses are exponentials of logits


def objectives() -> dict[str, tuple[dict[str, Any], tuple[str, ...]]]:
    """Objective by its name in the table, with the names of the penalties that it is trained with."""
    found: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {}
    several = "minimax", "non_saturating", "maximum_likelihood", "least_squares", "hinge", "relativistic"
    for name in (*several, "relativistic_average", "softmax", "boundary_seeking"):
        found[name] = ({"name": name}, ("none", "r1 + r2", "gradient_penalty"))
    found["non_saturating"] = ({"name": "non_saturating"}, ("none", "r1 + r2", "gradient_penalty", "dragan"))
    found["wasserstein"] = ({"name": "wasserstein"}, ("r1 + r2", "gradient_penalty", "wgan_div"))
    # The rows "gan" and "jensen_shannon" of f-GAN have the gradients of non_saturating.
    for divergence in ("kl", "reverse_kl", "pearson", "neyman", "squared_hellinger"):
        chosen_penalties = ("none", "r1 + r2", CLIPPED) if divergence in EXPONENTIAL else ("none", "r1 + r2")
        found[f"f_divergence: {divergence}"] = {"name": "f_divergence", "divergence": divergence}, chosen_penalties
    for weight in (0.1, 0.9):
        chosen = {"name": "f_divergence", "divergence": "weighted_jensen_shannon", "weight": weight}
        found[f"f_divergence: JS, weight {weight:g}"] = (chosen, ("none", "r1 + r2"))
    return found


def network(inputs: int, outputs: tuple[int, ...], name: str) -> keras.Model:
    first = keras.Input((inputs,) if name == "latents" else (1, 1, inputs), name=name)
    # The modes are as fine as a hundredth of the images' range: the discriminator looks at them enlarged.
    x = first if name == "latents" else keras.layers.Rescaling(4.0)(keras.layers.Flatten()(first))
    for _ in range(LAYERS):
        x = keras.layers.Dense(WIDTH, activation="relu", kernel_initializer="he_normal")(x)
    x = keras.layers.Dense(int(np.prod(outputs)))(x)
    return keras.Model(first, keras.layers.Reshape(outputs)(x) if len(outputs) > 1 else x)


class Trainer:
    """A model with its objective, compiled once and initialized again for each toy and seed."""

    def __init__(
        self, objective: dict[str, Any], penalties: tuple[dict[str, Any], ...], steps: int, longest: Any = None
    ):
        self.steps, self.together, self.longest = steps, min(50, steps), longest
        self.gan = GAN(network(LATENTS, (1, 1, 2), "latents"), network(2, (1,), "images"))
        self.gan.compile(
            objective=dict(objective),
            penalties=[dict(penalty) for penalty in penalties],
            generator_optimizer=self._adam(),
            discriminator_optimizer=self._adam(),
            ema_half_life=10_000,
            steps_per_execution=self.together,
        )
        self.optimizer_start = [keras.ops.convert_to_numpy(variable.value) for variable in self.gan.optimizer.variables]

    def _adam(self) -> keras.optimizers.Optimizer:
        schedule = keras.optimizers.schedules.CosineDecay(RATE, self.steps, alpha=0.05)
        return keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.99, global_clipnorm=self.longest)

    def train(self, toy: Toy, seed: int) -> Modes:
        self._initialize(seed)
        points = toy.sample(BATCH * self.together, seed)
        self.gan.fit(points, batch_size=BATCH, epochs=self.steps // self.together, verbose=0)
        return toy.measure(self.gan.generate(SAMPLES, seed=seed, batch_size=SAMPLES))

    def _initialize(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        self.gan.data_order = DataOrder()  # from the start of the data again, not on in them
        fresh = network(LATENTS, (1, 1, 2), "latents"), network(2, (1,), "images")
        networks = self.gan.generator, self.gan.discriminator
        for trained, new in zip(networks, fresh):
            trained.set_weights(new.get_weights())
        self.gan.ema_generator.set_weights(fresh[0].get_weights())
        self.gan.seed_generator.state.assign(keras.random.SeedGenerator(seed).state)
        for variable, start in zip(self.gan.optimizer.variables, self.optimizer_start):
            variable.assign(start)


@dataclass(frozen=True)
class Row:
    """Means over the seeds: per toy, modes reached and share of samples within 3 deviations of a center."""

    objective: str
    penalty: str
    scores: dict[str, tuple[float, float]]

    def cells(self) -> list[str]:
        numbers = [f"{modes:.1f} | {share:.1%}" for modes, share in self.scores.values()]
        return [self.objective, self.penalty, *numbers]


def train(name: str, objective: dict[str, Any], penalty: str, *, steps: int, seeds: tuple[int, ...]) -> Row:
    trainer = Trainer(objective, PENALTIES[penalty], steps, LONGEST if penalty == CLIPPED else None)
    scores = {}
    for toy in TOYS:
        found = [trainer.train(TOYS[toy], seed) for seed in seeds]
        scores[toy] = (
            float(np.mean([modes.captured for modes in found])),
            float(np.mean([modes.high_quality for modes in found])),
        )
    return Row(name, penalty, scores)


def chance(toy: str) -> str:
    """The share of points, uniform on the square around the centers, within 3 deviations of one."""
    sides = np.ptp(TOYS[toy].centers, axis=0)
    return f"{len(TOYS[toy].centers) * np.pi * (3 * TOYS[toy].deviation) ** 2 / np.prod(sides):.0%}"


def weights() -> str:
    single = {penalty["name"]: penalty["weight"] for penalties in PENALTIES.values() for penalty in penalties}
    return ", ".join(f"{name} {weight:g}" for name, weight in single.items())


def report(rows: list[Row], *, steps: int, seeds: tuple[int, ...], seconds: float) -> str:
    best = {}
    for toy in TOYS:
        # All modes first: samples of high quality in a single mode are no success.
        best[toy] = max(rows, key=lambda row: row.scores[toy])
    winners = "; ".join(f"{toy}: {row.objective} with {row.penalty}" for toy, row in best.items())
    table = "\n".join(f"| {' | '.join(row.cells())} |" for row in rows)
    return f"""# Every objective and penalty on two toys

Best of this table, by modes and then by share: {winners}.

| objective | penalties | ring: modes of 8 | within 3 deviations | grid: modes of 25 | within 3 deviations |
|---|---|---|---|---|---|
{table}

Means over {len(seeds)} seeds; {SAMPLES:,} samples of the moving average of the generator; a mode is reached if one
sample lies within 3 deviations of its center. Ring: radius 1, deviation {TOYS["ring"].deviation:g} (0.01 in the
papers); grid: spacing 2, deviation {TOYS["grid"].deviation:g} (0.05). Points drawn at random from the square around
the centers would give {chance("ring")} and {chance("grid")}, the toys themselves 98.9%. {steps:,} steps of batch
{BATCH}, {LAYERS} hidden layers of {WIDTH} in both networks, Adam({RATE:g}, 0, 0.99) that falls to a twentieth; weights:
{weights()}; clipped: to a norm of {LONGEST:g} over all weights of
a network. `wasserstein` without a penalty is refused by `compile`; `f_divergence` trains with the paper's alternative
generator, whose exponentials explode where gradients are not clipped.

Measured and written by `python benchmarks/toys.py` in {seconds / 60:.0f} minutes on one busy core, with Keras on
{keras.backend.backend()}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--kept", type=Path, help="a file of finished rows, read and written; of these settings only")
    parser.add_argument("--only", help="only the objectives whose name contains this; prints, writes nothing")
    arguments = parser.parse_args()
    kept, rows, seconds = read_kept(arguments.kept), [], 0.0
    for name, (objective, penalties) in objectives().items():
        if arguments.only and arguments.only not in name:
            continue
        for penalty in penalties:
            key = f"{name} | {penalty}"
            if key not in kept:
                started = time.monotonic()
                row = train(name, objective, penalty, steps=arguments.steps, seeds=tuple(arguments.seeds))
                kept[key] = {"scores": row.scores, "seconds": time.monotonic() - started}
                if arguments.kept:
                    arguments.kept.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            scores = {toy: (modes, share) for toy, (modes, share) in kept[key]["scores"].items()}
            rows.append(Row(name, penalty, scores))
            seconds += kept[key]["seconds"]
            print(f"{seconds:6.0f} s", " | ".join(rows[-1].cells()), flush=True)
    if not arguments.only:
        RESULTS.parent.mkdir(exist_ok=True)
        text = report(rows, steps=arguments.steps, seeds=tuple(arguments.seeds), seconds=seconds)
        RESULTS.write_text(text, encoding="utf-8")


def read_kept(path: Path | None) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}


if __name__ == "__main__":
    main()
