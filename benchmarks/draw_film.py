"""Writes export/web/drawing.gif: a smiley is drawn on the page of `pix2pix-openmoji`, and colored meanwhile.

Needs Chromium and, once, npm for ONNX Runtime Web. With other weights than the entry's:
python benchmarks/draw_film.py --weights runs/pix2pix-openmoji/gan.keras
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import kerasgan
from kerasgan import zoo
from kerasgan.evaluation import evaluate
from kerasgan.files import films

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import browser  # noqa: E402  (the tests' own)

WINDOW = {"width": 1100, "height": 860, "deviceScaleFactor": 1, "mobile": False}
WIDTH, FPS = 640, 12
COLORS, LARGEST = (96, 64, 48, 32, 24), 600 * 1024  # as many colors as fit into so many bytes
POINTS = 3  # of a stroke, between two frames
HELD = 24  # times that the last frame is shown
READY = "document.getElementById('main').getAttribute('aria-busy') === 'false' && page.drawing.easel.frame === null"


def arc(center: tuple[float, float], radius: tuple[float, float], turns: tuple[float, float], count: int) -> np.ndarray:
    """Points (count, 2) of a part of an ellipse: from one number of turns to another, clockwise from the right."""
    angles = 2 * np.pi * np.linspace(*turns, count)
    return np.array(center) + np.array(radius) * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def smiley() -> list[np.ndarray]:
    """Strokes on a sheet from 0 to 1, of a hand that is not quite steady."""
    chance = np.random.default_rng(0)
    mouth = arc((0.5, 0.56), (0.19, 0.18), (0.02, 0.48), 30)
    strokes = [
        arc((0.5, 0.5), (0.33, 0.33), (-0.27, 0.74), 72),
        arc((0.39, 0.42), (0.01, 0.025), (0, 1.5), 12),
        arc((0.61, 0.42), (0.01, 0.025), (0, 1.5), 12),
        np.concatenate([np.linspace(mouth[-1], mouth[0], 15), mouth]),
    ]
    return [stroke + 0.012 * _slow(chance.standard_normal(stroke.shape)) for stroke in strokes]


def _slow(noise: np.ndarray, steps: int = 11) -> np.ndarray:
    """Noise (count, 2) without what is faster than some steps."""
    return np.stack([np.convolve(each, np.ones(steps) / steps, mode="same") for each in noise.T], axis=1)


def frames(page: Any) -> Iterator[Image.Image]:
    """The sheet and its colors while the smiley is drawn."""
    page.call("Emulation.setDeviceMetricsOverride", **WINDOW)
    page.wait("window.page?.drawing?.easel.done.length === 1", 120)
    page.js("document.getElementById('wipe').click(); document.getElementById('invitation').style.display = 'none'")

    def box(name: str) -> dict[str, float]:
        return page.js(f"document.getElementById('{name}').getBoundingClientRect().toJSON()")

    def taken() -> Image.Image:
        page.wait(READY)
        at = {key: box("easel")[key] for key in ("x", "y", "width", "height")}
        picture = Image.open(io.BytesIO(page.screenshot(**at, scale=WIDTH / at["width"])))
        return picture.convert("RGB")

    sheet = box("drawing")
    yield taken()
    for stroke in smiley():
        places = [(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"]) for x, y in stroke]
        page.mouse("Pressed", *places[0])
        for start in range(1, len(places), POINTS):
            for place in places[start : start + POINTS]:
                page.mouse("Moved", *place)
            yield taken()
        page.mouse("Released", *places[-1])
    page.mouse("Moved", 1, 1, button="none", buttons=0)
    yield taken()


def flat(pictures: list[Image.Image], colors: int) -> list[Image.Image]:
    """The pictures in one palette for all, without dithering: what stays the same costs nothing."""
    width, height = pictures[0].size
    some = Image.new("RGB", (width, 4 * height))
    for row in range(4):
        some.paste(pictures[(row + 1) * (len(pictures) - 1) // 4], (0, row * height))
    palette = some.quantize(colors)
    return [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", type=Path, help="a .keras or .weights.h5 file instead of the entry's weights")
    parser.add_argument("--output", "-o", type=Path, default=ROOT / "export" / "web" / "drawing.gif")
    given = parser.parse_args()
    recipe = zoo.recipe("pix2pix-openmoji")
    gan = kerasgan.load(recipe.name, **({"weights": given.weights} if given.weights else {}))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page")
        kerasgan.export.web(gan, page, entry=recipe.name, examples=evaluate.examples(recipe), vendor=True)
        opened = browser.Browser(Path(folder, "profile"))
        try:
            with opened.page((page / "index.html").as_uri()) as shown:
                taken = list(frames(shown))
        finally:
            opened.close()
    for colors in COLORS:
        films.save(flat([*taken, *[taken[-1]] * HELD], colors), given.output, fps=FPS)
        if given.output.stat().st_size <= LARGEST:
            break
    print(f"{given.output}: {len(taken)} frames, {colors} colors, {given.output.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
