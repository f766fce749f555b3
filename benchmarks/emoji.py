"""Three families for few images, trained on emoji of faces for equal processor time: one table, and their samples.

    python benchmarks/emoji.py --train FastGAN    # trains, or resumes, in runs/ENTRY, for the steps below
    python benchmarks/emoji.py                    # measures the three runs

Writes benchmarks/results/emoji.md and emoji.png. Each family trains on the same 99 faces of 64 pixels in batches of 16
with DiffAugment, by its recipe, in bfloat16. The numbers of steps were chosen by the first hundred, so that the
trainings take about equal processor time.
"""

import argparse
from pathlib import Path

import experiments
import numpy as np

import kerasgan
from kerasgan import data, metrics, zoo
from kerasgan.files import pictures
from kerasgan.metrics.classifiers import classifier_features

RESULTS = Path(__file__).parent / "results"
ENTRIES = {"StyleGAN2": "stylegan2-emoji-faces", "R3GAN": "r3gan-emoji-faces", "FastGAN": "fastgan-emoji-faces"}
STEPS = {"StyleGAN2": 5000, "R3GAN": 5000, "FastGAN": 6500}
SEEDS, COLUMNS = (0, 1, 2), 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", nargs="+", choices=ENTRIES, default=[])
    parser.add_argument("--runs", type=Path, default=Path("runs/emoji"))
    arguments = parser.parse_args()
    for family in arguments.train:
        run, steps = arguments.runs / ENTRIES[family], str(STEPS[family])
        experiments.train(ENTRIES[family], run, "--dtype-policy", "mixed_bfloat16", "--steps", steps)
    if not arguments.train:
        report(arguments.runs)


def report(runs: Path) -> None:
    features = classifier_features("emoji")
    faces = data.emoji(**{**zoo.recipe(ENTRIES["FastGAN"]).data, "shuffle": False})
    reals = features(faces.images())
    half = np.random.default_rng(0).permutation(faces.count) < faces.count // 2
    rows, shown = [row("one half of the faces, against the other", "", [(reals[half], reals[~half])])], []
    for family, entry in ENTRIES.items():
        run = runs / entry
        gan = kerasgan.load(run)
        several = [gan.generate(faces.count, seed=seed) for seed in SEEDS]
        shown.append(several[0][:COLUMNS])
        minutes = f"{STEPS[family]:,} steps, {experiments.core_minutes(run):.0f} minutes"
        rows.append(row(family, minutes, [(features(images), reals) for images in several]))
    text = f"""# Emoji faces: three families for few images at equal processor time

`python benchmarks/emoji.py` writes this file. {faces.count} faces of 64 pixels; steps of 16 images, in bfloat16;
minutes of processor time of one training each, start-up included. Means over {len(SEEDS)} sets of {faces.count}
samples; no images are held out, as there are so few. Scores are in the features of the bundled classifier of emoji.
Two rows of samples each, in this order, not chosen: emoji.png.

<!-- table -->

| | training | Frechet distance | precision | recall |
|---|---|---|---|---|
{chr(10).join(rows)}
"""
    (RESULTS / "emoji.md").write_text(text, encoding="utf-8")
    pictures.save(pictures.grid(np.concatenate(shown), columns=COLUMNS // 2), RESULTS / "emoji.png")
    print(text)


def row(name: str, training: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Means of the scores of features beside those of the real images."""
    distance = np.mean([metrics.frechet_distance(ours, reals) for ours, reals in pairs])
    precision, recall = np.mean([metrics.precision_recall(reals, ours) for ours, reals in pairs], axis=0)
    return f"| {name} | {training} | {distance:.3f} | {precision:.2f} | {recall:.2f} |"


if __name__ == "__main__":
    main()
