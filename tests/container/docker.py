"""The command `docker`, and containers that are gone after the test."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.service import get, until

NETWORK = "anthropic-exporter-test"
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")


def docker(*arguments: str, **environment: str) -> str:
    """What a docker command prints; a failure is an AssertionError with its words."""
    ran = tried(*arguments, **environment)
    assert ran.returncode == 0, f"docker {' '.join(arguments)}: {ran.stderr.strip() or ran.stdout.strip()}"
    return ran.stdout.strip()


def tried(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A docker command that may fail."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", *variables, "docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)


def inspected(kind: str, name: str) -> Any:
    """What the engine knows of an image, a container or a volume."""
    return json.loads(docker(kind, "inspect", name))[0]


class Container:
    """One that runs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def url(self, port: int = 10204) -> str:
        """Where one of its ports is published."""
        return f"http://{docker('port', self.name, f'{port}/tcp').splitlines()[0]}"

    def logs(self) -> str:
        """All it said."""
        ran = tried("logs", self.name)
        return ran.stdout + ran.stderr

    def state(self) -> Any:
        """Whether it runs, its exit code, its health."""
        return inspected("container", self.name)["State"]

    def until_said(self, words: str) -> None:
        """Wait until it has said `words`."""
        until(lambda: words in self.logs(), f"{words!r} of {self.logs()}")

    def until_ready(self) -> str:
        """Wait until every poll has answered; its metrics then."""
        until(lambda: get(f"{self.url()}/-/ready"), "every poll to have answered")
        return get(f"{self.url()}/metrics")


@contextmanager
def running(image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
    """A container of `image`, hardened, removed at the end."""
    name = f"{NETWORK}-{uuid.uuid4().hex[:8]}"
    try:
        docker("run", "--detach", "--name", name, *HARDENED, *options, image, *command)
        yield Container(name)
    finally:
        tried("rm", "--force", "--volumes", name)


def ran(image: str, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A command in a hardened container, run to its end."""
    return tried("run", "--rm", *HARDENED, *options, image, *command)


@contextmanager
def network() -> Iterator[None]:
    """One of our own: an engine need not have a usual one."""
    tried("network", "create", NETWORK)
    try:
        yield
    finally:
        tried("network", "rm", NETWORK)


@contextmanager
def volume() -> Iterator[str]:
    """The name of an empty volume."""
    name = docker("volume", "create")
    try:
        yield name
    finally:
        tried("volume", "rm", name)
