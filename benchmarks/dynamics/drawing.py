"""The pictures, with matplotlib."""

import matplotlib
import numpy as np

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from measure import POINTS, RATE, SIDE, Found

COLORS = {"converges": "#1a7f37", "comes nearer": "#5a8f29", "circles": "#b07d00", "diverges": "#c0282d"}
TITLES = {"bilinear": "the bilinear game", "dirac": "the Dirac-GAN with the non-saturating loss"}
COLUMNS = 5
plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9, "axes.spines.top": False})
plt.rcParams.update({"axes.spines.right": False, "axes.edgecolor": "#999999", "xtick.color": "#555555"})
plt.rcParams.update({"ytick.color": "#555555", "savefig.dpi": 110, "savefig.facecolor": "white"})


def paths(rows: list[Found]) -> Figure:
    """A panel for each method on one game: its field, its path from dark to light, what becomes of it."""
    lines = -(-len(rows) // COLUMNS)
    figure, axes = plt.subplots(lines, COLUMNS, figsize=(2.5 * COLUMNS, 2.75 * lines), layout="constrained")
    for axis in axes.flat[len(rows) :]:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, rows):
        path(axis, row)
    for axis in axes[:, 0]:
        axis.set_ylabel(r"$\psi$, the discriminator", color="#555555")
    for axis in axes.flat[max(0, len(rows) - COLUMNS) : len(rows)]:
        axis.set_xlabel(r"$\theta$, the generator", color="#555555")
    first = rows[0]
    figure.suptitle(f"{len(first.path) - 1} steps of rate {RATE:g} on {TITLES[first.game]}", fontsize=12)
    return figure


def path(axis: plt.Axes, row: Found) -> None:
    side = np.linspace(-SIDE, SIDE, POINTS)
    lengths = np.linalg.norm(row.field, axis=-1, keepdims=True)
    arrows = row.field / np.maximum(lengths, 1e-9) * np.minimum(lengths, 1.5) ** 0.5
    axis.quiver(side, side, arrows[..., 0], arrows[..., 1], color="#b3bfce", scale=14, width=0.008, pivot="mid")
    pieces = np.stack([row.path[:-1], row.path[1:]], axis=1)
    lines = LineCollection(pieces, cmap="viridis", linewidths=1.2)
    lines.set_array(np.arange(len(pieces)))
    axis.add_collection(lines)
    axis.plot(*row.path[0], "o", color="#440154", markersize=5)
    inside = np.abs(row.path[-1]).max() < SIDE
    if inside:
        axis.plot(*row.path[-1], "s", color="#e0b400", markersize=5, markeredgecolor="#555555", markeredgewidth=0.5)
    axis.plot(0, 0, "+", color="black", markersize=9)
    axis.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axis.set_title(row.method.title, color="#222222")
    verdict = row.verdict
    axis.text(0.03, 0.03, verdict, transform=axis.transAxes, color=COLORS[verdict], fontweight="bold", fontsize=8)


def spectra(rows: list[Found]) -> Figure:
    """The eigenvalues of a step at the equilibrium beside the unit circle: measured and in closed form."""
    figure = plt.figure(figsize=(13.5, 5.4))
    for left, game in zip((0.05, 0.55), TITLES):
        axis = figure.add_axes((left, 0.1, 0.25, 0.78))  # with its legend beside it
        angle = np.linspace(-1, 1, 400)
        axis.plot(np.cos(angle), np.sin(angle), color="#888888", linewidth=1)
        axis.fill_between(np.cos(angle), np.sin(angle), color="#eef4ee", zorder=0)
        several = [row for row in rows if row.game == game and row.expected is not None]
        for index, row in enumerate(several):
            color = plt.get_cmap("tab10")(index % 10)
            near = row.expected[row.expected.real > 0.55]  # the others are those of the slots, near 0
            axis.plot(near.real, near.imag, "o", color=color, markersize=9, fillstyle="none", markeredgewidth=1.3)
            label = f"{row.method.title}: {row.radius:.3f}"
            axis.plot(row.measured.real, row.measured.imag, "x", color=color, markersize=5, label=label)
        axis.set(xlim=(0.77, 1.09), ylim=(-0.02, 0.4), aspect="equal", xlabel="real part", ylabel="imaginary part")
        axis.set_title(TITLES[game], fontsize=11)
        axis.legend(
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            fontsize=8,
            frameon=False,
            title="largest modulus",
            title_fontsize=8,
        )
    figure.suptitle(
        "Eigenvalues of a step at the equilibrium, upper half: measured (x), closed form (o); inside it converges"
    )
    return figure


def distances(rows: list[Found]) -> Figure:
    """How far from the equilibrium each method is after each step."""
    figure, axes = plt.subplots(1, 2, figsize=(12.5, 4.6), layout="constrained", sharey=True)
    for axis, game in zip(axes, TITLES):
        for index, row in enumerate(row for row in rows if row.game == game):
            style = "-" if index < 10 else "--"
            axis.semilogy(row.distances, style, color=plt.get_cmap("tab10")(index % 10), label=row.method.title)
        axis.set(ylim=(1e-4, 30), xlabel="step")
        axis.set_title(TITLES[game], fontsize=11)
        axis.grid(color="#eeeeee")
    axes[0].set_ylabel("distance from the equilibrium")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    return figure
