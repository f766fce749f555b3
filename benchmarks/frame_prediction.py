"""Frame prediction compared in tables: losses, and horizons.

    python benchmarks/frame_prediction.py                       # 8 minutes on a core; zoo/video-digits/experiment.json
    python benchmarks/frame_prediction.py --entry video-emoji   # 10 minutes; zoo/video-emoji/experiment.json

Of video-digits other losses are trained here, of video-emoji another horizon, each otherwise as the entry's recipe
says, and kept in runs/; the last row is the bundled entry. All are measured on the same held-out clips, whose sprites
are in no training set.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import experiments
import numpy as np

from kerasgan import zoo
from kerasgan.evaluation.pair_card import translation_scores
from kerasgan.training import train

ALONE = {"gradient_weight": 0.0, "adversarial_weight": 0.0, "discriminator_width": 1}  # the discriminator has no effect
LOSSES: dict[str, dict[str, Any]] = {
    "l2": {**ALONE, "pixel_power": 2},
    "l1": {**ALONE, "pixel_power": 1},
    "gdl": {**ALONE, "pixel_power": 1, "gradient_weight": 1.0},
}
OTHERS = {"video-digits": LOSSES, "video-emoji": {"one": {"horizon": 1}}}
COPY = "the newest frame, copied"
TITLES = {
    "video-digits": {
        "copy": COPY,
        "l2": "squared errors (l2)",
        "l1": "absolute errors (l1)",
        "gdl": "l1 and gradient differences (GDL)",
        "bundled": "l2, GDL and adversarial: this entry",
    },
    "video-emoji": {
        "copy": COPY,
        "one": "trained on the next frame alone",
        "bundled": "trained on its own predictions: this entry",
    },
}
COLUMNS = [
    "loss",
    "frame",
    "PSNR",
    "SSIM",
    "sharpness",
    "PSNR, moving",
    "SSIM, moving",
    "sharpness, moving",
    "detail, moving",
]
MEASURES = ("peak_signal_to_noise", "structural_similarity", "sharpness_difference")


def changed(recipe: zoo.Recipe, settings: dict[str, Any]) -> zoo.Recipe:
    return dataclasses.replace(recipe, model={**recipe.model, **settings})


def trained(recipe: zoo.Recipe, run: Path) -> Any:
    """The recipe's model, trained into a run folder unless a finished one is there."""
    if (run / "gan.keras").is_file():
        return zoo.load(run / "recipe.toml", weights=run / "gan.keras")
    return train.train(recipe, output=run)


def rows_of(title: str, scores: dict[str, np.ndarray], future: int) -> list[list[str]]:
    """A row for the first frame that follows, and one for the last."""
    rows = []
    for place in (1, future):
        number = f"_frame_{place}" if place > 1 else ""
        digits = dict(zip(MEASURES, (2, 3, 2)))
        cells = [
            f"{scores[name + area + number].mean():.{digits[name]}f}" for area in ("", "_moving") for name in MEASURES
        ]
        rows.append([title, str(place), *cells, f"{scores[f'sharpness_ratio_moving{number}'].mean():.2f}"])
    return rows


def experiment(entry: str, recipe: zoo.Recipe, scores: dict[str, dict[str, np.ndarray]], count: int) -> dict[str, Any]:
    """The content of the card: title, command, columns, rows, text."""
    future, losses = recipe.data["future"], entry == "video-digits"
    text = (
        f"The same generator, optimizer, seed and {recipe.train['steps']:,} steps; {count} held-out clips. "
        "PSNR, SSIM and sharpness as the paper's code computes them (`kerasgan.metrics.frame_scores`), on whole frames "
        "and where they move; sharpness: how near gradients come to the true ones, in dB. Detail: total variation in "
        "units of the true frame's, 1 being as sharp"
    )
    return {
        "title": "Losses compared" if losses else "Predictions of predictions, in training and not",
        "command": "python benchmarks/frame_prediction.py" + ("" if losses else f" --entry {entry}"),
        "columns": COLUMNS,
        "rows": [row for name, title in TITLES[entry].items() for row in rows_of(title, scores[name], future)],
        "text": text + (sharper if losses else closer)(scores, future),
    }


def sharper(scores: dict[str, dict[str, np.ndarray]], future: int) -> str:
    (now, blurred), (later, faded) = (
        [scores[name][f"sharpness_ratio_moving{place}"].mean() for name in ("bundled", "l2")]
        for place in ("", f"_frame_{future}")
    )
    return (
        f": {now:.2f} with the adversarial loss and {blurred:.2f} with squared errors alone, and {later:.2f} against "
        f"{faded:.2f} in frame {future}, predicted from predictions."
    )


def closer(scores: dict[str, dict[str, np.ndarray]], future: int) -> str:
    gains = (
        scores["bundled"][f"peak_signal_to_noise_frame_{future}"]
        - scores["one"][f"peak_signal_to_noise_frame_{future}"]
    )
    error = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
    return f". Frame {future} gains {gains.mean():.1f} dB ± {error:.1f} (95 %, over clips; one training each)."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--entry", choices=[*OTHERS], default="video-digits", help="the entry that others are compared with"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the other losses' runs are kept")
    parser.add_argument("--only", help="train this one of the others, and write nothing")
    arguments = parser.parse_args()
    entry, recipe = arguments.entry, zoo.recipe(arguments.entry)
    if arguments.only not in (None, *OTHERS[entry]):
        parser.error(f"expected --only to be one of {', '.join(OTHERS[entry])}")
    models = {
        name: trained(changed(recipe, settings), arguments.runs / f"{entry}-{name}")
        for name, settings in OTHERS[entry].items()
        if arguments.only in (None, name)
    }
    if arguments.only:
        return
    models["bundled"] = zoo.load(entry)
    held_out = zoo.source(dataclasses.replace(recipe, data={**recipe.data, "split": "test"}))
    inputs, targets = held_out.examples(held_out.count)
    scores = {}
    for name, gan in models.items():
        scores[name], scores["copy"] = translation_scores(gan, inputs, targets)
    found = experiment(entry, recipe, scores, len(inputs))
    experiments.save(recipe.folder, **found)


if __name__ == "__main__":
    main()
