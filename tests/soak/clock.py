"""A clock that runs faster than the machine's, and alike in every process."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path


@dataclass
class Clock:
    """Stands at `start` until it is told to begin, then runs at so many seconds a second, and stops at `end`.

    While it stands still, what is told about the same instant can be compared exactly. `file` is where processes see
    when it began: by time.monotonic, which on Linux is the same for all of them.
    """

    start: datetime
    end: datetime
    speed: float
    file: Path
    _began: float | None = None

    def begin(self) -> None:
        """Start it, for all processes."""
        new = self.file.with_suffix(".new")
        new.write_text(str(time.monotonic()))
        new.rename(self.file)

    def seconds(self) -> float:
        """For how many seconds of the machine's it has run or could have run."""
        if self._began is None and self.file.exists():
            self._began = float(self.file.read_text())
        return 0.0 if self._began is None else time.monotonic() - self._began

    def now(self) -> datetime:
        """The time that it shows."""
        return min(self.start + timedelta(seconds=self.seconds()) * self.speed, self.end)

    def text(self) -> str:
        """It as an argument of a process."""
        return json.dumps([self.start.isoformat(), self.end.isoformat(), self.speed, str(self.file)])

    @classmethod
    def parse(cls, text: str) -> "Clock":
        """The clock that was given as an argument."""
        start, end, speed, file = json.loads(text)
        return cls(datetime.fromisoformat(start), datetime.fromisoformat(end), speed, Path(file))
