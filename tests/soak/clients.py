"""python -m tests.soak.clients PORT COUNT SEED: always so many clients that no server wants."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections import Counter
from dataclasses import dataclass
from random import Random

SECOND = 1.0
LONGEST = 60
ESTABLISHED = 1
"""As TCP_INFO has it: a client that does not read would not notice that it was cut."""
PLAIN = b"GET /metrics HTTP/1.1\r\nHost: soak\r\n\r\n"
GZIP = b"GET /metrics HTTP/1.1\r\nHost: soak\r\nAccept-Encoding: gzip\r\n\r\n"


@dataclass(frozen=True)
class Habit:
    """What a client sends at once, what of it a byte a second instead, and how many bytes it reads a second."""

    at_once: bytes = b""
    slowly: bytes = b""
    reads: int = 0


HABITS = {
    "reads slowly": Habit(PLAIN, reads=200),
    "reads gzip slowly": Habit(GZIP, reads=50),
    "reads nothing": Habit(PLAIN),
    "asks ten times, reads slowly": Habit(PLAIN * 10, reads=2000),
    "asks byte by byte": Habit(slowly=GZIP, reads=1000),
    "says nothing": Habit(),
    "stops in the middle": Habit(PLAIN[:20]),
    "never sends its body": Habit(
        b"POST / HTTP/1.1\r\nHost: soak\r\nContent-Length: 1000000\r\n\r\n", b"x" * LONGEST, 100
    ),
    "speaks TLS": Habit(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", reads=100),
    "speaks no HTTP": Habit(b"EHLO soak\r\n\r\n", reads=100),
    "has a bad length": Habit(b"GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n", reads=100),
    "has an endless header": Habit(b"GET / HTTP/1.1\r\nHost: soak\r\nX: " + b"x" * 200_000, b"x" * LONGEST, 100),
}


async def visit(port: int, habit: Habit, seconds: int) -> bool:
    """One connection, for so many seconds at most. Whether the server ended it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
            _send(connection, habit.at_once)
            for number in range(seconds):
                await asyncio.sleep(SECOND)
                if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO) != ESTABLISHED:
                    return True
                _send(connection, habit.slowly[number : number + 1])
                if habit.reads and _ended(connection, habit.reads):
                    return True
        except ConnectionError:
            return True
    return False


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(BlockingIOError):  # what the kernel does not take is lost, as the client wants it
        connection.send(data)


def _ended(connection: socket.socket, most: int) -> bool:
    try:
        return not connection.recv(most)
    except BlockingIOError:
        return False


async def client(port: int, rng: Random, seen: Counter[str]) -> None:
    """Come again and again, each time another way."""
    while True:
        name = rng.choice(list(HABITS))
        cut = await visit(port, HABITS[name], rng.randint(1, LONGEST))
        seen["connections"] += 1
        seen["cut"] += cut
        await asyncio.sleep(rng.random() / 10)


async def main(port: int, count: int, seed: int) -> None:
    """Run all of them until SIGTERM, then say how it was."""
    seen: Counter[str] = Counter()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    clients = [asyncio.create_task(client(port, Random(f"{seed} {number}"), seen)) for number in range(count)]
    await stopped.wait()
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    sys.stderr.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
