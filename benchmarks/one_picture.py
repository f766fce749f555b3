"""What SinGAN makes of other pictures: objects that are pasted in, and enlargements.

    python benchmarks/one_picture.py                 # of singan-landscape as it is bundled; needs Google's emoji
    python benchmarks/one_picture.py --run runs/...  # of a run

Objects are pasted in and redrawn by each of the last scales (1905.01164, section 4, harmonization); elsewhere the
picture is as it was. Enlarged twice to 4/3 by the finest scale (super-resolution), beside bicubic interpolation and the
photograph in that size. Writes experiment.json, harmonized.png and enlarged.png in zoo/singan-landscape, which the card
shows; write the card after it.
"""

from pathlib import Path
from typing import Any

import experiments
import numpy as np
from scipy import ndimage

from kerasgan import data, metrics, zoo
from kerasgan.data.decoding import resized
from kerasgan.data.sources import scaled
from kerasgan.files import pictures

ENTRY = "singan-landscape"
# what, the side as a share of the picture's height, and where the middle is as shares of height and width
OBJECTS = (("animal-mammal", "1F42A", 0.42, (0.72, 0.66)), ("plant-other", "1F335", 0.42, (0.66, 0.72)))
SCALES = 3
ROUNDS = 2
MARGIN = 0.04  # around an object, of the picture's height, is redrawn as well


def pasted(picture: np.ndarray, emoji: np.ndarray, share: float, middle: tuple[float, float]) -> Any:
    """A picture in [-1, 1] with an emoji (size, size, 4) in [-1, 1] on it, and where it is redrawn, from 0 to 1."""
    height, width = picture.shape[:2]
    side = round(height * share)
    top, left = round(height * middle[0] - side / 2), round(width * middle[1] - side / 2)
    small = resized(emoji[np.newaxis], size=(side, side))[0]
    alpha = np.zeros((height, width, 1), "float32")
    alpha[top : top + side, left : left + side] = np.clip((small[..., 3:] + 1) / 2, 0, 1)
    whole = np.zeros_like(picture)
    whole[top : top + side, left : left + side] = small[..., :3]
    margin = round(height * MARGIN)
    near = ndimage.binary_dilation(alpha[..., 0] > 0.1, iterations=2 * margin).astype("float32")
    return alpha * whole + (1 - alpha) * picture, ndimage.gaussian_filter(near, margin / 2)[..., np.newaxis]


def harmonized(gan: Any, picture: np.ndarray, folder: Path) -> None:
    """Rows: an object pasted in, then redrawn by each of the last scales, the coarsest first."""
    count, cells = len(gan.sizes), []
    scales = range(count - SCALES, count)
    for group, code, share, middle in OBJECTS:
        source = data.emoji(image_size=64, channels=4, split="all", only=[group], shuffle=False)
        whole, near = pasted(picture, scaled(source.images())[place_of(code, group)], share, middle)
        made = [gan.inject(whole[np.newaxis], scale=each, seed=0)[0] for each in scales]
        cells += [whole, *(near * each + (1 - near) * picture for each in made)]
    pictures.save(pictures.grid(np.stack(cells), columns=SCALES + 1), folder / "harmonized.png")


def place_of(code: str, group: str) -> int:
    from kerasgan.data.packages import emoji_table

    return [each for each, (_, name) in emoji_table.groups().items() if name == group].index(code)


def enlarged(gan: Any, name: str, picture: np.ndarray, folder: Path) -> list[list[str]]:
    """Rows of scores of bicubic interpolation and SinGAN against the photograph."""
    made = picture[np.newaxis]
    for number in range(ROUNDS):
        made = gan.inject(made, image_size=[round(side * 4 / 3) for side in made.shape[1:3]], seed=number)
    size = made.shape[1:3]
    truth = scaled(data.landscapes(picture=name, image_size=size).images())
    plain = np.clip(resized(picture[np.newaxis], size=size, crop="stretch"), -1, 1)
    rows = []
    for title, images in {"bicubic": plain, "SinGAN": made, "the photograph": truth}.items():
        against = ["", ""]
        if images is not truth:
            noise, alike = (
                score(images, truth)[0] for score in (metrics.peak_signal_to_noise, metrics.structural_similarity)
            )
            against = [f"{noise:.2f}", f"{alike:.3f}"]
        rows.append([title, *against, f"{metrics.sharpness(images)[0]:.3f}"])
    pictures.save(pictures.grid(np.concatenate([plain, made, truth]), columns=3), folder / "enlarged.png")
    return rows


def main() -> None:
    run = experiments.parser(__doc__).parse_args().run
    recipe = zoo.recipe(ENTRY)
    gan: Any = experiments.model(ENTRY, run)
    height, width = gan.image_shape[:2]
    picture = scaled(data.landscapes(picture=recipe.data["picture"], image_size=(height, width)).images())[0]
    harmonized(gan, picture, recipe.folder)
    rows = enlarged(gan, recipe.data["picture"], picture, recipe.folder)
    experiments.save(
        recipe.folder,
        title="Other pictures through it",
        columns=["", "PSNR", "SSIM", "sharpness"],
        rows=rows,
        text=(
            "Harmonization: emoji (Google's, Apache-2.0) pasted into the photograph, then redrawn by the scales "
            f"{', '.join(str(len(gan.sizes) - SCALES + each) for each in range(SCALES))} and those above, in this "
            "order: `gan.inject(images, scale=...)`. A coarse scale makes sand and rock of them, the finest keeps "
            "their shape and gives them the photograph's colors and grain.\n\n![pasted, redrawn](harmonized.png)\n\n"
            f"Super-resolution: {ROUNDS} times to 4/3 by the finest scale, beside bicubic interpolation and the "
            "photograph (the table). What it draws is not what was there.\n\n"
            "![bicubic, SinGAN, the photograph](enlarged.png)"
        ),
        command="python benchmarks/one_picture.py",
    )


if __name__ == "__main__":
    main()
