"""A folder of pictures as a source: listed, checked, decoded by threads, kept in memory if it fits."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar, Unpack

import keras
import numpy as np

from kerasgan.data import checks
from kerasgan.data.contents import LOG, Contents
from kerasgan.data.decoding import Crop, checked_crop, decode, opened, warn_of_few_bits, why_unreadable
from kerasgan.data.listing import Paths, found
from kerasgan.data.semi_supervised import UNLABELED
from kerasgan.data.shards.form import ShardError
from kerasgan.data.sources import ArrayReader, Batching, BatchingOptions, Indexed, Reader, SourceInfo
from kerasgan.files.paths import here
from kerasgan.files.text import warn

MEMORY_BUDGET = 2**30  # largest set that is kept in memory, in bytes of decoded uint8 pixels
THREADS = min(16, (os.cpu_count() or 1) + 2)
UNLABELED_FOLDER = "unlabeled"
Item = TypeVar("Item")
MOST_CHECKED = 2000  # pictures that are read before training; of larger sets each is, when it is first reached
LOOKED_AT = 64  # of those larger sets, pictures whose headers are read to describe them
REPLACEMENTS = 20  # pictures in a row that may be unreadable
LINES_APART = 30.0  # seconds between two lines of progress in a log
PATIENCE = 3.0  # seconds of reading after which a progress bar appears


class FolderSource(Indexed):
    """The source that `folder` returns; `.paths` are its files in order, `.skipped` the unreadable ones so far."""

    def __init__(
        self, info: SourceInfo, order: Batching, reader: Reader, files: "tuple[Sequence[Path], list[Path]]"
    ) -> None:
        super().__init__(info, order, reader)
        self.paths, self._skipped = files

    @property
    def skipped(self) -> list[Path]:
        """The files that were found to be unreadable."""
        return [*self._skipped, *(self.paths[index] for index in sorted(getattr(self.reader, "replaced", ())))]

    def _targets(self, chosen: np.ndarray) -> np.ndarray:
        return super()._targets(self.reader.given(chosen) if hasattr(self.reader, "given") else chosen)


def folder(
    path: str | os.PathLike[str],
    *,
    image_size: int | Sequence[int] = 64,
    channels: int = 3,
    crop: Crop = "center",
    labels: str | bool = "auto",
    skip_corrupt: bool = False,
    **order: Unpack[BatchingOptions],
) -> FolderSource:
    """Every picture below a folder; with labels if all of them are in sub-folders, one class per sub-folder.

    - Pictures are rotated by their EXIF orientation, composited on white if transparent (kept with channels=4), cropped
      and resized with antialiasing to `image_size`, int or (height, width).
    - `crop`: "center" takes the largest centered part of the target's aspect ratio, "stretch" everything; an int or
      (height, width) first cuts a centered part of this many pixels.
    - `labels`: "auto", False (none) or True (an error without class folders); classes are the sorted sub-folder names.
      Pictures in a folder `unlabeled` beside the class folders have the label -1, for models that learn from those too.
    - Hidden files and files without a picture's extension are ignored.
    - Up to 2,000 pictures are read once before this returns, or their headers if they need more than 1 GiB (decoded):
      an unreadable one is an error. `skip_corrupt` leaves them out, with one warning, and lists them in `.skipped`.
    - More are only listed: each is checked when the first epoch reaches it. An unreadable one is named in a warning,
      then listed in `.skipped`, and the next one takes its place.
    - Decoded pictures are kept if all need less than 1 GiB; otherwise they are decoded again each epoch.
    - `order`: batch_size=64, seed=0, shuffle=True, flip=False, drop_remainder=True.

    Raises FileNotFoundError, NotADirectoryError, or ValueError that names the first unreadable picture.
    """
    root = here(path)
    size, channels, crop = checks.pair(image_size), checks.channel_count(channels), checked_crop(crop)
    ordering = Batching(**order)
    paths = found(root)
    names = class_names(root, paths, labels)
    pictures = Pictures(paths, (*size, channels), crop)
    reader, bad = pictures.read_later() if len(paths) > MOST_CHECKED else pictures.read(skip_corrupt)
    kept = [path for index, path in enumerate(paths) if index not in bad] if bad else paths
    skipped = [paths[index] for index in sorted(bad)]
    _report(skipped, kept, root)
    targets = None
    if names is not None:
        known = {name: label for label, name in enumerate(names)} | {UNLABELED_FOLDER: UNLABELED}
        LOG.info("Labels from the sub-folders: %s.", _listed(names))
        targets = np.fromiter((known[name] for name in paths.folders()), np.int32, len(paths))
        targets = np.delete(targets, sorted(bad))
    info = SourceInfo(str(root), (*size, channels), len(kept), targets, names)
    return FolderSource(info, ordering, reader, (kept, skipped))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 6 else f"{', '.join(names[:3])}, ..., {names[-1]}, {len(names)} classes"


def class_names(root: Path, paths: Paths, labels: str | bool) -> list[str] | None:
    """Sorted names of the sub-folders that hold pictures of a class, or None if there are to be no labels."""
    if labels not in ("auto", True, False):
        raise ValueError(f"Expected 'auto', True or False. Received: labels={labels!r}")
    folders = [*paths.folders()] if labels is not False else []
    loose = folders.count("")
    first = paths[folders.index("")] if loose else None
    if labels is True and loose:
        raise ValueError(f"Expected every picture in a class folder (labels=True). Received: {first}")
    if labels is False or loose:
        if labels == "auto" and loose < len(paths):
            warn(
                f"No labels are read from the sub-folders of {root}: {loose} of {len(paths)} pictures lie beside "
                f"them, such as {first}. Move them away for labels, or pass labels=False.",
                stacklevel=3,
            )
        return None
    return sorted({*folders} - {UNLABELED_FOLDER}) or None


def _report(skipped: Sequence[Path], kept: Sequence[Path], root: Path) -> None:
    if not kept:
        found = f"all {len(skipped)} corrupt: {why_unreadable(skipped[0])}"
        raise ValueError(f"Expected at least one readable picture. Received: path={root}, {found}")
    if skipped:
        kinds = {path.suffix.lower(): path for path in reversed(skipped)}  # the first of each: often one reason
        several = [why_unreadable(path) for path in [*kinds.values()][:5]]
        told = "; ".join([*several, "..."] if len(skipped) > len(several) else several)
        warn(f"Skipped {len(skipped)} unreadable of {len(kept) + len(skipped)} files: {told}", stacklevel=3)


class Pictures:
    """Reads many files with threads; PIL releases the interpreter lock while it decodes and resizes."""

    def __init__(self, paths: Sequence[Path], image_shape: tuple[int, int, int], crop: Crop, step: int = 1) -> None:
        self.paths, self.image_shape, self.crop, self.step = paths, image_shape, crop, step
        self.contents: Contents | None = None  # while they are read for the first time

    def decode(self, index: int) -> np.ndarray:
        """uint8 pixels of one file."""
        look = None if self.contents is None else self.contents.add
        height, width, channels = self.image_shape
        path, size = self.paths[index], (height, width)
        return decode(path, size=size, channels=channels, crop=self.crop, step=self.step, look=look)

    def __len__(self) -> int:
        return len(self.paths)

    def read_later(self) -> tuple[Reader, set[int]]:
        """A reader that decodes and checks each picture when it is first reached; a few headers describe them."""
        warn_of_few_bits(self.paths)
        seen, sample = Contents(), self.paths[:: -(-len(self.paths) // LOOKED_AT)]
        for path in sample:
            with contextlib.suppress(OSError, ValueError, SyntaxError), opened(path) as image:
                seen.add(image)
        if seen.sizes:
            LOG.info(seen.described(sample, self.image_shape, self.crop, total=len(self.paths)))
        fits = np.prod((len(self.paths), *self.image_shape), dtype=np.int64) <= MEMORY_BUDGET
        return (KeepingReader if fits else FileReader)(self, unchecked=True), set()

    def read(self, skip_corrupt: bool) -> tuple[Reader, set[int]]:
        """A reader of the readable files, and the indices of the others; an error unless they are to be skipped.

        What was found is logged by `kerasgan.data`.
        """
        warn_of_few_bits(self.paths)
        self.contents = Contents()
        reader, bad = self._read(skip_corrupt)
        if self.contents.sizes:
            LOG.info(self.contents.described(self.paths, self.image_shape, self.crop))
        self.contents = None
        return reader, bad

    def _read(self, skip_corrupt: bool) -> tuple[Reader, set[int]]:
        shape = (len(self.paths), *self.image_shape)
        if np.prod(shape, dtype=np.int64) <= MEMORY_BUDGET:
            cache = np.empty(shape, np.uint8)

            def keep(index: int) -> None:
                cache[index] = self.decode(index)

            bad = self._each(keep, skip_corrupt)
            return ArrayReader(np.delete(cache, sorted(bad), axis=0) if bad else cache), bad
        # Truncated files are found only by decoding: an extra pass if the number of files depends on it.
        bad = self._each(self.decode if skip_corrupt else self._glance, skip_corrupt)
        good = [path for index, path in enumerate(self.paths) if index not in bad]
        return FileReader(Pictures(good, self.image_shape, self.crop, self.step)), bad

    def _glance(self, index: int) -> None:
        try:
            with opened(self.paths[index]) as image:
                if self.contents is not None:
                    self.contents.add(image)
        except (OSError, ValueError, SyntaxError):
            self.decode(index)  # raises the error that names the file

    def _each(self, task: Callable[[int], object], skip_corrupt: bool) -> set[int]:
        bad: set[int] = set()

        def attempt(index: int) -> None:
            try:
                task(index)
            except ValueError:
                if not skip_corrupt:
                    raise
                bad.add(index)

        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for _ in shown(pool.map(attempt, range(len(self.paths))), len(self.paths)):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)  # otherwise the error waits for all files queued
                raise
        return bad


def shown(results: Iterable[Item], total: int) -> Iterator[Item]:
    """`results`, with a progress bar if they take longer than a few seconds; in a log a line every half minute."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    told, bar = time.monotonic(), keras.utils.Progbar(total, unit_name="picture") if terminal else None
    patience = PATIENCE
    for done, result in enumerate(results, 1):
        late = time.monotonic() - told > patience
        if late and bar is not None:
            bar.update(done)
            patience = 0.0
        elif late:
            LOG.info("%s of %s read.", f"{done:,}", f"{total:,}")
            told, patience = time.monotonic(), LINES_APART
        yield result


class Decoder(Protocol):
    """Pictures that `FileReader` decodes."""

    image_shape: tuple[int, int, int]

    def __len__(self) -> int: ...

    def decode(self, index: int) -> np.ndarray: ...


class FileReader:
    """Decodes files on request, those of the next batches ahead of time.

    Args:
        pictures: that decode one by its index.
        unchecked: whether nobody has looked at them before: an unreadable one is named in a warning when it is reached,
            and the next one takes its place from then on; `replaced` tells which.
    """

    def __init__(self, pictures: Decoder, *, unchecked: bool = False) -> None:
        self._pictures, self._unchecked = pictures, unchecked
        self._pool = ThreadPoolExecutor(THREADS)
        self._ahead: dict[int, Future[np.ndarray]] = {}
        self._lock = threading.Lock()
        self.replaced: dict[int, int] = {}

    def given(self, indices: np.ndarray) -> np.ndarray:
        """The indices of the pictures that `take` gives for these."""
        if not self.replaced:
            return indices
        return np.array([self.replaced.get(index, index) for index in indices.tolist()], np.int64)

    def _decoded(self, index: int) -> np.ndarray:
        if not self._unchecked:
            return self._pictures.decode(index)
        for tried in range(REPLACEMENTS):
            other = (self.replaced.get(index, index) + tried) % len(self._pictures)
            try:
                pixels = self._pictures.decode(other)
            except ShardError:  # of more than one picture
                raise
            except ValueError as error:
                if tried == 0:
                    reason = str(error).rpartition("Received: ")[2]
                    warn(f"Left out an unreadable picture, the next one takes its place: {reason}", stacklevel=3)
                last = error
                continue
            if tried:
                self.replaced[index] = other
            return pixels
        raise ValueError(f"{last}, and so are the {REPLACEMENTS - 1} after it") from last

    def prepare(self, indices: np.ndarray) -> None:
        """Starts decoding; drops files left from an interrupted epoch."""
        wanted = dict.fromkeys(indices.tolist())
        with self._lock:
            for stale in self._ahead.keys() - wanted.keys():
                self._ahead.pop(stale).cancel()
            for index in wanted.keys() - self._ahead.keys():
                self._ahead[index] = self._pool.submit(self._decoded, index)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """uint8 (count, height, width, channels). Raises ValueError that names a file that cannot be read."""
        result = np.empty((len(indices), *self._pictures.image_shape), np.uint8)
        with self._lock:
            ahead = {index: self._ahead.pop(index) for index in indices.tolist() if index in self._ahead}
            futures = [
                ahead[index] if index in ahead else self._pool.submit(self._decoded, index)
                for index in indices.tolist()
            ]
        for place, future in enumerate(futures):
            result[place] = future.result()
        return result


class KeepingReader(FileReader):
    """Keeps what it has decoded; memory is taken as it is filled."""

    def __init__(self, pictures: Decoder, *, unchecked: bool = False) -> None:
        super().__init__(pictures, unchecked=unchecked)
        self._kept = np.empty((len(pictures), *pictures.image_shape), np.uint8)
        self._known = np.zeros(len(pictures), bool)

    def prepare(self, indices: np.ndarray) -> None:
        """Starts decoding those that are not known yet."""
        super().prepare(indices[~self._known[indices]])

    def take(self, indices: np.ndarray) -> np.ndarray:
        """As that of `FileReader`."""
        new = indices[~self._known[indices]]
        if len(new):
            self._kept[new] = super().take(new)
            self._known[new] = True
        return self._kept[indices]
