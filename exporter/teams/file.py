"""The teams file: read whole or refused, and read again when it changes."""

import logging
from hashlib import sha256
from pathlib import Path

from exporter.errors import SettingsError
from exporter.teams.csv_form import read_csv
from exporter.teams.draft import Draft
from exporter.teams.teams import Teams
from exporter.teams.yaml_form import read_yaml

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024 * 1024
_READERS = {".yml": read_yaml, ".yaml": read_yaml, ".csv": read_csv}


def read(path: Path) -> Teams:
    """The teams of a file. Raises SettingsError, a line per problem."""
    return _parsed(path, _content(path))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"teams-file: cannot read {path}: {error.strerror}") from None


def _parsed(path: Path, content: bytes) -> Teams:
    reader = _READERS.get(path.suffix.casefold())
    if reader is None:
        raise SettingsError(f"teams-file: {path} must end with one of {', '.join(_READERS)}")
    if len(content) > MAX_BYTES:
        raise SettingsError(f"teams-file: {path} is larger than 4 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"teams-file: {path}, line {line}: not UTF-8") from None
    draft = Draft(f"teams-file: {path}")
    reader(text, draft)
    return draft.finish()


class TeamsFile:
    """The teams of a file that may be replaced while we run.

    `teams` are the last good ones; `trouble` says why what is there now cannot be used, and is empty otherwise.
    """

    def __init__(self, path: Path) -> None:
        """Raise SettingsError if the file cannot be used."""
        self._path = path
        content = _content(path)
        self.teams = _parsed(path, content)
        self.trouble = ""
        self._seen: bytes | str = sha256(content).digest()

    def refresh(self) -> bool:
        """Read the file again. Whether there are other teams now; an unusable file leaves the last ones in place."""
        try:
            content = _content(self._path)
        except SettingsError as error:
            self._bad(str(error), str(error))
            return False
        seen = sha256(content).digest()
        if seen == self._seen:
            return False
        try:
            teams = _parsed(self._path, content)
        except SettingsError as error:
            self._bad(str(error), seen)
            return False
        self._good(seen)
        changed = teams != self.teams
        self.teams = teams
        return changed

    def _bad(self, trouble: str, seen: bytes | str) -> None:
        if seen != self._seen:
            extra = {"file": str(self._path), "error": "; ".join(trouble.splitlines())}
            log.error("the teams file cannot be used, the last teams stay in use", extra=extra)
        self.trouble, self._seen = trouble, seen

    def _good(self, seen: bytes) -> None:
        if self.trouble:
            log.info("the teams file can be used again", extra={"file": str(self._path)})
        self.trouble, self._seen = "", seen
