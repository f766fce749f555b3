"""Publishing a model: its folder, written and sent to the Hugging Face Hub."""

import os
import tempfile
from pathlib import Path

from kerasgan.files import hub
from kerasgan.files.paths import here
from kerasgan.hub.folder import FILES, is_written, write

__all__ = ["push"]


def push(
    source: str | os.PathLike[str],
    address: str,
    *,
    private: bool = False,
    license: str | None = None,
    onnx: bool = True,
    dry_run: bool = False,
    message: str | None = None,
) -> dict[str, int]:
    """Publishes a model on the Hugging Face Hub, in one commit.

    The token is that of `hf auth login`, or HF_TOKEN. After an interruption call it again: of the same folder (`write`
    it first, if it is large) what has arrived is not sent twice.

    Args:
        source: an entry's name, a run folder, another repository, or a folder that `write` wrote, which is sent as it
            is.
        address: "hf://user/repository", created if need be, or "hf://user/repository@branch".
        private: whether a repository that is created is private.
        license: license of the weights; the entry's if not given.
        onnx: as of `write`.
        dry_run: whether to write and check everything, but send nothing.
        message: the commit's title.

    Returns:
        The bytes of each file, by its name in the repository.

    Raises:
        HubError: if the repository cannot be written: no connection, no token, another's repository.
        ImportError: if huggingface_hub is not installed.
        ValueError: for another address, or a source that has no trained model.
    """
    target = hub.repository(address)
    if target is None:
        raise ValueError(f"Expected an address such as hf://user/repository. Received: address={address!r}")
    hub.client()  # before the work
    with tempfile.TemporaryDirectory(prefix="kerasgan-hub-") as temporary:
        folder = Path(temporary) if hub.repository(source) else here(source)
        if not is_written(folder):
            folder = write(source, Path(temporary, "model"), license=license, onnx=onnx, address=str(target))
        elif license is not None:
            expected = "Expected no license for a folder whose README.md states it"
            raise ValueError(f"{expected}. Received: license={license!r}")
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        sent = [name for name in names if name in FILES or (name.startswith("onnx/") and name.endswith(".onnx"))]
        if not dry_run:
            title = message or "Upload a model with kerasgan"
            hub.upload(folder, target, sent, own=(*FILES, "onnx/*.onnx"), private=private, message=title)
        return {name: (folder / name).stat().st_size for name in sent}
