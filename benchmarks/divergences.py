"""Which modes a model that is too simple keeps, by the divergence it minimizes: the picture of the lectures.

    python benchmarks/divergences.py    # 2 minutes on a core; writes results/divergences.png and divergences.md

The data P has two modes, the model Q is one normal distribution. Each divergence is minimized twice: directly, by
integrating both densities and searching for the best mean and deviation from several starts; and by a GAN whose
generator is an affine map of N(0, 1) and whose discriminator, a small network, sees only samples.
"""

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import optimize, stats

from kerasgan import GAN
from kerasgan.files import pictures

RESULTS = Path(__file__).with_name("results")
SHARES, CENTERS, DEVIATION = np.array([0.7, 0.3]), np.array([-0.4, 0.4]), 0.15
POINTS = np.linspace(-4.0, 4.0, 16_001)  # Q may be wider than the images' range [-1, 1]
STEP = POINTS[1] - POINTS[0]


def data_density(x: np.ndarray) -> np.ndarray:
    return sum(share * stats.norm.pdf(x, center, DEVIATION) for share, center in zip(SHARES, CENTERS))


def data_samples(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    modes = np.repeat(np.arange(2), (SHARES * count).astype(int))
    return np.clip(CENTERS[modes] + DEVIATION * rng.standard_normal(count), -1, 1).astype("float32")


# The divergences, from their definitions: nothing here comes from kerasgan.objectives

Density = np.ndarray


def kl(first: Density, second: Density) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(first > 0, first * (np.log(first) - np.log(second)), 0.0)
    return float(np.sum(terms) * STEP)


def jensen_shannon(weight: float) -> Callable[[Density, Density], float]:
    def divergence(p: Density, q: Density) -> float:
        middle = weight * p + (1 - weight) * q
        return weight * kl(p, middle) + (1 - weight) * kl(q, middle)

    return divergence


@dataclass(frozen=True)
class Case:
    """A divergence: its name in the table, its definition, and the objective whose training estimates it."""

    name: str
    divergence: Callable[[Density, Density], float]
    objective: dict


def weighted(weight: float) -> Case:
    objective = {"divergence": "weighted_jensen_shannon", "weight": weight}
    return Case(f"JS, weight {weight:g}", jensen_shannon(weight), objective)


CASES = (
    Case("KL(P || Q)", kl, {"divergence": "kl"}),
    Case("KL(Q || P)", lambda p, q: kl(q, p), {"divergence": "reverse_kl"}),
    Case("JS", jensen_shannon(0.5), {"divergence": "jensen_shannon"}),
    weighted(0.1),
    weighted(0.5),
    weighted(0.99),
)


@dataclass(frozen=True)
class Normal:
    """Q: a normal distribution, and its divergence from P."""

    mean: float
    deviation: float
    divergence: float

    @property
    def density(self) -> np.ndarray:
        return stats.norm.pdf(POINTS, self.mean, self.deviation)

    @property
    def reached(self) -> np.ndarray:
        """Which modes' centers lie within two deviations of the mean."""
        return np.abs(CENTERS - self.mean) < 2 * self.deviation


def measured(case: Case, mean: float, deviation: float) -> Normal:
    density = stats.norm.pdf(POINTS, mean, deviation)
    return Normal(mean, deviation, case.divergence(data_density(POINTS), density))


def minimized(case: Case) -> Normal:
    """The best Q of a search from the middle and from each mode, wide and narrow."""

    def value(at: np.ndarray) -> float:
        return measured(case, at[0], math.exp(at[1])).divergence

    starts = [(mean, math.log(width)) for mean in (0.0, *CENTERS) for width in (0.15, 0.5)]
    options = {"xatol": 1e-6, "fatol": 1e-10}
    found = [optimize.minimize(value, start, method="Nelder-Mead", options=options) for start in starts]
    best = min(found, key=lambda result: result.fun)
    return measured(case, float(best.x[0]), math.exp(best.x[1]))


def learned(case: Case, *, steps: int, seed: int = 0) -> Normal:
    """The Q of a GAN with the divergence's objective; the generator minimizes the estimated divergence itself."""
    keras.utils.set_random_seed(seed)
    gan = GAN(affine_generator(deviation=0.5), small_discriminator())

    def adam(rate: float) -> keras.optimizers.Optimizer:
        schedule = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.05)
        return keras.optimizers.Adam(schedule, beta_1=0.5, beta_2=0.99)

    gan.compile(
        objective={"name": "f_divergence", "direct": True, **case.objective},
        generator_optimizer=adam(2e-3),
        discriminator_optimizer=adam(5e-3),
        discriminator_steps=4,
        ema_half_life=40_000,
        steps_per_execution=50,
    )
    samples = data_samples(50 * 512).reshape(-1, 1, 1, 1)
    gan.fit(samples, batch_size=512, epochs=steps // 50, verbose=0)
    kernel, bias = (float(weights.squeeze()) for weights in gan.sampler.get_weights())
    return measured(case, bias, abs(kernel))


def affine_generator(*, deviation: float) -> keras.Model:
    latents = keras.Input((1,), name="latents")
    start = keras.initializers.Constant(deviation)
    x = keras.layers.Dense(1, kernel_initializer=start, name="affine")(latents)
    return keras.Model(latents, keras.layers.Reshape((1, 1, 1))(x))


def small_discriminator() -> keras.Model:
    images = keras.Input((1, 1, 1), name="images")
    x = keras.layers.Rescaling(3.0)(keras.layers.Flatten()(images))
    for _ in range(2):
        x = keras.layers.Dense(48, activation="tanh")(x)
    return keras.Model(images, keras.layers.Dense(1)(x))


# What is written

GRAY, BLUE, ORANGE, BLACK = (222, 222, 222), (31, 87, 180), (222, 110, 20), (40, 40, 40)
PANEL, FINE = (340, 220), 3  # a panel's size in pixels, and the factor by which it is drawn larger, for smooth lines


def panel(title: str, direct: Normal, trained: Normal) -> Image.Image:
    width, height = PANEL[0] * FINE, PANEL[1] * FINE
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    floor, inside = height - 14 * FINE, np.abs(POINTS) <= 1.25
    x = 10 * FINE + (POINTS[inside] + 1.25) / 2.5 * (width - 20 * FINE)

    def line(density: np.ndarray) -> list[tuple[float, float]]:
        return list(zip(x.tolist(), (floor - density[inside] / 3.0 * (floor - 30 * FINE)).tolist()))

    draw.polygon([(x[0], floor), *line(data_density(POINTS)), (x[-1], floor)], fill=GRAY)
    draw.line(line(direct.density), fill=BLUE, width=2 * FINE)
    curve, dash = line(trained.density), 60
    for start in range(0, len(curve) - 1, 2 * dash):
        draw.line(curve[start : start + dash], fill=ORANGE, width=2 * FINE)
    draw.line([(10 * FINE, floor), (width - 10 * FINE, floor)], fill=BLACK, width=FINE)
    draw.text((10 * FINE, 6 * FINE), title, fill=BLACK, font=ImageFont.load_default(15 * FINE))
    return canvas.resize(PANEL, Image.Resampling.LANCZOS)


def picture(rows: list[tuple[Case, Normal, Normal]]) -> Image.Image:
    columns, legend = 3, 30
    lines = math.ceil(len(rows) / columns)
    canvas = Image.new("RGB", (columns * PANEL[0], lines * PANEL[1] + legend), "white")
    for index, (case, direct, trained) in enumerate(rows):
        place = index % columns * PANEL[0], index // columns * PANEL[1]
        canvas.paste(panel(case.name, direct, trained), place)
    draw, top = ImageDraw.Draw(canvas), lines * PANEL[1] + 6
    texts = (("P, the data", GRAY), ("Q, minimized directly", BLUE), ("Q, learned by a GAN (dashed)", ORANGE))
    for index, (text, color) in enumerate(texts):
        left = 10 + index * PANEL[0]
        draw.rectangle((left, top + 3, left + 24, top + 13), fill=color)
        draw.text((left + 32, top), text, fill=BLACK, font=ImageFont.load_default(14))
    return canvas


def in_words(found: Normal) -> str:
    """Which of the two modes a Q covers, from its numbers."""
    if found.reached.all():
        return "covers both modes"
    if not found.reached.any():
        return "reaches neither mode"
    return "seeks the heavier mode" if found.reached[int(np.argmax(SHARES))] else "seeks the lighter mode"


def escaped(name: str) -> str:
    return name.replace("|", "\\|")  # the bars of KL(P || Q) would end a cell of the table


def report(rows: list[tuple[Case, Normal, Normal]], seconds: float) -> str:
    table = []
    for case, direct, trained in rows:
        numbers = (f"{q.mean:+.3f} | {q.deviation:.3f} | {q.divergence:.4f}" for q in (direct, trained))
        table.append(f"| {escaped(case.name)} | {' | '.join(numbers)} | {in_words(direct)} | {in_words(trained)} |")
    groups: dict[str, list[str]] = {}
    for case, direct, _ in rows:
        groups.setdefault(in_words(direct), []).append(escaped(case.name))
    verdict = [f"- {words}: {'; '.join(names)}" for words, names in groups.items()]
    agree = sum(in_words(direct) == in_words(trained) for _, direct, trained in rows)
    shift = max(abs(direct.mean - trained.mean) for _, direct, trained in rows)
    ratio = max(abs(math.log(trained.deviation / direct.deviation)) for _, direct, trained in rows)
    modes = " + ".join(f"{share:g} N({center:g}, {DEVIATION:g}²)" for share, center in zip(SHARES, CENTERS))
    return f"""# Which of two modes each divergence covers

![densities](divergences.png)

P = {modes}; Q is one normal distribution. The Q with the least divergence from P

{chr(10).join(verdict)}

A mode is reached if its center lies within two deviations of Q's mean. A GAN with the objective of each divergence
reaches the same verdict in {agree} of {len(rows)} cases; the means differ by {shift:.3f} at most, the deviations by
{math.expm1(ratio):.0%}.

| divergence | mean | deviation | minimum | mean, learned | deviation | divergence | directly | learned |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(table)}

"Minimum" is of a search over mean and deviation with both densities integrated numerically, the best of six starts;
"divergence", of the learned Q, is computed in the same way. JS is half the value of the objective of the same name.
Measured and written by `python benchmarks/divergences.py` in {seconds:.0f} seconds.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8000, help="discriminator steps of each training")
    parser.add_argument("--only", help="only the divergences whose name contains this; prints, writes nothing")
    arguments = parser.parse_args()
    started, rows = time.monotonic(), []
    for case in CASES:
        if arguments.only and arguments.only not in case.name:
            continue
        rows.append((case, minimized(case), learned(case, steps=arguments.steps)))
        print(case.name, *(f"{q.mean:+.3f} {q.deviation:.3f} {q.divergence:.4f} {in_words(q)};" for q in rows[-1][1:]))
    if arguments.only:
        return
    RESULTS.mkdir(exist_ok=True)
    pictures.save(picture(rows), RESULTS / "divergences.png")
    (RESULTS / "divergences.md").write_text(report(rows, time.monotonic() - started), encoding="utf-8")


if __name__ == "__main__":
    main()
