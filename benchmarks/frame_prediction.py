"""Losses of frame prediction in one table: squared errors, absolute errors, gradient differences, adversarial.

    python benchmarks/frame_prediction.py    # 8 minutes on a core; writes zoo/video-digits/experiment.json

The first three are trained here as the recipe of video-digits says, but for their losses, and kept in runs/; the last
is the bundled entry. All are measured on the same held-out clips, whose digits are in no training set.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan import zoo
from kerasgan.evaluation.pair_card import translation_scores
from kerasgan.training import train

ENTRY = "video-digits"
ALONE = {"gradient_weight": 0.0, "adversarial_weight": 0.0, "discriminator_width": 1}  # the discriminator has no effect
LOSSES: dict[str, dict[str, Any]] = {
    "l2": {**ALONE, "pixel_power": 2},
    "l1": {**ALONE, "pixel_power": 1},
    "gdl": {**ALONE, "pixel_power": 1, "gradient_weight": 1.0},
}
TITLES = {
    "copy": "the newest frame, copied",
    "l2": "squared errors (l2)",
    "l1": "absolute errors (l1)",
    "gdl": "l1 and gradient differences (GDL)",
    "adversarial": "l2, GDL and adversarial: this entry",
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


def experiment(recipe: zoo.Recipe, scores: dict[str, dict[str, np.ndarray]], count: int) -> dict[str, Any]:
    """The content of the card: title, command, columns, rows, text."""
    future = recipe.data["future"]
    detail = {
        place: [scores[name][f"sharpness_ratio_moving{place}"].mean() for name in ("adversarial", "l2")]
        for place in ("", f"_frame_{future}")
    }
    (now, blurred), (later, faded) = detail.values()
    return {
        "title": "Losses compared",
        "command": "python benchmarks/frame_prediction.py",
        "columns": COLUMNS,
        "rows": [row for name, title in TITLES.items() for row in rows_of(title, scores[name], future)],
        "text": f"The same generator, optimizer, seed and {recipe.train['steps']:,} steps; {count} held-out clips. "
        "PSNR, SSIM and sharpness as the paper's code computes them (`kerasgan.metrics.frame_scores`), on whole frames "
        "and where they move; sharpness: how near gradients come to the true ones, in dB. Detail: total variation in "
        f"units of the true frame's, 1 being as sharp: {now:.2f} with the adversarial loss and {blurred:.2f} with "
        f"squared errors alone, and {later:.2f} against {faded:.2f} in frame {future}, predicted from predictions.",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the other losses' runs are kept")
    parser.add_argument("--only", choices=[*LOSSES], help="train this one, and write nothing")
    arguments = parser.parse_args()
    recipe = zoo.recipe(ENTRY)
    models = {
        name: trained(changed(recipe, settings), arguments.runs / f"{ENTRY}-{name}")
        for name, settings in LOSSES.items()
        if arguments.only in (None, name)
    }
    if arguments.only:
        return
    models["adversarial"] = zoo.load(ENTRY)
    held_out = zoo.source(dataclasses.replace(recipe, data={**recipe.data, "split": "test"}))
    inputs, targets = held_out.examples(held_out.count)
    scores = {}
    for name, gan in models.items():
        scores[name], scores["copy"] = translation_scores(gan, inputs, targets)
    found = experiment(recipe, scores, len(inputs))
    print("\n".join(" | ".join(cells) for cells in [found["columns"], *found["rows"]]), found["text"], sep="\n")
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    Path(recipe.folder / "experiment.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
