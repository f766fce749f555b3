"""The pictures of the commands that draw: samples, class grids, interpolations and walks, as a PNG, a GIF or an MP4.

A moving picture shows all walks at once; a PNG shows each walk as a row of frames. For a class-conditional model, every
walk is shown in every chosen class, with the same latents.
"""

import collections
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan import exploration
from kerasgan.exploration.walks import prior_of
from kerasgan.files import films, pictures
from kerasgan.files.text import warn

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = [
    "Choice",
    "Look",
    "Motion",
    "checked",
    "grid",
    "move",
    "samples",
    "show",
    "translate",
    "truncations",
]

FEW_CLASSES = 10  # shown side by side if no classes are chosen
STILL_CELL = 128  # largest side in pixels of an image of a still with several
STOPS = 4  # latents through which a walk passes
LARGEST_CELL = 256  # largest side in pixels of one of several images in a moving picture, smallest of a single one


@dataclass(frozen=True)
class Look:
    """How a picture shows its images; None leaves it to the picture.

    Attributes:
        scale: screen pixels per pixel. If not given, small images are enlarged, a single one to 256 pixels or more, and
            large ones of several are shrunk.
        border: screen pixels between images; 0 leaves out the labels, too.
    """

    scale: int | None = None
    border: int | None = None

    def grid(
        self,
        images: np.ndarray,
        *,
        columns: int | None = None,
        cell: int | None = None,
        names: Sequence[str] = (),
        rows: Sequence[str] = (),
        corner: str = "",
    ) -> pictures.Picture:
        """A grid with labels.

        Args:
            images: (count, height, width, channels).
            columns: images per row.
            cell: the smallest height of an image on the screen, if no scale is given.
            names: labels of the columns.
            rows: labels of the rows.
            corner: what the columns' labels are.
        """
        alone = len(images) == 1
        cell = cell or (LARGEST_CELL if alone else None)
        scale = self.scale or (cell and math.ceil(cell / images.shape[1]))
        border = self.border if self.border is not None else 0 if alone else pictures.GAP
        picture = pictures.grid(images, columns=columns, scale=scale, border=border)
        if self.border == 0 or not (names or rows):
            return picture
        return pictures.labeled(picture, columns=names, rows=rows, corner=corner)

    def fitting(self, images: np.ndarray, *, among: int) -> np.ndarray:
        """uint8 images, shrunk so that a screen can show `among` of them at once; a single one keeps its size."""
        return pictures.reduced(images, images.shape[1] if self.scale or among == 1 else LARGEST_CELL)


@dataclass(frozen=True)
class Choice:
    """Which images: how many (None: as many as suit the model), of which classes (None: all, at most ten), and so on.

    `styles` is a file of a style-based model's styles, instead of latents.
    """

    count: int | None = None
    labels: list[int | str] | None = None
    seed: int = 0
    truncation: float = 1.0
    styles: Path | None = None
    look: Look = Look()

    def classes(self, gan: "GAN") -> list[int | str | None]:
        if self.labels is not None:
            return list(self.labels)
        if gan.num_classes is None:
            return [None]
        return [*np.linspace(0, gan.num_classes - 1, min(gan.num_classes, FEW_CLASSES)).astype(int).tolist()]


@dataclass(frozen=True)
class Motion:
    """How latents move: in a closed walk, or from one to another; None leaves the choice to prior and format."""

    closed: bool
    frames: int | None = None
    fps: int = 20
    method: str | None = None

    def length(self, output: Path) -> int:
        """The number of frames for a still or a moving picture."""
        return self.frames or (10 if output.suffix.lower() == ".png" else 60)

    def shares(self, output: Path) -> np.ndarray:
        """Places from 0 to 1 of frames from one end to the other; a film, which then turns back, slows down there."""
        shares = np.linspace(0, 1, self.length(output))
        return shares if output.suffix.lower() == ".png" else exploration.eased(shares)


def checked(output: Path, motion: Motion | None) -> Path:
    """The path, if the picture can be written there; checked before a model is loaded.

    Raises:
        ValueError: for another ending than .png, .gif and .mp4, or a still picture as .gif or .mp4.
        ImportError: for an MP4, if no package that writes one is installed.
    """
    ending = output.suffix.lower()
    if ending not in (".png", *films.ENDINGS):
        raise ValueError(f"Expected an output that ends in .png, .gif or .mp4. Received: {output}")
    if ending == ".png":
        return output
    if motion is None:
        raise ValueError(
            f"Expected a .png, or a moving picture from kerasgan walk, interpolate or edit. Received: {output}"
        )
    return films.check(output, fps=motion.fps)


def translate(
    gan: "GAN",
    source: Path | Sequence[Path],
    output: Path,
    *,
    direction: str | None = None,
    frames: int | None = None,
    fps: int | None = None,
    variations: int | None = None,
) -> int:
    """Writes an image-to-image model's output for a picture, several, or all in a folder; returns how many.

    For models of videos, it writes a video and the predicted frames.

    Args:
        gan: the model.
        source: a picture, several pictures, or a folder of pictures.
        output: a .png; for several, the folder to write to: each picture becomes a PNG of the same name.
            Pictures whose names differ only in their endings keep these: a.jpg.png. Unreadable ones are left out, with
            a warning each.
        direction: for families that translate in both directions.
        frames: number of frames to predict, for models of videos; 8 if not given.
        fps: frames per second of the video, for models of videos; 10 if not given.
        variations: outputs of each picture, side by side, for models that have several, such as BicycleGAN.

    Raises:
        ValueError: for a model that generates images from latents, options that are not for it, or a file that is no
            picture.
    """
    if not gan.task.from_images:
        raise ValueError(
            f"Expected kerasgan generate NAME: a {type(gan).__name__} draws from latents. Received: {source}"
        )
    if variations is not None and not hasattr(gan, "variations"):
        expected = "Expected --variations only for models with several outputs of one input, such as BicycleGAN"
        raise ValueError(f"{expected}. Received: a {type(gan).__name__}")
    if gan.task == "video-prediction":
        if not isinstance(source, Path):
            raise ValueError(f"Expected one video. Received: {len(source)} files")
        return _continue(gan, source, output, frames=frames or 8, fps=fps or 10)
    if (frames, fps) != (None, None):
        raise ValueError(f"Expected --frames and --fps only for models of videos. Received: a {type(gan).__name__}")
    from kerasgan.data.decoding import decode
    from kerasgan.data.listing import found

    several = not isinstance(source, Path) or source.is_dir()
    if not several:
        checked(output, None)
    elif output.suffix.lower() in (".png", *films.ENDINGS):
        raise ValueError(f"Expected a folder for several pictures. Received: {output}")
    paths: Sequence[Path] = [source] if isinstance(source, Path) else source
    if several and isinstance(source, Path):
        paths = found(source)
        names = [path.relative_to(source) for path in paths]
    else:
        names = [Path(path.name) for path in paths]
    network = gan.translator(direction)  # type: ignore[attr-defined]
    channels = network.inputs[0].shape[-1]
    targets = _targets(names, output) if several else [output]
    unreadable: list[ValueError] = []
    originals = {path.resolve(): path for path in paths}
    if overwritten := next(filter(None, (originals.get(target.resolve()) for target in targets)), None):
        raise ValueError(f"Expected another place than that of the pictures. Received: {output}, as is {overwritten}")
    for path, target in zip(paths, targets):
        try:
            image = decode(path, channels=channels)
        except ValueError as error:
            if not several:
                raise
            unreadable.append(error)
            warn(f"Left out: {str(error).partition('Received: ')[2]}", stacklevel=2)
            continue
        pictures.save(pictures.single(_translated(gan, image, direction, variations)), target)
    if len(unreadable) == len(paths):
        raise unreadable[0]
    return len(paths) - len(unreadable)


def _translated(gan: Any, image: np.ndarray, direction: str | None, variations: int | None) -> np.ndarray:
    """The output for a picture (height, width, channels), uint8; or several, side by side."""
    if variations is not None:
        return pictures.to_uint8(np.concatenate(gan.variations(image, variations, seed=0), axis=1))
    height, width = (side * gan.scale for side in image.shape[:2])
    made = np.empty((height, width, gan.translator(direction).outputs[0].shape[-1]), np.uint8)
    return gan.predict(image, direction=direction, out=made)


def _targets(names: Sequence[Path], output: Path) -> list[Path]:
    """Where each picture of a folder is written, one place for each, also on file systems that ignore the case."""

    def key(path: Path) -> str:
        return str(path).casefold()

    short = collections.Counter(key(name.with_suffix("")) for name in names)
    made = [
        name.with_suffix(".png") if short[key(name.with_suffix(""))] == 1 else name.with_name(f"{name.name}.png")
        for name in names
    ]
    found: dict[str, Path] = {}
    for name, target in zip(names, made):
        if (other := found.setdefault(key(target), name)) is not name:
            raise ValueError(f"Expected pictures of different names. Received: {other} and {name}")
    return [output / target for target in made]


def _continue(gan: "GAN", source: Path, output: Path, *, frames: int, fps: int) -> int:
    """Writes a video and the frames predicted to follow it, as a GIF or an MP4."""
    from kerasgan import data

    films.check(output, fps=fps)
    given = data.video(source, channels=gan.image_shape[-1])
    made = pictures.to_uint8(gan.predict_frames(given, count=frames))  # type: ignore[attr-defined]
    films.save(map(pictures.single, np.concatenate([given, made])), output, fps=fps)
    return frames


def samples(gan: "GAN", choice: Choice, output: Path) -> int:
    """Writes a grid of samples, with a column for each class; returns how many."""
    images, columns = _samples(gan, choice)
    pictures.save(choice.look.grid(images, columns=columns), output)
    return len(images)


def _samples(gan: "GAN", choice: Choice) -> tuple[np.ndarray, int | None]:
    if choice.labels is None and choice.truncation == 1:
        return gan.sample_grid(choice.count, seed=choice.seed)
    labels: Any
    labels, columns = pictures.grid_labels(choice.count, gan.num_classes)
    if choice.labels is not None:
        labels = _repeated(choice.labels, choice.count or max(16, len(choice.labels)))
        columns = len(choice.labels) if len(choice.labels) > 1 else None
    count = choice.count or (16 if labels is None else len(labels))
    drawn = gan.generate(count, labels=labels, seed=choice.seed, truncation=choice.truncation)
    return drawn, columns


def grid(gan: "GAN", choice: Choice, output: Path) -> int:
    """Writes the same latents in every class, a column per class; returns how many images."""
    classes = choice.classes(gan)
    rows = math.ceil(choice.count / len(classes)) if choice.count else 4
    images = exploration.class_grid(gan, rows, labels=classes, seed=choice.seed, truncation=choice.truncation)
    picture = choice.look.grid(images, columns=len(classes), names=_named(gan, classes), corner="class")
    pictures.save(picture, output)
    return len(images)


def truncations(gan: "GAN", choice: Choice, values: Sequence[float], output: Path) -> int:
    """Writes the same images at several truncations, a column for each; returns how many images."""
    rows = choice.count or max(4, len(choice.labels or ()))
    points = prior_of(gan).draw(rows, gan.latent_dim, choice.seed)
    labels = pictures.grid_labels(rows, gan.num_classes)[0] if choice.labels is None else _repeated(choice.labels, rows)
    images = exploration.truncation_grid(gan, points, truncations=values, labels=labels)
    names = [f"{value:g}" for value in values]
    pictures.save(choice.look.grid(images, columns=len(values), names=names, corner="truncation"), output)
    return len(images)


def move(gan: "GAN", choice: Choice, motion: Motion, output: Path) -> int:
    """Writes interpolations or walks; returns how many frames."""
    classes, still = choice.classes(gan), output.suffix.lower() == ".png"
    rows = math.ceil(choice.count / len(classes)) if choice.count else 1 if len(classes) > 1 else 8 if still else 16
    points = _points(gan, choice, motion, rows, output)
    frames = (_frame(gan, latents, classes, choice.truncation) for latents in points)
    show(frames, output, motion, choice.look, columns=len(classes) if len(classes) > 1 else None)
    return len(points)


def show(
    frames: Iterable[np.ndarray],
    output: Path,
    motion: Motion,
    look: Look,
    *,
    columns: int | None = None,
    names: Sequence[str] = (),
    rows: Sequence[str] = (),
    corner: str = "",
) -> None:
    """Writes frames (images, height, width, channels): a moving grid, or a still with a row for each image.

    Args:
        frames: arrays with equally many images.
        output: a .png, .gif or .mp4.
        motion: motion of the frames.
        look: look of the picture.
        columns: columns of the moving grid.
        names: labels of the still's columns, its frames.
        rows: labels of the still's rows.
        corner: what the columns' labels are.
    """
    if output.suffix.lower() == ".png":
        images = np.stack([frame if look.scale else pictures.reduced(frame, STILL_CELL) for frame in frames], axis=1)
        cell = STILL_CELL if len(images) == 1 else None  # one row has room
        flat = images.reshape(-1, *images.shape[2:])
        still = look.grid(flat, columns=images.shape[1], cell=cell, names=names, rows=rows, corner=corner)
        pictures.save(still, output)
        return
    drawn = (look.grid(look.fitting(frame, among=len(frame)), columns=columns) for frame in frames)
    films.save(_there_and_back(drawn, closed=motion.closed), output, fps=motion.fps)


def _points(gan: "GAN", choice: Choice, motion: Motion, rows: int, output: Path) -> np.ndarray:
    """Latents (frames, rows, latent_dim): the first ones are the first samples of this seed."""
    stops = STOPS if motion.closed else 2
    ends = prior_of(gan).draw(stops * rows, gan.latent_dim, choice.seed).reshape(stops, rows, -1)
    if motion.closed:
        moves = output.suffix.lower() != ".png"
        return exploration.loop(gan.prior, ends, frames=motion.length(output), method=motion.method, ease=moves)
    return exploration.path(gan.prior, motion.method)(*ends, motion.shares(output))


def _repeated(classes: list[int | str], count: int) -> list[int | str]:
    return [classes[index % len(classes)] for index in range(count)]


def _named(gan: "GAN", classes: list[int | str | None]) -> list[str]:
    """The classes as texts: by their names, if the model knows them."""
    names = gan.class_names or ()
    return [names[each] if isinstance(each, int) and 0 <= each < len(names) else str(each) for each in classes]


def _frame(gan: "GAN", latents: np.ndarray, classes: list[int | str | None], truncation: float) -> np.ndarray:
    """Images row by row: a row per latent, a column per class."""
    labels = None if classes == [None] else classes * len(latents)
    return gan.generate(latents=np.repeat(latents, len(classes), axis=0), labels=labels, truncation=truncation)


def _there_and_back(frames: Iterator[pictures.Picture], *, closed: bool) -> Iterator[pictures.Picture]:
    """The frames; if the motion is not closed, then also backwards, so that the repeated picture never jumps."""
    kept = []
    for frame in frames:
        yield frame
        kept += [] if closed else [frame]
    yield from kept[-2:0:-1]
