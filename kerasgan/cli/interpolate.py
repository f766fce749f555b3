"""`kerasgan interpolate`: from one latent to another."""

from pathlib import Path

from kerasgan.cli.arguments import (
    Border,
    Count,
    Fps,
    Frames,
    Labels,
    Output,
    Scale,
    Seed,
    Spherical,
    Styles,
    Target,
    Truncation,
    Weights,
)
from kerasgan.cli.walk import travel

__all__ = ["interpolate"]


def interpolate(
    name: Target,
    output: Output = Path("interpolation.png"),
    count: Count = None,
    seed: Seed = 0,
    labels: Labels = None,
    truncation: Truncation = 1.0,
    frames: Frames = None,
    fps: Fps = 20,
    spherical: Spherical = None,
    styles: Styles = None,
    scale: Scale = None,
    border: Border = None,
    weights: Weights = None,
) -> None:
    """Write the way from one latent to another: a PNG with a row for each, or a film there and back."""
    travel(**locals(), closed=False)
