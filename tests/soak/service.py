"""python -m tests.soak.service CLOCK SETTINGS SAMPLES: the real service on a fast clock, and what it takes."""

import asyncio
import json
import os
import sys
from pathlib import Path

from exporter import app, logs
from exporter.front.listeners import opened
from exporter.settings import Settings
from tests.soak.clock import Clock
from tests.soak.samples import sampling


async def serve(clock: Clock, settings: Settings, samples: Path) -> None:
    """Serve until SIGTERM, and write samples into a file."""
    assert settings.storage.path
    with opened(settings) as front:
        watching = asyncio.create_task(sampling(clock, settings.storage.path, samples))
        await app.serve(settings, app.credential(settings, os.environ), front, now=clock.now, speed=clock.speed)
        watching.cancel()


def main(clock: str, text: str, samples: str) -> None:
    """Run it with settings in JSON."""
    settings = Settings(**json.loads(text))
    logs.set_up(settings.log.level, settings.log.format)
    asyncio.run(serve(Clock.parse(clock), settings, Path(samples)))


if __name__ == "__main__":
    main(*sys.argv[1:])
