"""The interface of a data source: the options, the splits and the texts of one value of `source` in a recipe."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["DataSource", "Kind", "Option", "Settings", "Shards", "refuse_unknown"]

Settings = Mapping[str, Any]  # the [data] of a recipe


class Kind(NamedTuple):
    """The allowed values of an option, in words and as Python types of TOML's values."""

    words: str
    types: tuple[type, ...]


FLAG = Kind("true or false", (bool,))
NUMBER = Kind("a number", (float, int))
TEXT = Kind("a string", (str,))
WHOLE = Kind("an integer", (int,))
SIZE = Kind("an integer or an array of two", (int, list, tuple))
CROP = Kind("a string, an integer or an array of two", (str, int, list, tuple))
ARRAY = Kind("an array", (list, tuple))
NAMED = Kind("a string or a table", (str, Mapping))

METRICS = ("frechet_distance", "kernel_distance", "precision_recall", "density_coverage", "sharpness")


@dataclass(frozen=True)
class Option:
    """A key of [data].

    Attributes:
        name: the key.
        default: the value if a recipe does not set it.
        kind: the allowed values.
        variation: whether it only augments the training; a model is measured without it.
        of_this_set: whether it describes the recipe's own images, so that it does not apply to another folder.
    """

    name: str
    default: Any
    kind: Kind
    variation: bool = False
    of_this_set: bool = False

    def check(self, value: Any, where: str) -> None:
        """Raises ValueError that names the key and the place unless `value` is allowed."""
        types = self.kind.types
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            expected = f"Expected {self.name} in {where} to be {self.kind.words}"
            raise ValueError(f"{expected}. Received: {self.name}={value!r}")


# Options that every source has: `derive` computes inputs from its images, and `unpair` separates such pairs.
COMMON = (
    Option("flip", False, FLAG, variation=True),
    Option("derive", None, NAMED),
    Option("unpair", False, FLAG, variation=True),
)
PLACES = ("path", "name")  # the keys that may name the place of the images


class DataSource:
    """One value of `source` in the [data] of recipes. Subclasses in files of this folder are registered automatically.

    Subclasses set the attributes below, and override `read` unless `kerasgan.data` has a function of their name.
    Listing recipes instantiates all of them, so they import Keras only where images are read.
    """

    name: str = ""
    """The value of `source`; by default also the function of `kerasgan.data` that reads it."""

    options: tuple[Option, ...] = ()
    """Its own keys of [data]."""

    needs_path: bool = False
    """Whether `path`, or the `name` of a data set, names the place of its images; otherwise they are bundled."""

    searches: bool = False
    """Whether, without a `path`, its images are looked for where packages install them."""

    downloads: bool = False
    """Whether that may be the name of a TensorFlow dataset, which is downloaded when it is first read."""

    endings: str = ""
    """What the place of `--data` looks like, as a regular expression, if it is this source's and no folder's."""

    holds: str = "images"
    """What its folders hold."""

    tasks: tuple[str, ...] = ()
    """The values of `gan.task` whose models read it from the folder of `--data`."""

    held_out: tuple[str, ...] = ()
    """The splits that the split `train` leaves out."""

    metrics: tuple[str, ...] = METRICS
    """The default metrics of samples, from `kerasgan.evaluation.scores.NAMES`."""

    class_metrics: tuple[str, ...] = ()
    """Additional default metrics for class-conditional models."""

    features: tuple[str, ...] = ("inception",)
    """The feature networks of those metrics."""

    retrieval: bool = False
    """Whether models of pairs are also scored by how often an output's nearest target is its own."""

    about: str = ""
    """Origin, license and limits of its images, for cards."""

    # Checks of a recipe

    def check(self, settings: Settings, where: str) -> None:
        """Raises ValueError that names the key and the place unless `settings` are valid for a recipe."""
        known = {option.name: option for option in (*COMMON, *self.options)}
        places = [Option(name, None, TEXT) for name in PLACES] if self.needs_path else []
        known |= {option.name: option for option in places}
        refuse_unknown(settings.keys() - {"source"}, known, where)
        for key, value in settings.items():
            if key != "source":
                known[key].check(value, where)

    def place(self, settings: Settings) -> str | None:
        """The place of the images, if the settings name one."""
        return next((settings[key] for key in PLACES if settings.get(key)), None)

    # Reading

    def load(self, settings: Settings, *, batch_size: int, seed: int) -> Any:
        """Batches for `fit`, according to the settings."""
        from kerasgan import data

        options = {key: value for key, value in settings.items() if key not in ("source", *PLACES)}
        derive, halves = options.pop("derive", None), options.pop("unpair", False)
        place = [self.place(settings)] if self.needs_path else []
        images = self.read(*place, **options, batch_size=batch_size, seed=seed)
        images = images if derive is None else data.derive_pairs(images, derive)
        return data.unpair(images) if halves else images

    def read(self, *place: Any, **options: Any) -> Any:
        """A source of `kerasgan.data` with these options, from that place if it needs one."""
        from kerasgan import data

        return getattr(data, self.name)(*place, **options)

    def at_hand(self, settings: Settings) -> bool:
        """Whether `load` needs no download."""
        place = self.place(settings)
        if not self.downloads or place is None:
            return True
        from kerasgan.data import builders

        return builders.is_prepared(place, settings.get("data_dir"))

    def load_compared(self, settings: Settings, *, batch_size: int, seed: int) -> Any:
        """The real images with which samples are compared: the training images, unless overridden."""
        return self.load(settings, batch_size=batch_size, seed=seed)

    # Other settings for the same images

    def held_out_settings(self, settings: Settings) -> dict[str, Settings]:
        """Settings of the held-out images, by split; empty if there are none."""
        splits = self.held_out if settings.get("split") == "train" else ()
        return {split: {**settings, "split": split} for split in splits}

    def unseen(self, settings: Settings) -> Settings | None:
        """Settings of the images that a card of samples uses as held-out ones, or None."""
        return None

    def measured(self, settings: Settings) -> Settings:
        """Settings of the same images without augmentation."""
        varied = {option.name for option in (*COMMON, *self.options) if option.variation}
        return {key: value for key, value in settings.items() if key not in varied}

    def of_folder(self, path: str, gan: Any, settings: Settings) -> dict[str, Any]:
        """Settings of this source for a folder, in the sizes of a model.

        Args:
            path: the folder.
            gan: the model.
            settings: the recipe's settings, possibly of another source. Options that suit the folder, too, are kept.
        """
        own = self.options if settings["source"] == self.name else ()  # another source's options do not apply
        sizes = self.sizes(gan)
        kept = [option.name for option in (*COMMON, *own) if not option.of_this_set and option.name not in sizes]
        options = {key: settings[key] for key in kept if key in settings}
        return {"source": self.name, "path": path, **sizes, **options}

    def sizes(self, gan: Any) -> dict[str, Any]:
        """The options that a model determines."""
        height, width, channels = gan.image_shape
        return {"image_size": height if height == width else [height, width], "channels": channels}

    # Texts of cards

    def card_text(self, settings: Settings) -> str:
        """Origin, license and limits of the images, as Markdown; empty if nothing is known."""
        return self.about


class Shards(DataSource):
    """What sources of shards have in common: see `kerasgan.data.tfrecords`."""

    needs_path = True
    options = (
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("crop", "center", CROP),
        Option("image_key", None, TEXT, of_this_set=True),
        Option("label_key", None, TEXT, of_this_set=True),
        Option("num_classes", None, WHOLE),
    )

    def sizes(self, gan: Any) -> dict[str, Any]:
        labels = {} if gan.label_classes is None else {"num_classes": gan.label_classes}
        return {**super().sizes(gan), **labels}


def refuse_unknown(keys: Iterable[str], known: Collection[str], where: str) -> None:
    """Raises ValueError that names the first unknown key of a table, and the nearest known ones."""
    for key in sorted(set(keys) - set(known)):
        near = difflib.get_close_matches(key, known, n=1) or sorted(known)
        raise ValueError(f"Unknown key '{key}' in {where}: expected a key such as {', '.join(near)}.")
