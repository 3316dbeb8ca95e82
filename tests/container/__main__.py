"""Runs all checks, a line for each; exit code 1 if one failed."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.container import debian, image, stack
from tests.container.docker import docker, network

ROOT = Path(__file__).parents[2]
IMAGE = "anthropic-exporter:test"
PYTHON_IMAGE = "docker.io/library/python:3.13-slim"
OF_THE_IMAGE = (
    image.nothing_installs,
    image.hardened,
    image.healthy,
    image.foreign_user,
    image.commands,
    image.restarted,
    image.stopped,
    image.rotated,
    image.key_not_readable,
    image.demo_before_serve,
    stack.demo,
    stack.live,
)


def main() -> int:
    """Build, look, and say."""
    options = arguments()
    if options.local_images:
        os.environ["DOCKER_CONFIG"] = str(debian.make_images(options.python_image))
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    commit = revision.stdout.strip()
    build = [f"--network={options.build_network}", f"--build-arg=PYTHON_IMAGE={options.python_image}"]
    build += [f"--build-arg=REVISION={commit}", str(ROOT)]
    checks: dict[str, Callable[[], str]] = {
        "built by the classic builder": partial(built, f"{IMAGE}-classic", build, buildkit="0"),
        "built by BuildKit": partial(built, IMAGE, build, buildkit="1"),
        "described": partial(image.described, IMAGE, commit),
        "size": partial(image.size, IMAGE, options.python_image),
    }
    checks |= {check.__name__.replace("_", " "): partial(check, IMAGE) for check in OF_THE_IMAGE}
    with network():
        held = [passes(name, check) for name, check in checks.items() if options.only in name]
    return 0 if all(held) else 1


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.container", description=__doc__)
    parser.add_argument("--local-images", action="store_true", help="make images of Debian's packages: see __init__.py")
    parser.add_argument("--python-image", default=PYTHON_IMAGE, help="base of the image (default: %(default)s)")
    parser.add_argument("--build-network", default="default", help="network of the build (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="WORDS", help="checks whose name holds these words")
    return parser.parse_args()


def built(name: str, arguments_: list[str], *, buildkit: str) -> str:
    """Build the image."""
    docker("build", "--tag", name, *arguments_, DOCKER_BUILDKIT=buildkit)
    return name


def passes(name: str, check: Callable[[], str]) -> bool:
    """Whether a check holds; the line says what it found, or what is wrong."""
    began = time.monotonic()
    try:
        verdict, found = "ok    ", check()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        verdict, found = "FAILED", str(error)
    print(f"{verdict} {time.monotonic() - began:6.1f} s  {name}: {found}", flush=True)  # noqa: T201
    return verdict == "ok    "


if __name__ == "__main__":
    sys.exit(main())
