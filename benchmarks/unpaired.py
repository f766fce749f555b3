"""CUT against CycleGAN on a pair of domains with a known truth: python benchmarks/unpaired.py --runs RUNS

From OpenMoji's colors to its line drawings, trained on unpaired halves; measured on held-out emoji, whose drawing is
known. RUNS holds a run of each entry, and two that take about half of CycleGAN's time, trained by

    kerasgan train cut-openmoji -o RUNS/cut-half --set train.steps=2880 (rates: constant_steps and decay_steps 1440)
    kerasgan train cut-openmoji -o RUNS/fastcut-half --set train.steps=4900 (2450)
        --set model.nce_weight=10.0 --set model.identity=false --set model.flip_equivariance=true

Writes zoo/cut-openmoji/experiment.json and comparison.png, which the card shows; write the card after it. The time is
that of a step, in seconds of the processor, times the run's steps, on one core or more.
"""

import argparse
import time
from pathlib import Path

import experiments
import numpy as np

from kerasgan import zoo
from kerasgan.evaluation import evaluate
from kerasgan.evaluation.pair_card import translation_scores
from kerasgan.files import pictures

RUNS = {
    "CycleGAN": "cyclegan-openmoji",
    "CUT": "cut-openmoji",
    "CUT, shorter": "cut-half",
    "FastCUT, shorter": "fastcut-half",
}
STEPS, ROUNDS = 40, 5
SHOWN = 10


def seconds_per_step(recipe: zoo.Recipe) -> float:
    """Seconds of the processor, of a fresh model; the least of several rounds, as others may use the machine."""
    gan, source = zoo.build(recipe), zoo.source(recipe)
    gan.fit(source, steps_per_epoch=5, verbose=0)
    rounds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        gan.fit(source, steps_per_epoch=STEPS, verbose=0)
        rounds.append((time.process_time() - begin) / STEPS)
    return min(rounds)


def row(name: str, scores: dict[str, np.ndarray], *cost: str) -> list[str]:
    error, dB, similarity = (
        scores[key].mean() for key in ("mean_absolute_error", "peak_signal_to_noise", "structural_similarity")
    )
    return [name, f"{error:.3f}", f"{dB:.2f}", f"{similarity:.3f}", *cost]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="where the runs lie")
    runs = {name: parser.parse_args().runs / folder for name, folder in RUNS.items()}
    recipes = {name: zoo.recipe(run / "recipe.toml") for name, run in runs.items()}
    (held_out,) = evaluate.held_out_pairs(recipes["CUT"]).values()
    inputs, targets = held_out.examples(held_out.count)
    chosen = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    shown, rows, seconds, errors = [inputs[chosen]], [], {}, {}
    for name, recipe in recipes.items():
        gan = zoo.load(recipe.path, weights=runs[name] / "gan.keras")
        direction = next(iter(gan.directions), None)
        scores, plain = translation_scores(gan, inputs, targets, direction=direction)
        seconds[name], errors[name] = seconds_per_step(recipe), scores["mean_absolute_error"].mean()
        rows += [] if rows else [row("the colors, made gray", plain, "", "")]
        steps = recipe.train["steps"]
        rows.append(row(name, scores, f"{steps:,}", f"{seconds[name] * steps / 60:.1f}"))
        shown.append(np.repeat(gan.predict(inputs[chosen], direction=direction), 3, axis=-1))
    shown.append(np.repeat(targets[chosen], 3, axis=-1))
    share, fast = (seconds[name] / seconds["CycleGAN"] for name in ("CUT", list(RUNS)[-1]))
    reached = min(error for name, error in errors.items() if "shorter" in name) <= errors["CycleGAN"]
    text = (
        f"{len(targets)} held-out emoji, from colors to lines, with the same generator and discriminator; one training "
        f"each. CUT's step takes {share:.0%} of CycleGAN's processor time, FastCUT's {fast:.0%}. "
        "The shorter trainings, of about half of CycleGAN's time, "
        f"{'reach' if reached else 'do not reach'} it here.\n\n"
        f"![colors, {', '.join(RUNS)}, true lines](comparison.png)"
    )
    folder = zoo.recipe("cut-openmoji").folder
    grid = np.stack(shown, axis=1).reshape(-1, *shown[0].shape[1:])
    pictures.save(pictures.grid(grid, columns=len(shown)), folder / "comparison.png")
    experiments.save(
        folder,
        title="CUT and CycleGAN",
        columns=["", "mean absolute error", "PSNR", "SSIM", "steps", "core-minutes"],
        rows=rows,
        text=text,
        command="python benchmarks/unpaired.py --runs RUNS",
    )


if __name__ == "__main__":
    main()
