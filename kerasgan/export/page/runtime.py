"""ONNX Runtime Web: which version, its hashes, and a copy of it from a cache or from npm."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from kerasgan.files.paths import cache_directory

__all__ = ["ADDRESS", "NEWEST_OPSET", "ONLINE", "RuntimeFilesError", "describe", "vendored"]

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
NEWEST_OPSET = 26  # that this version reads; it refuses others
ARCHIVE = f"{PACKAGE}-{VERSION}.tgz"
ADDRESS = f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist/"
ONLINE = "The page loads ONNX Runtime Web from jsDelivr when it is opened; with --vendor it works without a network."
# What npm states of the archive, and the digests of the two files that the page uses: the script and the computation.
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
FILES = {
    "ort.wasm.bundle.min.mjs": "sha384-PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG",
    "ort-wasm-simd-threaded.wasm": "sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
}
PATIENCE = 300  # seconds for npm


class RuntimeFilesError(OSError):
    """ONNX Runtime Web cannot be had; the message says what was tried and what can be done."""


def describe(*, vendored: bool) -> dict[str, Any]:
    """What the page must know: the files with their digests, and from where to load them (None: beside the page)."""
    return {"version": VERSION, "files": FILES, "address": None if vendored else ADDRESS}


def vendored() -> dict[str, bytes]:
    """The files' contents by name, verified; from the cache, to which npm adds them the first time.

    Raises:
        RuntimeFilesError: if there is no npm, it fails, or the archive is not the one that this version pins.
    """
    path = cache_directory().with_name("web") / ARCHIVE
    if not path.is_file():
        _pack(path.parent)
    if _digest("sha512", path.read_bytes()) != INTEGRITY:
        raise RuntimeFilesError(f"Expected the {ARCHIVE} that npm published. Received: another file, {path}; delete it")
    with tarfile.open(path) as archive:
        found = {name: archive.extractfile(f"package/dist/{name}") for name in FILES}
        return {name: file.read() for name, file in found.items() if file is not None}


def _pack(folder: Path) -> None:
    by_hand = f"By hand: `npm pack {PACKAGE}@{VERSION}` where there is npm, and put {ARCHIVE} into {folder}"
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeFilesError(f"Expected npm, to get {PACKAGE} {VERSION} once. Received: no such program. {by_hand}")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeFilesError(f"Expected an answer from npm. Received: none in {PATIENCE} s. {by_hand}") from None
    if done.returncode or not (folder / ARCHIVE).is_file():
        words = done.stderr.strip() or f"exit code {done.returncode}"
        raise RuntimeFilesError(f"Expected {ARCHIVE} from npm. Received: {words}. {by_hand}")


def _digest(algorithm: str, content: bytes) -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"
