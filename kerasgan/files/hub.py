"""Repositories of models on the Hugging Face Hub, hf://user/repository[@revision], through its own client.

Tokens (`hf auth login`, HF_TOKEN), the cache (HF_HOME), offline work (HF_HUB_OFFLINE) and another server (HF_ENDPOINT)
are as that client has them.
"""

import importlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import kerasgan
from kerasgan.files.paths import address

__all__ = ["HubError", "Repository", "client", "repository", "snapshot", "upload"]

ADDRESS = re.compile(r"hf://(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)


class HubError(OSError):
    """A repository cannot be read or written; the message says why."""


class Repository(NamedTuple):
    """A repository of models: "user/name", and a branch, tag or commit; None for its main branch."""

    name: str
    revision: str | None

    def __str__(self) -> str:
        return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")


def repository(place: str | os.PathLike[str]) -> Repository | None:
    """The repository that an address names; None for anything else, such as hf://user/repository/folder."""
    found = ADDRESS.fullmatch(address(place))
    return None if found is None else Repository(found["name"], found["revision"])


def client() -> Any:
    """The package huggingface_hub. Raises ImportError, with what to install, if it is missing."""
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise ImportError('hf:// needs another package: pip install "kerasgan[hub]"') from error


def snapshot(found: Repository, files: Sequence[str]) -> Path:
    """A folder with those of the named files that a repository has: from the cache if it is up to date there.

    Raises:
        HubError: for an unknown repository or revision, or without a connection if the cache does not have it.
        ImportError: if huggingface_hub is not installed.
    """
    hub = client()
    with _explained(found, hub):
        folder = hub.snapshot_download(
            found.name,
            revision=found.revision,
            allow_patterns=list(files),
            library_name="kerasgan",
            library_version=kerasgan.__version__,
        )
    return Path(folder)


def upload(
    folder: Path, target: Repository, files: Sequence[str], *, own: Sequence[str], private: bool, message: str
) -> str:
    """Sends those of the named files that a folder has, in one commit; returns its address.

    What the repository has by names in `own`, of an earlier commit, goes: it is of another model.

    The repository, and a branch, are created if need be. Sent again, after an interruption say, only what the
    repository does not hold yet is transferred.

    Raises:
        HubError: if the repository cannot be written.
        ImportError: if huggingface_hub is not installed.
    """
    hub = client()
    with _explained(target, hub):
        api = hub.HfApi(library_name="kerasgan", library_version=kerasgan.__version__)
        api.create_repo(target.name, private=private or None, exist_ok=True)
        if target.revision is not None:
            api.create_branch(target.name, branch=target.revision, exist_ok=True)
        done = api.upload_folder(
            repo_id=target.name,
            folder_path=folder,
            revision=target.revision,
            allow_patterns=list(files),
            delete_patterns=list(own),
            commit_message=message,
        )
    return str(done.commit_url)


@contextmanager
def _explained(found: Repository, hub: Any) -> Iterator[None]:
    """Within, errors of the client, which has many kinds and long messages, say in a line what is wrong."""
    try:
        yield
    except Exception as error:
        raise HubError(f"Expected a repository at {found}. Received: {_reason(error, hub.errors)}") from error


def _reason(error: Exception, kinds: Any) -> str:
    offline = isinstance(error.__cause__, kinds.OfflineModeIsEnabled) or isinstance(error, kinds.OfflineModeIsEnabled)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, kinds.RevisionNotFoundError):
        return "no such revision"
    if isinstance(error, kinds.GatedRepoError):
        return "a gated one: accept its terms on its page, then `hf auth login`"
    if isinstance(error, kinds.RepositoryNotFoundError) or status in (401, 403, 404):
        return f"no such repository, or one that needs a token that may use it: `hf auth login` ({status})"
    if offline:
        return "HF_HUB_OFFLINE is set, and the cache does not have all of it"
    text = _first_line(error)
    cause = error.__cause__
    return f"{text} {_first_line(cause)}" if isinstance(cause, kinds.HfHubHTTPError) else text


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
