"""Draws every dashboard over 45 days of the simulated organization: `make pictures`.

Needs Prometheus, Chromium, Node.js and the folder of the renderer, which draws with Grafana's own libraries.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from PIL import Image

from exporter.demo.options import Options
from exporter.page import PICTURES
from grafana.__main__ import FOLDER
from tests.weeks import stored
from tests.weeks.replay import HOUR, SELDOM, weeks

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".tools" / "dashboard-render"
DEMO = ROOT / "deploy" / "demo" / "demo.yml"
END = datetime(2026, 11, 18, 15, tzinfo=UTC)
START = END - timedelta(days=45)
RANGES = {"health": timedelta(days=1), "history": END - START}
MONTH = timedelta(days=30)
COLOURS = 96
"""Enough for flat panels, at a fourth of the size."""


async def main(renderer: Path) -> None:
    """Make them all, dark ones for the repository, light ones to look at beside them in .tools."""
    prepare(renderer)
    with tempfile.TemporaryDirectory() as folder, stored.prometheus(tool, Path(folder)) as url:
        await fill(url)
        for theme in ("dark", "light"):
            for board in sorted(FOLDER.glob("*.json")):
                draw(url, board, theme)


def prepare(renderer: Path) -> None:
    """A copy of the renderer, built."""
    if not (WORK / "dist").exists():
        shutil.copytree(renderer, WORK, dirs_exist_ok=True)
        for command in (["install", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run(["npm", *command], cwd=WORK, check=True, stdout=subprocess.DEVNULL)


async def fill(url: str) -> None:
    """What the demo would have shown, with a poll of each source every hour."""
    settings = yaml.safe_load(DEMO.read_text())
    async with weeks(
        Options(days=120, quirks=False),
        START,
        END,
        api={"key_expires": (END + timedelta(days=90)).date()},
        polls={name: {"interval": "1h"} for name in SELDOM},
        teams_file=ROOT / settings["teams-file"],
        budgets=settings["budgets"],
        history={"remote_write": {"url": f"{url}/api/v1/write"}},
    ) as made:
        await made.until(END)
    stored.write(url, stored.scraped(made.recording))
    stored.record(url, START, END, HOUR)


def draw(url: str, board: Path, theme: str) -> None:
    """One picture; ends the program if anything in it could not be drawn, or has no data."""
    out = WORK / theme
    span = RANGES.get(board.stem, MONTH)
    times = ["--from", str(int((END - span).timestamp() * 1000)), "--to", str(int(END.timestamp() * 1000))]
    flags = ["--prometheus", url, "--out", str(out), "--theme", theme, "--width", "1920", "--fail-on-nodata"]
    subprocess.run(["node", str(WORK / "render.mjs"), str(board), *flags, *times], check=True)
    if theme == "dark":
        with Image.open(out / f"{board.stem}.png") as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            PICTURES.mkdir(exist_ok=True)
            small.save(PICTURES / f"{board.stem}.png", optimize=True)


def tool(name: str) -> str:
    """The path of a program. Raises SystemExit if it is missing."""
    return shutil.which(name) or sys.exit(f"{name} is missing")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
