"""Three families for few images, trained on emoji of faces for about equal processor time: a table, and samples.

    python benchmarks/emoji.py --time FastGAN --steps 500    # counts the time of so many steps, in runs/emoji/ENTRY
    python benchmarks/emoji.py                               # measures the bundled entries

Writes benchmarks/results/emoji.md and emoji.png. Each family was trained by its recipe on the same 99 faces of 64
pixels, in batches of 16 with DiffAugment, in bfloat16. The times are those of runs on one machine, start-up included,
which may be shorter than the recipes: then the time of all steps follows from theirs.
"""

import argparse
from pathlib import Path

import experiments
import numpy as np

import kerasgan
from kerasgan import metrics, zoo
from kerasgan.files import pictures
from kerasgan.metrics.classifiers import classifier_features

RESULTS = Path(__file__).parent / "results"
ENTRIES = {"StyleGAN2": "stylegan2-emoji-faces", "R3GAN": "r3gan-emoji-faces", "FastGAN": "fastgan-emoji-faces"}
SEEDS, COLUMNS = (0, 1, 2), 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", nargs="+", choices=ENTRIES, default=[], help="train these, and count the time")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--runs", type=Path, default=Path("runs/emoji"))
    arguments = parser.parse_args()
    shorter = [] if arguments.steps is None else ["--steps", str(arguments.steps)]
    for family in arguments.time:
        entry = ENTRIES[family]
        experiments.train(entry, arguments.runs / entry, "--dtype-policy", "mixed_bfloat16", *shorter)
    if not arguments.time:
        report(arguments.runs)


def report(runs: Path) -> None:
    features = classifier_features("emoji")
    faces = zoo.source(zoo.recipe(ENTRIES["FastGAN"]))
    reals = features(faces.images())
    half = np.random.default_rng(0).permutation(faces.count) < faces.count // 2
    rows, shown = [row("one half of the faces, against the other", "", [(reals[half], reals[~half])])], []
    for family, entry in ENTRIES.items():
        gan, steps = kerasgan.load(entry), zoo.recipe(entry).train["steps"]
        several = [gan.generate(faces.count, seed=seed) for seed in SEEDS]
        shown.append(several[0][:COLUMNS])
        timed, spent = timing(runs / entry)
        training = f"{steps:,} steps, {spent * steps / timed:.0f} minutes (timed over {timed:,})"
        rows.append(row(f"{family}, `{entry}`", training, [(features(images), reals) for images in several]))
    text = f"""# Emoji faces: three families for few images at about equal processor time

`python benchmarks/emoji.py` writes this file. {faces.count} faces of 64 pixels; steps of 16 images, in bfloat16;
minutes of processor time of one CPU core, by a run of so many steps. One training each; the settings of StyleGAN2 had
been chosen on these faces. Means over {len(SEEDS)} sets of {faces.count} samples, beside the images that were trained
on: none are held out, as there are so few. Scores are in the features of the bundled classifier of emoji.
Two rows of samples each, in this order, not chosen: emoji.png.

<!-- table -->

| | training | Frechet distance | precision | recall |
|---|---|---|---|---|
{chr(10).join(rows)}
"""
    (RESULTS / "emoji.md").write_text(text, encoding="utf-8")
    pictures.save(pictures.grid(np.concatenate(shown), columns=COLUMNS // 2), RESULTS / "emoji.png")
    print(text)


def timing(run: Path) -> tuple[int, float]:
    """The steps of a run, and their processor time in minutes."""
    spent = experiments.core_minutes(run)
    if spent is None:
        raise FileNotFoundError(f"Expected a run whose time was counted, by --time. Received: {run}")
    return zoo.recipe(run / "recipe.toml").train["steps"], spent


def row(name: str, training: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Means of the scores of features beside those of the real images."""
    distance = np.mean([metrics.frechet_distance(ours, reals) for ours, reals in pairs])
    precision, recall = np.mean([metrics.precision_recall(reals, ours) for ours, reals in pairs], axis=0)
    return f"| {name} | {training} | {distance:.3f} | {precision:.2f} | {recall:.2f} |"


if __name__ == "__main__":
    main()
