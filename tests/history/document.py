"""deploy/history/README.md: its blocks, and a folder in which its commands run as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter.demo.options import Options
from tests import promql
from tests.receivers import PROGRAMS, PROMTOOLS, Receiver
from tests.service import get

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "deploy" / "history" / "README.md").read_text()

Replacements = Mapping[str, str]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def block(language: str, words: str) -> str:
    """The only block that has these words."""
    (found,) = [text for text in blocks(language) if words in text]
    return found


START = {"prometheus": block("sh", "prometheus --config"), "victoria": block("sh", "victoria-metrics -")}
BACKFILL = block("sh", "--since 2026-01-01\n")
SERVE = block("sh", "serve")
DEMO = block("sh", "demo")
BLOCKS = block("sh", "create-blocks-from")
MOVE = block("sh", "mv ")
AGAIN = block("sh", "delete_series")
CONFIG = block("yaml", "ledger.db")
WRITE_URLS = {"prometheus": "http://127.0.0.1:9090/api/v1/write", "victoria": "http://127.0.0.1:8428/api/v1/write"}


def queries() -> dict[str, str]:
    """Every line of PromQL by its comment."""
    lines = [line.partition("  #") for text in blocks("promql") for line in text.splitlines()]
    return {comment.strip(): query.strip() for query, _, comment in lines}


def query(words: str) -> str:
    """The query whose comment has these words."""
    (found,) = [line for comment, line in queries().items() if words in comment]
    return found


def words(command: str) -> list[str]:
    """A command of one line or several as its arguments, the program first."""
    return shlex.split(command.replace("\\\n", " "))


def generation(kind: str) -> str:
    """What the document calls this kind of receiver."""
    return "victoria" if kind == "victoria" else "prometheus"


@dataclass(frozen=True)
class Workplace:
    """A folder with what the document expects there, and the environment in which commands reach a simulated API."""

    folder: Path
    environment: dict[str, str]

    def configure(self, receiver: Receiver) -> None:
        """Write exporter.yml."""
        url = WRITE_URLS[generation(receiver.kind)]
        assert url in TEXT
        text = CONFIG.replace(WRITE_URLS["prometheus"], url)
        (self.folder / "exporter.yml").write_text(text.replace(url, receiver.write_url))

    def run(self, command: str, replace: Replacements) -> "subprocess.CompletedProcess[str]":
        """Run a block in a shell, with other words for some of its own."""
        for old, new in replace.items():
            assert old in command
            command = command.replace(old, new)
        shell = ["bash", "-euo", "pipefail", "-c", command]
        return subprocess.run(
            shell, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )


def workplace(folder: Path, api: str, kind: str, tool: Callable[[str], str]) -> Workplace:
    programs = folder / "bin"
    programs.mkdir(parents=True)
    own = programs / "anthropic-exporter"
    own.write_text(f'#!/bin/sh\nexec {sys.executable} -m exporter "$@"\n')
    own.chmod(0o755)
    if kind in PROMTOOLS:
        (programs / "promtool").symlink_to(tool(PROMTOOLS[kind]))
    (folder / "admin.key").write_text(Options.key)
    (folder / "deploy").symlink_to(ROOT / "deploy")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Workplace(folder, {"PATH": path, "PYTHONPATH": str(ROOT), **exporter_environment(api)})


def exporter_environment(api: str) -> dict[str, str]:
    """Settings that no reader of the document needs."""
    section = "ANTHROPIC_EXPORTER_API__"
    listen = {"ANTHROPIC_EXPORTER_WEB__LISTEN_ADDRESS": "127.0.0.1:0"}
    return {f"{section}BASE_URL": api, f"{section}REQUESTS_PER_MINUTE": "100000", **listen}


@contextmanager
def started(kind: str, tool: Callable[[str], str], folder: Path, *more: str) -> Iterator[Receiver]:
    """A receiver by the document's own command, with its data in `folder`."""
    port = promql.free_port()
    _, *flags = words(START[generation(kind)])
    places = {"=deploy/": f"={ROOT}/deploy/", "=data": f"={folder}/data", "=victoria": f"={folder}/victoria"}
    for old, new in places.items():
        flags = [flag.replace(old, new) for flag in flags]
    listen = ("-httpListenAddr" if kind == "victoria" else "--web.listen-address") + f"=127.0.0.1:{port}"
    ready = f"http://127.0.0.1:{port}" + ("/health" if kind == "victoria" else "/-/ready")
    arguments = [tool(PROGRAMS[kind]), *flags, listen, *more]
    with promql.started(folder, arguments, lambda: get(ready)) as process:
        yield Receiver(kind, port, process)
