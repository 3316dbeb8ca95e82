"""Teams from a few lines of text."""

from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.teams import Teams, read


def teams_of(text: str, suffix: str = ".yml") -> Teams:
    """The teams of a file with this content."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"teams{suffix}"
        path.write_bytes(text.encode())
        return read(path)
