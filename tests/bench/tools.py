"""The real programs that measure, or are measured beside."""

import os
import re
import shutil
import subprocess

from tests.conftest import REMEDIES

VERSION_FLAGS = {"nginx": "-v", "prometheus": "--version", "wrk": "-v"}


class MissingError(Exception):
    """A program is not there; says how to get it."""


def program(name: str) -> str:
    """Its path. Raises MissingError."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise MissingError(f"not measured: {REMEDIES.get(name, f'apt-get install {name}')}")
    return path


def versions() -> list[str]:
    """Those programs that are there, with their versions."""
    found = []
    for name, flag in VERSION_FLAGS.items():
        try:
            ran = subprocess.run([program(name), flag], capture_output=True, text=True, check=False)
        except MissingError:
            continue
        number = re.search(r"\d+\.\d+\.\d+", ran.stdout + ran.stderr)
        found.append(f"{name} {number[0] if number else '?'}")
    return found
