"""A container whose first process is systemd, without a network but its own loopback."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.systemd.documented import ROOT, blocks

IMAGE = "anthropic-exporter-systemd-test"
PATIENCE_SECONDS = 120
T = TypeVar("T")

# What systemd needs to be the first process. SYS_RESOURCE, which not every engine can give, it can do without.
RIGHTS = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=systempaths=unconfined",
    "--cgroupns=host",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup",
    *(f"--tmpfs={path}" for path in ("/run", "/run/lock", "/tmp")),
    "--env=container=docker",
)


class FailedError(Exception):
    """Something is not as it should be."""


class Machine:
    """The container. What runs in it is a shell's lines, in the clone of the repository, as root."""

    def __init__(self, name: str) -> None:
        self._name = name

    def tried(self, lines: str, stdin: str = "") -> tuple[int, str]:
        """The exit code of these lines, and what they said."""
        command = ["docker", "exec", "--interactive", self._name, "bash", "-eu", "-o", "pipefail", "-c", lines]
        result = subprocess.run(
            command, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return result.returncode, result.stdout.strip()

    def run(self, lines: str, stdin: str = "") -> str:
        """What these lines say. Raises FailedError if they fail."""
        code, said = self.tried(lines, stdin)
        if code:
            raise FailedError(f"exit code {code} of\n{lines}\n{said}")
        return said

    def until(self, what: str, seen: Callable[[], T], wanted: Callable[[T], bool]) -> T:
        """What is seen once it is as wanted. Raises FailedError if that takes too long."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not wanted(value := seen()):
            if time.monotonic() > end:
                raise FailedError(f"{what}: not within {PATIENCE_SECONDS} s; now {value}")
            time.sleep(0.5)
        return value

    def property(self, unit: str, name: str) -> str:
        """A property of a unit, as `systemctl show` has it."""
        return self.run(f"systemctl show --property={name} --value {unit}")


def build(base: str) -> None:
    """Build the image: the files of the working tree that git knows, installed by the lines of the page."""
    with TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        clone.mkdir()
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        packed = subprocess.run(
            ["tar", "--create", "--null", "--files-from=-"], cwd=ROOT, input=files, check=True, stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "--extract"], cwd=clone, input=packed.stdout, check=True)
        Path(folder, "program.sh").write_text(blocks()["program"])
        shutil.copy(Path(__file__).parent / "Dockerfile", folder)
        options = ("--quiet", "--network=host", f"--build-arg=BASE={base}", f"--tag={IMAGE}")
        subprocess.run(["docker", "build", *options, folder], check=True)


@contextmanager
def machine() -> Iterator[Machine]:
    """The container while it runs."""
    name = f"{IMAGE}-{os.getpid()}"
    subprocess.run(
        ["docker", "run", "--detach", "--rm", "--network=none", f"--name={name}", *RIGHTS, IMAGE],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        it = Machine(name)
        it.until("systemd", lambda: it.tried("systemctl is-system-running")[1], "running".__eq__)
        yield it
    finally:
        subprocess.run(["docker", "kill", name], check=False, stdout=subprocess.DEVNULL)
