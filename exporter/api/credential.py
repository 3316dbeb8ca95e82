"""The key of the Admin API: from a file that may be replaced while we run, or from the environment."""

import logging
import os
import stat
from pathlib import Path

from pydantic import SecretStr

from exporter.errors import SettingsError

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


class Credential:
    """Holds the key and hands it out only as a request header; no repr, log or error shows it."""

    def __init__(self, *, key: str | None = None, file: Path | None = None, bearer: bool = False) -> None:
        """Raise SettingsError if there is no usable key."""
        self.bearer = bearer
        self._key = SecretStr(_read(file) if file else _checked(key or "", "the environment ANTHROPIC_ADMIN_KEY"))
        self._file = file if file and file.is_file() else None  # a pipe has been read to its end

    def refresh(self) -> bool:
        """Read the file again. Whether the key is another one now; an unusable file leaves the old key in place."""
        if self._file is None:
            return False
        try:
            key = _read_again(self._file)
        except (OSError, SettingsError) as error:
            log.warning("the key file cannot be used, the last key stays in use", extra={"error": str(error)})
            return False
        changed = key != self._key.get_secret_value()
        self._key = SecretStr(key)
        return changed

    def headers(self) -> dict[str, str]:
        """The header that authenticates a request."""
        key = self._key.get_secret_value()
        return {"authorization": f"Bearer {key}"} if self.bearer else {"x-api-key": key}

    def exposed(self) -> bool:
        """Whether every user of this machine may read the key's file, though we need no such mode: it is ours."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return False
        return bool(found and found.st_mode & stat.S_IROTH and os.geteuid() in (found.st_uid, 0))

    def redact(self, text: str) -> str:
        """`text` without the key, should it hold it, and without control characters."""
        text = text.replace(self._key.get_secret_value(), "[key]")
        return "".join(character if character.isprintable() else " " for character in text)

    def starts_with(self, prefix: str) -> bool:
        """Whether the key begins so: for advice only, as prefixes are no rule."""
        return self._key.get_secret_value().startswith(prefix)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as handle:
            content = handle.read(MAX_BYTES)
    except OSError as error:
        if file.name.startswith("sk-ant-"):
            raise SettingsError("api.key-file: what is given is a key, not the path of a file that holds it") from None
        who = f" to user {os.geteuid()} of group {os.getegid()}" if isinstance(error, PermissionError) else ""
        raise SettingsError(f"api.key-file: cannot read {file}: {error.strerror}{who}") from None
    return _checked(content.decode("utf-8", "replace"), f"the file {file} (api.key-file)")


def _read_again(file: Path) -> str:
    """Raise OSError or SettingsError; the latter also for a pipe, as opening that could block for ever."""
    if file.is_fifo():
        raise SettingsError(f"api.key-file: {file} has become a pipe")
    return _read(file)


def _checked(text: str, source: str) -> str:
    key = text.strip()
    if not key:
        raise SettingsError(f"no key: {source} is empty")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(f"no key: {source} must hold one line of printable ASCII without spaces")
    return key
