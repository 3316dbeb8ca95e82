"""Clients that are slow, many, greedy, or gone: what they hold is bounded, and nobody else waits for them."""

import asyncio
import contextlib
import random
import socket
import struct

import httpx
import pytest

from exporter import web
from exporter.connections import Limits
from exporter.crowd import Crowd
from tests.hostile.sockets import connected, contexts, crowd, received, statuses
from tests.pages import served
from tests.service import until

SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
GZIP_SCRAPE = SCRAPE.replace(b"Host: x", b"Host: x\r\nAccept-Encoding: gzip")
BIG = [bytes([number]) * (1 << 20) for number in range(64)]
NOISE = [random.Random(1).randbytes(8 << 20)]
"""As big where it is compressed."""


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"\x16\x03\x01", b"G", SCRAPE[:-2], b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12345678"]
)
def test_a_request_that_is_not_complete_in_time_is_cut(attacked, sent, tls):
    with attacked(Limits(request_seconds=0.2), tls=tls) as (url, server), connected(url) as client:
        client.sendall(sent)
        received(client)
        until(lambda: not server.server_state.connections, "the cut")


@pytest.mark.parametrize("drop", [b"a", b"\r\n"])
def test_a_byte_now_and_then_does_not_buy_time(attacked, drop):
    with attacked(Limits(request_seconds=0.3)) as (url, _), connected(url) as client:
        client.sendall(b"\r\n" if drop == b"\r\n" else b"GET /")
        client.settimeout(0.02)
        assert any(ends(client, drop) for _ in range(500))


def ends(client, drop):
    """Whether `drop` is one too many."""
    try:
        client.sendall(drop)
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_second_request_has_the_time_of_the_first(attacked):
    with attacked(Limits(request_seconds=0.2)) as (url, server), connected(url) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\nGET /-/rea")
        assert statuses(received(client)) == [200]
        until(lambda: not server.server_state.connections, "the cut")


def test_an_idle_connection_is_kept_for_its_time_only(attacked):
    with attacked(Limits(keep_alive_seconds=0)) as (url, _), connected(url) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n")
        assert statuses(received(client)) == [200]


def test_a_kept_connection_is_not_idle_while_requests_wait(attacked):
    with attacked(Limits(keep_alive_seconds=0)) as (url, _), connected(url) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\n\r\n" * 20)
        assert statuses(received(client)) == [200] * 20


def test_an_answer_may_take_longer_than_its_request(attacked, pages):
    pages.body(*BIG)
    with attacked(Limits(request_seconds=0.1)) as (url, _), connected(url) as client:
        client.sendall(SCRAPE[:-2] + b"Connection: close\r\n\r\n")
        assert len(received(client)) > 64 << 20


@pytest.mark.parametrize("tls", [False, True])
def test_of_many_silent_connections_the_oldest_give_way(attacked, tls):
    with attacked(Limits(connections=8), tls=tls) as (url, server), crowd(40, url) as silent:
        assert httpx.get(f"{url}/-/healthy", verify=contexts()[1]).status_code == 200
        assert len(server.server_state.connections) <= 8
        assert [received(client) for client in silent[:32]] == [b""] * 32


@pytest.mark.parametrize("tls", [False, True])
def test_a_scrape_is_served_while_slow_readers_hold_every_place(attacked, pages, tls):
    pages.body(*BIG)
    with attacked(Limits(connections=8), tls=tls) as (url, server), crowd(20, url, receives=4096) as readers:
        context = contexts()[1]
        for number, reader in enumerate(readers):
            try:
                readers[number] = context.wrap_socket(reader, server_hostname="127.0.0.1") if tls else reader
                readers[number].sendall(SCRAPE)
            except OSError:
                pass  # it was one too many
        for _ in range(3):
            assert httpx.get(f"{url}/metrics", verify=context, timeout=60).status_code == 200
        assert len(server.server_state.connections) <= 8
        for reader in readers:
            reader.close()


def test_a_flood_from_one_host_leaves_the_connections_of_others(attacked):
    with attacked(Limits(connections=8)) as (url, _), connected(url, source="127.0.0.2") as honest, crowd(60, url):
        honest.sendall(SCRAPE)
        assert honest.recv(15) == b"HTTP/1.1 200 OK"


class Client:
    """A member of a crowd."""

    def __init__(self, network, *, answering=False):
        self.network = network
        self.answering = answering


def gone(*clients):
    """Which of `clients`, the longest waiting first, has to go."""
    full: Crowd[Client] = Crowd()
    for client in clients:
        full.moved(client)
    return clients.index(full.first_to_go())


A, B = b"a", b"b"


def test_the_longest_waiting_of_the_largest_network_goes():
    assert gone(Client(A), Client(B), Client(B)) == 1
    assert gone(Client(A), Client(B), Client(A)) == 0


def test_who_is_answered_stays_until_half_of_the_places_are_answers():
    assert gone(Client(A, answering=True), Client(A), Client(A)) == 1
    assert gone(Client(A), Client(A, answering=True), Client(A, answering=True), Client(A)) == 1


def test_who_has_moved_or_left_is_not_the_longest_waiting():
    full: Crowd[Client] = Crowd()
    first, second, third = clients = [Client(A) for _ in range(3)]
    for client in clients:
        full.moved(client)
    full.moved(first)
    assert full.first_to_go() is second
    full.left(second)
    full.left(second)
    assert full.first_to_go() is third


def test_thousands_of_pipelined_requests_are_answered_in_order(attacked):
    paths = [b"/-/healthy", b"/x", b"/-/ready"] * 3000
    with attacked() as (url, server), connected(url) as client:
        client.sendall(b"".join(b"GET %s HTTP/1.1\r\n\r\n" % path for path in paths[:100]))
        client.sendall(b"".join(b"GET %s HTTP/1.1\r\n\r\n" % path for path in paths[100:]))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert statuses(received(client)) == [200, 404, 200] * 3000 + [200]
        until(lambda: not server.server_state.connections, "the close")


def test_what_is_sent_ahead_stays_with_the_client(attacked):
    ahead = SCRAPE * 5000
    sent = answers = 0
    with attacked(SO_SNDBUF=4096) as (url, _), connected(url, receives=4096) as client:
        client.settimeout(0.02)
        while answers < 50:
            with contextlib.suppress(TimeoutError):
                while True:
                    sent += client.send(ahead[sent % len(SCRAPE) :])
            answers += client.recv(1 << 16).count(b"HTTP/1.1 200 OK")
        client.close()
    assert sent < 8 << 20


@pytest.mark.parametrize("request_line", [SCRAPE, b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"])
def test_who_pipelines_and_reads_nothing_is_given_one_answer_at_a_time(attacked, request_line):
    with (
        attacked(Limits(stalled_seconds=1), SO_SNDBUF=4096) as (url, server),
        connected(url, receives=4096) as client,
    ):
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(request_line * 500_000)
        (connection,) = server.server_state.connections
        assert len(server.server_state.tasks) <= 2
        assert len(connection.pipeline) <= 1
        until(lambda: not server.server_state.connections, "the cut")


def test_reading_slowly_all_the_time_does_not_keep_an_answer_for_ever(attacked, pages):
    pages.body(*BIG)
    limits = Limits(answer_seconds=0.5, request_seconds=60, stalled_seconds=60)
    with attacked(limits, SO_SNDBUF=4096) as (url, server), connected(url, receives=4096) as client:
        client.sendall(SCRAPE)
        size = 0
        while chunk := client.recv(4096) if server.server_state.connections else b"":
            size += len(chunk)
        assert size < 64 << 20


def test_the_last_bytes_are_not_waited_for_without_end(attacked, pages):
    pages.body(b"x" * 40_000)  # less than what makes the server wait for the client
    for close in (b"\r\n", b"Connection: close\r\n\r\n"):
        limits = Limits(stalled_seconds=0.1, keep_alive_seconds=0)
        with attacked(limits, SO_SNDBUF=4096) as (url, server), connected(url, receives=4096) as client:
            client.sendall(SCRAPE[:-2] + close)
            until(lambda: server.server_state.total_requests, "the answer")
            until(lambda: not server.server_state.connections, "the cut")


@pytest.mark.parametrize(("scrape", "body"), [(SCRAPE, BIG), (GZIP_SCRAPE, NOISE)], ids=["text", "gzip"])
def test_the_answer_to_a_client_that_has_gone_ends_at_once(attacked, pages, caplog, scrape, body):
    pages.body(*body)
    with attacked() as (url, server):
        for _ in range(20):
            with connected(url) as client:
                client.sendall(scrape)
                client.recv(1000)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until(lambda: not server.server_state.tasks, "the end of the answers")
    assert not caplog.records, "asyncio warns when much is written to nobody"


def test_an_answer_ends_when_its_client_ends_its_side(attacked, pages):
    pages.body(*BIG)
    with attacked(Limits(stalled_seconds=60)) as (url, server), connected(url, receives=4096) as client:
        client.sendall(SCRAPE)
        client.recv(1000)
        client.shutdown(socket.SHUT_WR)
        until(lambda: not server.server_state.tasks, "the end of the answer", seconds=30)


def test_a_stop_ends_every_connection(pages):
    pages.body(*BIG)
    with served(pages) as (url, _):
        clients = [connected(url, receives=4096) for _ in range(2)]
        clients[0].sendall(SCRAPE)
        clients[0].recv(1000)
    for client in clients:
        received(client)
        client.close()


def test_the_kernel_keeps_little_for_a_slow_reader():
    with web.listen("test", "127.0.0.1:0") as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            sizes = [accepted.getsockopt(socket.SOL_SOCKET, name) for name in (socket.SO_SNDBUF, socket.SO_RCVBUF)]
            assert max(sizes) <= 1 << 19


def test_of_the_texts_for_many_clients_one_piece_is_made_at_a_time(pages):
    made = []

    class Scrape:
        content_type, length = "text/plain", 20

        def __init__(self, *, openmetrics):
            assert not openmetrics

        def text(self):
            for _ in range(20):
                made.append(1)
                yield b"x"

    pages.scrape = Scrape
    app = web.build(pages)

    async def receive():
        await asyncio.Event().wait()

    async def send(_):
        pass

    async def clients():
        scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": []}
        answers = asyncio.gather(*(app(dict(scope), receive, send) for _ in range(10)))
        most = 0
        while not answers.done():
            before = len(made)
            await asyncio.sleep(0)
            most = max(most, len(made) - before)
        return most

    assert asyncio.run(clients()) == 1
    assert len(made) == 200


def test_over_tls_all_is_as_without(attacked, pages):
    pages.body(*BIG)
    with attacked(tls=True) as (url, _), httpx.Client(verify=contexts()[1], timeout=60) as client:
        for _ in range(2):
            answer = client.get(f"{url}/metrics", headers={"accept-encoding": "identity"})
            assert answer.content.startswith(b"".join(BIG))


def test_what_is_no_tls_ends_without_a_word(attacked):
    with attacked(tls=True) as (url, server):
        for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b""):
            with connected(url) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                assert b"HTTP" not in received(client)
        until(lambda: not server.server_state.connections, "their end")
