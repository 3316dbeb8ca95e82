"""The exporter as users run it: processes, told by arguments and environment, seen through HTTP."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from exporter.demo.options import Options

PATIENCE_SECONDS = 60


class Process:
    """A running command, and the last words on its standard error."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Any) -> None:
        self.log = log
        self.child = subprocess.Popen(arguments, env=environment, stderr=log, stdout=subprocess.DEVNULL)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how many seconds it took after the signal."""
        started = time.monotonic()
        self.child.send_signal(number)
        return self.child.wait(30), time.monotonic() - started

    def said(self) -> str:
        """Everything on its standard error so far."""
        with open(self.log.name) as file:  # noqa: PTH123
            return file.read()


@contextmanager
def running(tmp_path, *arguments: str, **environment: str) -> Iterator[Process]:
    """A command of the exporter while it runs."""
    names = ("PATH", "HOME", "LANG", "PYTHONPATH", "SSL_CERT_FILE")
    clean = {name: os.environ[name] for name in names if name in os.environ}
    with (tmp_path / f"{arguments[0]}-{time.monotonic_ns()}.log").open("w") as log:
        process = Process([sys.executable, "-m", "exporter", *arguments], clean | environment, log)
        try:
            yield process
        finally:
            if process.child.poll() is None:
                process.child.kill()
                process.child.wait()


def get(url: str, context: ssl.SSLContext | None = None, **headers: str) -> str:
    """The body of a 200 answer."""
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        return str(answer.read(), "utf-8")


def ask(url: str, body: object = None, method: str = "GET") -> Any:
    """JSON for JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for `condition` to give something true, which is returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if result := condition():
                return result
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"in vain, waited {seconds} s for {what}")


@contextmanager
def simulator(tmp_path, *arguments: str) -> Iterator[str]:
    """The URL of a simulated Admin API."""
    with running(tmp_path, "simulate", "--listen-address=127.0.0.1:0", *arguments) as process:
        yield until(lambda: first_url(process), "the simulator")


@contextmanager
def exporter(tmp_path, api: str, *arguments: str, key: str = Options.key) -> Iterator[tuple[str, Process]]:
    """The URL of a service that polls `api`, and its process."""
    flags = [f"--api.base-url={api}", "--web.listen-address=127.0.0.1:0", "--api.requests-per-minute=100000"]
    with running(tmp_path, "serve", *flags, *arguments, ANTHROPIC_ADMIN_KEY=key) as process:
        yield until(lambda: first_url(process), "the exporter"), process


def first_url(process: Process) -> str | None:
    found = re.search(r"https?://[\d.]+:\d+", process.said())
    return found.group() if found else None


def ready(url: str) -> bool:
    return get(f"{url}/-/ready") == "ready\n"


def samples(text: str) -> dict[str, float]:
    """Series and values of an exposition."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert len(found) == len(lines), "a series stands twice"
    return found


def own(name: str, poll: str, **labels: str) -> str:
    """A series of the exporter about a poll of the simulated organization."""
    labels = {"organization": Options.organization_name, "poll": poll, **labels}
    text = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"anthropic_exporter_{name}{{{text}}}"
