"""CUT against CycleGAN on a pair of domains with a known truth: python benchmarks/unpaired.py

From OpenMoji's colors to its line drawings, trained on unpaired halves; measured on held-out emoji, whose drawing is
known. Writes zoo/cut-openmoji/experiment.json and comparison.png, which the card shows; write the card after it.
The time is that of a step, in seconds of the processor, times the recipe's steps, on one core or more.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan import zoo
from kerasgan.evaluation import evaluate
from kerasgan.evaluation.pair_card import translation_scores
from kerasgan.files import pictures

ENTRIES = {"CycleGAN": "cyclegan-openmoji", "CUT": "cut-openmoji"}
FAST = {"nce_weight": 10.0, "identity": False, "flip_equivariance": True}
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


def row(name: str, scores: dict[str, np.ndarray], minutes: str) -> list[str]:
    error, dB, similarity = (
        scores[key].mean() for key in ("mean_absolute_error", "peak_signal_to_noise", "structural_similarity")
    )
    return [name, f"{error:.3f}", f"{dB:.2f}", f"{similarity:.3f}", minutes]


def loaded(entry: str, runs: Path | None) -> Any:
    return zoo.load(entry) if runs is None else zoo.load(entry, weights=runs / entry / "gan.keras")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, help="where runs lie whose weights are measured instead of the bundled")
    arguments = parser.parse_args()
    recipes = {name: zoo.recipe(entry) for name, entry in ENTRIES.items()}
    (held_out,) = evaluate.held_out_pairs(recipes["CUT"]).values()
    inputs, targets = held_out.examples(held_out.count)
    chosen = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    shown, rows, minutes = [inputs[chosen]], [], {}
    for name, recipe in recipes.items():
        gan = loaded(ENTRIES[name], arguments.runs)
        direction = next(iter(gan.directions), None)
        scores, plain = translation_scores(gan, inputs, targets, direction=direction)
        minutes[name] = seconds_per_step(recipe) * recipe.train["steps"] / 60
        rows += [] if rows else [row("the colors, made gray", plain, "")]
        rows.append(row(name, scores, f"{minutes[name]:.1f}"))
        shown.append(np.repeat(gan.predict(inputs[chosen], direction=direction), 3, axis=-1))
    shown.append(np.repeat(targets[chosen], 3, axis=-1))
    fast = dataclasses.replace(recipes["CUT"], model={**recipes["CUT"].model, **FAST})
    share = seconds_per_step(fast) * fast.train["steps"] / 60 / minutes["CycleGAN"]
    text = (
        f"{len(targets)} held-out emoji, from colors to lines, after {recipes['CUT'].train['steps']:,} steps of both, "
        f"with the same generator and discriminator. CUT's step takes {minutes['CUT'] / minutes['CycleGAN']:.0%} of "
        f"CycleGAN's processor time, FastCUT's {share:.0%}.\n\n![colors, CycleGAN, CUT, true lines](comparison.png)"
    )
    folder = recipes["CUT"].folder
    grid = np.stack(shown, axis=1).reshape(-1, *shown[0].shape[1:])
    pictures.save(pictures.grid(grid, columns=len(shown)), folder / "comparison.png")
    content = {
        "title": "CUT and CycleGAN",
        "columns": ["", "mean absolute error", "PSNR", "SSIM", "core-minutes"],
        "rows": rows,
        "text": text,
        "command": "python benchmarks/unpaired.py",
    }
    print(*(" | ".join(cells) for cells in [content["columns"], *rows]), text, sep="\n")
    (folder / "experiment.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
