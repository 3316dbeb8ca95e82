"""Small HTTP proxies in this process."""

import select
import socket
import ssl
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DROPPED = 0
"""The connection is closed instead of an answer, and nothing was forwarded."""
LOST = -1
"""The request is forwarded, and the connection closed instead of its answer."""


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The HOST:PORT of a server whose requests `handler` answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def forwarding(request_for: Callable[[str, Message], urllib.request.Request]) -> Iterator[str]:
    """The HOST:PORT of a proxy that sends `request_for(path, headers)` on for each GET, and its answer back."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            with urllib.request.urlopen(request_for(self.path, self.headers)) as answer:
                body = answer.read()
            self.send_response(200)
            for name in ("content-type", "content-encoding"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with answering(Proxy) as address:
        yield address


@dataclass
class Tunnels:
    """Where a proxy is, and what it was asked for: HOST:PORT, and who asked by `proxy-authorization`."""

    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def tunnelling(port: int, user: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Tunnels]:
    """A proxy of CONNECT for `user`, USER:PASSWORD or nobody in particular, whose tunnels all lead to `port` here."""
    tunnels = Tunnels()
    welcome = f"Basic {b64encode(user.encode()).decode()}" if user else ""

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self):
            who = self.headers.get("proxy-authorization", "")
            tunnels.asked.append((self.path, who))
            self.send_response_only(200 if who == welcome else 407)
            self.end_headers()
            if who == welcome:
                with socket.create_connection(("127.0.0.1", port)) as onward:
                    splice({onward: self.connection, self.connection: onward})
            self.close_connection = True

        def log_message(self, *_):
            pass

    with answering(Proxy, tls) as address:
        tunnels.address = address
        yield tunnels


def splice(other: dict[socket.socket, socket.socket]) -> None:
    """Pass on what either end says, until one is closed. A read takes a whole record of TLS, so none is left behind."""
    while True:
        for end in select.select(list(other), [], [])[0]:
            try:
                said = end.recv(1 << 16)
                other[end].sendall(said)
            except OSError:
                return
            if not said:
                return


@dataclass
class Request:
    """A POST as it came, and the status it was answered with: DROPPED and LOST are those of no answer."""

    path: str
    headers: Message
    body: bytes
    status: int | None = None


class Faulty:
    """What a faulty proxy does, and what it was sent."""

    def __init__(self, answer: Callable[[Request], int | None]) -> None:
        self.answer = answer
        self.retry_after = ""
        self.requests: list[Request] = []
        self.write_url = ""


def forward(netloc: str, request: Request) -> tuple[int, bytes]:
    with closing(HTTPConnection(netloc, timeout=60)) as connection:
        try:
            connection.request("POST", request.path, request.body, dict(request.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            return 502, str(error).encode()


@contextmanager
def faulty(write_url: str, answer: Callable[[Request], int | None] = lambda _: None) -> Iterator[Faulty]:
    """A proxy before `write_url` that forwards if `answer(request)` is None; else it answers with that status itself.

    Its own answers carry `retry_after` as Retry-After, if there is one.
    """
    target = urlsplit(write_url)
    proxy = Faulty(answer)

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept alive, as those of receivers are

        def do_POST(self):
            request = Request(self.path, self.headers, self.rfile.read(int(self.headers["content-length"])))
            status, body = proxy.answer(request), b"a fault of this proxy"
            own = status is not None
            if status is None or status == LOST:
                got, body = forward(target.netloc, request)
                status = got if status is None else LOST
            request.status = status
            proxy.requests.append(request)
            if status in (DROPPED, LOST):
                self.close_connection = True
            else:
                self.reply(status, body, proxy.retry_after if own else "")

        def reply(self, status, body, retry_after):
            self.send_response(status)
            if retry_after:
                self.send_header("retry-after", retry_after)
            if status != 204:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with answering(Proxy) as address:
        proxy.write_url = f"http://{address}{target.path}"
        yield proxy
