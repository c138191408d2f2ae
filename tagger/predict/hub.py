"""The Hugging Face Hub: uploading exports, and fetching them as from any stranger.

Its client is an extra and slow to load, so functions import it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.core.common.errors import InputError
from tagger.core.common.paths import MODEL_CARD, VERIFICATION
from tagger.core.network.model_config import CONFIG
from tagger.predict.export_folder import LIMITS, read_export

SCHEME = "hf://"


def fetch(source: str) -> Path:
    """Return a folder in the Hub's cache with the files of `hf://owner/name` or `hf://owner/name@revision`.

    Only files of an export are fetched, none above its size limit; without network, those fetched last are used. Raises
    InputError if the Hub does not give them, or one is too large.
    """
    repository, _, revision = source.removeprefix(SCHEME).partition("@")
    with _reporting(source):
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import DryRunError, LocalEntryNotFoundError

        wanted = {"repo_id": repository, "revision": revision or None, "allow_patterns": list(LIMITS)}
        try:
            files = snapshot_download(**wanted, dry_run=True)
        except DryRunError as away:
            try:
                return Path(snapshot_download(**wanted, local_files_only=True))
            except LocalEntryNotFoundError:
                raise away.__cause__ or away from None
        sizes = {file.filename: file.file_size for file in files}
        if CONFIG not in sizes:
            raise InputError(f"{source}: has no {CONFIG}; expected an export, as `lstm-tagger push` uploads it")
        for name, size in sizes.items():
            if size is None or size > LIMITS[name]:
                raise InputError(f"{source}: {name}: has {size} bytes, expected at most {LIMITS[name]}")
        return Path(snapshot_download(**wanted | {"revision": files[0].commit_hash}))


def push(folder: Path, repository: str, *, private: bool) -> str:
    """Upload an export in one commit, its card as README.md, and return the commit's address.

    A missing repository is created. Files of an earlier export that this one lacks are deleted. Raises InputError if
    the folder is not an export, is damaged or has no card, or the Hub refuses it.
    """
    config, _, _ = read_export(folder)
    files = {name: folder / name for name in (CONFIG, *config.sha256, VERIFICATION.name)}
    files["README.md"] = folder / MODEL_CARD.name
    with _reporting(f"{SCHEME}{repository}"):
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

        changes = [CommitOperationAdd(name, path) for name, path in files.items()]
        hub = HfApi()
        hub.create_repo(repository, private=private, exist_ok=True)
        old = (LIMITS.keys() - files.keys()) & set(hub.list_repo_files(repository))
        changes += [CommitOperationDelete(name) for name in sorted(old)]
        message = f"Upload the export of {config.trained[:12]}, trained with {config.loss}"
        return str(hub.create_commit(repository, changes, commit_message=message).commit_url)


@contextmanager
def _reporting(place: str) -> Iterator[None]:
    """Raise InputError, one line that begins with a place, in place of an error of the Hub's client in the block."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # read when the client is imported
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, ValueError) as error:
        raise InputError(f"{place}: {' '.join(str(error).split())}") from None
