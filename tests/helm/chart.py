"""The chart, and what real helm makes of it."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "anthropic-exporter"
RULES = ROOT / "deploy" / "prometheus"
BOARDS = ROOT / "grafana" / "dashboards"
README = CHART / "README.md"


@cache
def _parsed(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]


class Rendered(NamedTuple):
    """What helm wrote, or why it did not."""

    text: str
    error: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects that were rendered. Fails if none were."""
        assert not self.error, self.error
        return _parsed(self.text)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, end: str = "") -> dict[str, Any]:
        """The object of this kind whose name ends so."""
        (found,) = [one for one in self.all(kind) if one["metadata"]["name"].endswith(end)]
        return found

    @property
    def pod(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.one("StatefulSet")["spec"]["template"]["spec"]
        return spec

    @property
    def exporter(self) -> dict[str, Any]:
        """The exporter's container."""
        (found,) = [one for one in self.pod["containers"] if one["name"] == "exporter"]
        return dict(found)


def helm(program: str, *arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """A run of helm, with `given` on its standard input."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


@cache
def _template(program: str, values: str, release: str, namespace: str, chart: Path) -> Rendered:
    done = helm(program, "template", release, chart, "--namespace", namespace, "-f", "-", given=values)
    return Rendered(done.stdout, done.stderr if done.returncode else "")


def template(
    program: str,
    values: dict[str, Any],
    *,
    release: str = "acme",
    namespace: str = "monitoring",
    chart: Path = CHART,
) -> Rendered:
    """What `helm template` makes of these values."""
    return _template(program, yaml.safe_dump(values), release, namespace, chart)
