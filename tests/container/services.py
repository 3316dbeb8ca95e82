"""Services in containers that read a simulated API, and the key that they are given."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.demo.options import Options
from tests.container.docker import NETWORK, Container, docker, running
from tests.service import ask

PUBLISHED = ("--network", NETWORK, "--publish", "127.0.0.1::10204", "--publish", "127.0.0.1::20000")
SECRETS = "/run/secrets/anthropic-exporter"
WITH_KEY_FILE = ("--env", f"ANTHROPIC_EXPORTER_API__KEY_FILE={SECRETS}/admin-key")
WITH_KEY = ("--env", f"ANTHROPIC_ADMIN_KEY={Options.key}")


class Simulated:
    """A simulated API, and where it is found: in its container's network, at loopback, it may be spoken to in plain."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.options = (
            *(
                f"--network=container:{container.name}",
                "--env",
                "ANTHROPIC_EXPORTER_API__BASE_URL=http://127.0.0.1:20000",
            ),
            *("--env", "ANTHROPIC_EXPORTER_API__REQUESTS_PER_MINUTE=100000"),
        )

    def requests(self) -> int:
        """How many it was asked."""
        return len(ask(f"{self.container.url(20000)}/simulator/requests"))


class Served(Container):
    """A service. Its network, and so its published port, is that of the simulated API."""

    def __init__(self, container: Container, api: Simulated) -> None:
        super().__init__(container.name)
        self.api = api

    def url(self, port: int = 10204) -> str:
        """Where one of its ports is published."""
        return self.api.container.url(port)


@contextmanager
def simulated(image: str, *arguments: str) -> Iterator[Simulated]:
    """A simulated API."""
    command = ("simulate", "--people=30", "--listen-address=0.0.0.0:20000", *arguments)
    with running(image, *command, options=PUBLISHED) as container:
        container.until_said("simulated Admin API at")
        yield Simulated(container)


@contextmanager
def served(
    image: str,
    *options: str,
    key: tuple[str, ...] = WITH_KEY,
    arguments: tuple[str, ...] = (),
    api: tuple[str, ...] = (),
) -> Iterator[Served]:
    """A service that reads one."""
    with (
        simulated(image, *api) as found,
        running(image, "serve", *arguments, options=(*found.options, *key, *options)) as container,
    ):
        yield Served(container, found)


@contextmanager
def key_folder(key: str, mode: int = 0o644) -> Iterator[tuple[str, ...]]:
    """Options that mount a folder with a key in it; `replace_key` finds it there."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        replace_key(name, key, mode)
        yield ("--volume", f"{name}:{SECRETS}:ro")


def replace_key(folder: str, key: str, mode: int = 0o644) -> None:
    """Put another file in the place of the key's: an editor does so, and Kubernetes in its way."""
    new = Path(folder) / "new"
    new.write_text(f"{key}\n")
    new.chmod(mode)
    new.rename(Path(folder) / "admin-key")


def seconds_to_stop(container: Container) -> float:
    """How long `docker stop` takes. The exit code has to be 0."""
    began = time.monotonic()
    docker("stop", container.name)
    seconds = time.monotonic() - began
    assert container.state()["ExitCode"] == 0, container.logs()
    assert seconds < 5, f"{seconds:.1f} s"
    return seconds
