"""A process under attack: its memory and its files are bounded, it is scraped all the time, and it stops when told."""

import contextlib

import pytest

from tests.hostile.sockets import connected, crowd
from tests.service import exporter, get, ready, samples, simulator, until

MIB = 1 << 20


def silence(client):
    pass


def half_a_head(client):
    client.sendall(b"GET /metrics HTTP/1.1\r\na: " + b"b" * 60_000)


def ahead(client):
    client.settimeout(0.01)
    with pytest.raises(TimeoutError):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 500_000)


def slow_reading(client):
    client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 100)


def test_memory_and_files_are_bounded_and_given_back(tmp_path):
    with simulator(tmp_path, "--people=300", "--days=5") as api, exporter(tmp_path, api) as (url, process):
        until(lambda: ready(url), "the first polls")

        def scrape(name):
            return samples(get(f"{url}/metrics"))[f"process_{name}"]

        files, memory = scrape("open_fds"), scrape("resident_memory_bytes")
        for attack, rounds, number in [
            (silence, 5, 400),
            (half_a_head, 5, 400),
            (slow_reading, 5, 400),
            (ahead, 1, 30),
        ]:
            for _ in range(rounds):
                with crowd(number, url, receives=4096) as clients:
                    for client in clients:
                        with contextlib.suppress(OSError):  # it was one too many
                            attack(client)
                    assert scrape("open_fds") < 700, "a process often has 1024"
                    assert scrape("resident_memory_bytes") < memory + 64 * MIB
                    until(lambda: scrape("open_fds") <= files + 128, "only the connections that are kept")
        until(lambda: scrape("open_fds") <= files + 1, "the end of all connections")
        assert "level=error" not in process.said()
        with crowd(400, url), connected(url) as client:
            client.sendall(b"GET /")
            code, seconds = process.stop()
            assert code == 0
            assert seconds < 5
