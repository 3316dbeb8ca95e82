"""Raw clients, who send what they like."""

import logging
import socket
import ssl
from contextlib import ExitStack, contextmanager
from functools import cache

import trustme

PATIENCE_SECONDS = 10


@cache
def contexts():
    """TLS of a server on loopback, and of a client that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def connected(url, source="127.0.0.1", receives=None):
    """A connection to the server at `url`; with `receives`, its kernel takes few bytes ahead."""
    client = socket.socket()
    if receives:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    client.settimeout(PATIENCE_SECONDS)
    client.bind((source, 0))
    host, port = url.rpartition("/")[2].split(":")
    client.connect((host, int(port)))
    return client


@contextmanager
def crowd(number, url, **how):
    """Connections, held open."""
    with ExitStack() as stack:
        yield [stack.enter_context(connected(url, **how)) for _ in range(number)]


def flood(client, start, more, most=8 << 20):
    """Send `start`, and then `more` again and again: the number of bytes that went before the server closed."""
    sent = 0
    try:
        client.sendall(start)
        while sent < most:
            sent += client.send(more)
    except OSError:
        return sent
    raise AssertionError(f"{sent} bytes were taken")


def received(client):
    """What still comes, until the server closes."""
    chunks = []
    try:
        while chunk := client.recv(1 << 18):
            chunks.append(chunk)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return b"".join(chunks)


def statuses(answers):
    """The codes of some answers to requests."""
    return [int(answer[:3]) for answer in answers.split(b"HTTP/1.1 ")[1:]]


def complaints(caplog):
    """What is in the log, but for asyncio's warnings of clients that went away, which exporter/logs drops."""
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    return [r.getMessage() for r in records if r.name != "asyncio" or r.levelno >= logging.ERROR]
