"""The pages behind a web configuration, over real sockets in this process."""

import base64
import http.client
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from exporter import web
from exporter.front.listeners import Front
from exporter.front.web_file import WebConfigFile
from tests.pages import Pages
from tests.serving import serving


@contextmanager
def entered(path: Path | None, pages: Pages | None = None, *, probes: bool = False) -> Iterator[Front]:
    """The listeners of `pages` as the configuration at `path` wants them, being served."""
    listening = web.listen("test", "127.0.0.1:0")
    health = web.listen("test", "127.0.0.1:0") if probes else None
    front = Front(listening, health, WebConfigFile(path) if path else None)
    with ExitStack() as stack:
        for server, socket in front.servers(pages or Pages()):
            stack.enter_context(serving(server, socket))
        yield front


def basic(credentials: str | bytes) -> str:
    """The header Authorization for USER:PASSWORD."""
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return f"Basic {base64.b64encode(raw).decode()}"


def trusting(certificates, client: str = "", **options: object) -> ssl.SSLContext:
    """A client's TLS that trusts the authority, and shows the certificate of `client` if there is one."""
    context = ssl.create_default_context(cafile=certificates.ca)
    if client:
        context.load_cert_chain(*certificates.pair(client))
    for name, value in options.items():
        setattr(context, name, value)
    return context


def connection(front: Front, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """A connection that is kept."""
    address = urlsplit(front.url).netloc
    if tls is None:
        return http.client.HTTPConnection(address, timeout=10)
    return http.client.HTTPSConnection(address, timeout=10, context=tls)


def ask(
    connection: http.client.HTTPConnection, path: str = "/metrics", authorization: str | bytes = "", **headers: str
):
    """The status and the headers of an answer."""
    connection.request("GET", path, headers=headers | ({"authorization": authorization} if authorization else {}))
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers


def status(front: Front, path: str = "/metrics", authorization: str | bytes = "", tls: ssl.SSLContext | None = None):
    """The status of an answer over a connection of its own."""
    with closing(connection(front, tls)) as one:
        return ask(one, path, authorization)[0]
