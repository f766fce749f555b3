"""Damages files, keeps those that take new steps from line to line in the package, and damages these again.

The coverage is that of Python's lines, by `sys.settrace`: what C code, such as HDF5's, does with a file is not seen.
"""

import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import kerasgan

ROOT = str(Path(kerasgan.__file__).parent)
MULTIPLE, SLACK, SECONDS = 64, 64 << 20, 5.0
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
TEXTS = (
    b"\x00" * 64,
    b"\xff" * 64,
    b"1e999",
    b"nan",
    b"-1",
    b"\x1b[2J",
    b"../../a",
    b"A" * 4096,
    b",,,,,",
    b'"',
    b"\n",
)


def fuzz(
    read: Callable[[Path], object], files: Sequence[bytes], arguments: Any, *, folder: Path, name: str
) -> tuple[int, list[str], int]:
    """The number of tries, a line for each that failed, and the number of different steps that were taken.

    Args:
        read: reads a file; it holds by returning, or by a ValueError or OSError with a message.
        files: good files, with which the damage begins.
        arguments: `seconds`, `seed`, and `keep`, a folder or None.
        folder: where files are written.
        name: of the block, for the files that are kept.
    """
    rng, corpus, reached, failures, tried = random.Random(arguments.seed), [*files], set[Any](), [], 0
    for content in files:
        reached |= _lines(read, _written(folder, name, content))[0]
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        recent = corpus[-8:] if rng.random() < 0.5 else corpus  # what was found last is where something is new
        content = damaged(rng.choice(recent), rng, rng.choice(corpus))
        path = _written(folder, name, content)
        lines, failure = _lines(read, path)
        tried += 1
        if lines - reached:
            reached |= lines
            corpus.append(content)
        if failure is not None:
            failures.append(failure)
            if arguments.keep is not None:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                (arguments.keep / f"{name}-{tried}").write_bytes(content)
    return tried, failures, len(reached)


def damaged(content: bytes, rng: random.Random, second: bytes = b"") -> bytes:
    """The content with a few bytes, numbers or texts exchanged, parts cut out, moved, repeated or of a second file."""
    result = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place, other = rng.randrange(len(result) + 1), rng.randrange(len(result) + 1)
        part, length = bytes(result[min(place, other) : max(place, other)]), rng.choice((1, 2, 4, 8))
        number = (rng.choice(NUMBERS) & (256**length - 1)).to_bytes(length, rng.choice(("little", "big")))
        match rng.randrange(8):
            case 0:
                result[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                result[place : place + length] = number
            case 2:
                result[place:place] = rng.choice(TEXTS)
            case 3:
                del result[place : place + rng.choice((1, 8, 64))]
            case 4:
                result[place:place] = part[:256] * rng.choice((1, 2, 16))
            case 5:
                del result[place:]
            case 6:
                result[place : place + len(part[:64])] = part[:64]
            case 7:
                start = rng.randrange(len(second) + 1)
                result[place:] = second[start:]
    return bytes(result)


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name / "file"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _lines(read: Callable[[Path], object], path: Path) -> tuple[set[Any], str | None]:
    """The steps from line to line in the package that reading a file takes, and how it failed, if it did."""
    seen: set[Any] = set()

    def begin(frame: Any, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ROOT):
            return None
        last = 0

        def local(frame: Any, event: str, argument: Any) -> Any:
            nonlocal last
            seen.add((frame.f_code.co_filename, last, frame.f_lineno))
            last = frame.f_lineno
            return local

        return local

    failure, started, wall = None, time.process_time(), time.monotonic()
    tracemalloc.start()
    sys.settrace(begin)
    try:
        read(path)
    except (ValueError, OSError) as error:
        failure = None if str(error) else f"{type(error).__name__} without a message"
    except Exception as error:
        failure = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
    finally:
        sys.settrace(None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    took = max(time.process_time() - started, (time.monotonic() - wall) / 10)  # other programs take their share
    if took > SECONDS:
        failure = f"{took:.1f} seconds for {path.stat().st_size} bytes"
    elif peak > MULTIPLE * path.stat().st_size + SLACK:
        failure = f"{peak >> 20} MiB of memory for {path.stat().st_size} bytes"
    return seen, failure
