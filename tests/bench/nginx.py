"""The same bytes served by nginx from a file, and the load generator wrk, which asks both in turns."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.report import NGINX, Row, of_clients
from tests.bench.service import Exporter, listens
from tests.bench.tools import program
from tests.promql import free_port, started

ASKING = {"accept": "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip"}
"""As Prometheus does."""
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3}

CONFIGURATION = """\
daemon off;
{user}
pid {folder}/pid;
error_log stderr;
worker_processes auto;
events {{ worker_connections 768; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    location /metrics {{ gzip_static always; types {{}} default_type "{content_type}"; }}
  }}
}}
"""
"""As Debian ships it, but for the places of its files, and without a log of scrapes, as we have none."""


class Answer(NamedTuple):
    """A gzip answer of /metrics."""

    content_type: str
    body: bytes


def ask(port: int) -> Answer:
    """One scrape. Raises ValueError if it is not what Prometheus would want."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics", headers=ASKING)
    response = connection.getresponse()
    answer = Answer(response.headers["content-type"], response.read())
    if response.status != 200 or response.headers["content-encoding"] != "gzip":
        raise ValueError(f"{response.status}: a gzip answer was asked for")
    connection.close()
    return answer


@contextmanager
def nginx(answer: Answer, folder: Path) -> Iterator[int]:
    """The port of an nginx that gives this answer."""
    own, port = folder / "nginx", free_port()
    own.mkdir()
    (own / "metrics.gz").write_bytes(answer.body)
    user = "" if os.geteuid() else "user root;"  # else its workers are not let into a temporary folder
    configuration = CONFIGURATION.format(folder=own, port=port, user=user, content_type=answer.content_type)
    (own / "nginx.conf").write_text(configuration)
    command = [program("nginx"), "-e", "stderr", "-p", str(own), "-c", str(own / "nginx.conf")]
    with started(own, command, lambda: listens(port)):
        if ask(port) != answer:
            raise ValueError("nginx serves something else")
        yield port


def compare(exporter: Exporter, port: int, size: str, clients: int, *, seconds: int, rounds: int) -> Iterator[Row]:
    """The median time of a scrape of both, with so many clients at a time."""
    wrk = program("wrk")
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(milliseconds(wrk, port, clients, seconds))
        ours.append(milliseconds(wrk, exporter.port, clients, seconds))
    yield Row(of_clients(clients), size, "ms", median(ours), median(theirs), NGINX)


def milliseconds(wrk: str, port: int, clients: int, seconds: int) -> float:
    """The median time of a scrape. Raises ValueError if one failed."""
    headers = [argument for name, value in ASKING.items() for argument in ("-H", f"{name}: {value}")]
    command = [wrk, "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", *headers, f"http://127.0.0.1:{port}/metrics"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r" 50% +([\d.]+)(us|ms|s)\n", said)
    if not found or "Socket errors" in said or "Non-2xx" in said:
        raise ValueError(f"wrk: {said}")
    return float(found[1]) * _MILLISECONDS[found[2]]
