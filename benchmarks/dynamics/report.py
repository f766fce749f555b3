"""Tables of what was found."""

from pathlib import Path
from typing import Any

import numpy as np
from measure import START, STEPS, Found

HEAD = """# The saddle point drawn

![paths on the bilinear game](dynamics-bilinear.png)

![paths on the Dirac-GAN](dynamics-dirac.png)

![eigenvalues](dynamics-eigenvalues.png)

![distances](dynamics-distances.png)
"""
UNDER_GAMES = f"""
Each method differs from simultaneous gradient descent in what its name says; the optimizers of both networks are
equal. "Largest modulus" is that of the eigenvalues of a step at the equilibrium in closed form; "off by" how far the
derivatives of the package's own step are from them. "After {STEPS}": the distance after {STEPS} steps from
{START}, at a distance of 1, or where it passed 1,000. Adam, and WGAN-GP at a slope of zero, have no derivative there.
Instance noise of the bilinear game does nothing but add noise: the losses have no curvature. Within its bounds WGAN is
that game unbounded.
"""
UNDER_IMAGES = """
DCGAN of 16 pixels without batch normalization in the discriminator, {steps} steps of 64 images, Adam(5e-4, 0.5, 0.99)
unless the name says otherwise; Frechet distances in the pixels of 8x8 thumbnails between 4,000 samples and as many test
images, lower is better, mean and range over {seeds} seeds. "Gradients" is the number of gradients of each network that
a step takes; seconds are of the processor, compilation included.
"""


def line(row: Found) -> str:
    eigenvalues = f"{row.radius:.4f}, off by {row.error:.0e}" if row.expected is not None else ""
    return f"{row.game:9} {row.method.title:34} {row.verdict:13} {row.distances[-1]:8.4f}  {eigenvalues}"


def games(rows: list[Found]) -> list[dict[str, Any]]:
    return [
        {
            "game": row.game,
            "method": row.method.title,
            "verdict": row.verdict,
            "distance": float(row.distances[-1]),
            "modulus": row.radius,
            "error": None if row.expected is None else row.error,
        }
        for row in rows
    ]


def draw(rows: list[Found], folder: Path) -> None:
    import drawing  # matplotlib is asked for by what draws alone

    of_game = {name: [row for row in rows if row.game == name] for name in drawing.TITLES}
    figures = {name: drawing.paths(several) for name, several in of_game.items()}
    figures |= {"eigenvalues": drawing.spectra(rows), "distances": drawing.distances(rows)}
    for name, figure in figures.items():
        figure.savefig(folder / f"dynamics-{name}.png")


def markdown(kept: dict[str, Any]) -> str:
    parts = [HEAD]
    for name, title in (("bilinear", "The bilinear game"), ("dirac", "The Dirac-GAN, non-saturating")):
        several = [row for row in kept.get("games", []) if row["game"] == name]
        parts.append(f"## {title}\n\n| | the path | after {STEPS} | largest modulus | off by |\n|---|---|---|---|---|")
        parts += [
            f"| {row['method']} | {row['verdict']} | {row['distance']:.3g} | {_modulus(row)} |" for row in several
        ]
        parts.append("")
    parts.append(UNDER_GAMES.strip())
    if images := kept.get("images"):
        parts += ["\n## Fashion-MNIST\n", *_images(images)]
    return "\n".join(parts) + "\n\nMeasured and written by `python benchmarks/dynamics`.\n"


def _modulus(row: dict[str, Any]) -> str:
    return " | " if row["modulus"] is None else f"{row['modulus']:.4f} | {row['error']:.0e}"


def _images(images: dict[str, Any]) -> list[str]:
    by_method: dict[str, list[dict[str, Any]]] = {}
    for key, row in images.items():
        by_method.setdefault(key.partition(" | ")[0], []).append(row)
    steps = sorted({int(step) for rows in by_method.values() for row in rows for step in row["distances"]})
    columns = " | ".join(f"step {step}" for step in steps)
    lines = [f"| | gradients | {columns} | seconds |", "|---|---|" + "---|" * (len(steps) + 1)]
    for name, rows in by_method.items():
        cells = [_range([row["distances"][str(step)] for row in rows]) for step in steps]
        seconds = np.mean([row["seconds"] for row in rows])
        lines.append(f"| {name} | {rows[0]['gradients']} | {' | '.join(cells)} | {seconds:.0f} |")
    seeds = max(len(rows) for rows in by_method.values())
    return [*lines, UNDER_IMAGES.format(steps=steps[-1], seeds=seeds).rstrip()]


def _range(values: list[float]) -> str:
    span = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{span}"
