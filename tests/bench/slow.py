"""Clients that take no gzip and read slowly: by how much the peak of memory grows."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.report import SLOW, Row
from tests.bench.service import Exporter

CLIENTS = 64
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BYTES_AT_A_TIME, PAUSE_SECONDS = 1 << 14, 0.1
LEAST_BYTES_A_SECOND = 20_000
"""As the exporter wants it: 256 KiB in 20 s, or the client is cut."""


def measure(exporter: Exporter, size: str, seconds: int) -> Iterator[Row]:
    """All of them at a time, for so many seconds. Raises ValueError if one was sent nothing, or was cut."""
    clients = [connect(exporter.port) for _ in range(CLIENTS)]
    Path(f"/proc/{exporter.pid}/clear_refs").write_text("5")  # the peak is now what there is
    before = kibibytes(exporter.pid, "VmRSS")
    for client in clients:
        client.sendall(REQUEST)
    received = [0] * CLIENTS
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, client in enumerate(clients):
            with contextlib.suppress(BlockingIOError):
                received[number] += len(client.recv(BYTES_AT_A_TIME))
        time.sleep(PAUSE_SECONDS)
    growth = kibibytes(exporter.pid, "VmHWM") - before
    for client in clients:
        client.close()
    if min(received) < LEAST_BYTES_A_SECOND * seconds:
        raise ValueError(f"a slow client was sent {min(received)} bytes in {seconds} s, or was cut")
    yield Row(SLOW, size, "MiB", growth / 1024)


def connect(port: int) -> socket.socket:
    """A client whose kernel holds next to nothing for it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.settimeout(0)
    return client


def kibibytes(pid: int, name: str) -> int:
    """A line of what Linux says about the memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])
