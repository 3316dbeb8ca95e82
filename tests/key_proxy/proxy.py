"""The key proxy of deploy/key-proxy, a real nginx, before a simulated Admin API behind TLS that notes what it sees."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from pwd import getpwnam

import trustme
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from exporter import web
from exporter.demo.access import OTHER_ORGANIZATION_KEY
from exporter.demo.options import Options
from exporter.demo.server import build_app
from tests.conftest import SUNDAY_NOON
from tests.promql import free_port
from tests.service import Process, until
from tests.serving import serving

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "key-proxy"
README = (FOLDER / "README.md").read_text()
KEY = "sk-ant-admin01-held_by-the_proxy-alone"
SECRETS = (KEY, OTHER_ORGANIZATION_KEY)
HOST = "api.anthropic.com"


@dataclass
class Seen:
    """A request as it came to the API."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Upstream:
    """The simulated Admin API. `instead` answers all requests while it is set, with a status and headers."""

    port: int = 0
    ca_file: Path = Path()
    requests: list[Seen] = field(default_factory=list)
    instead: tuple[int, dict[str, str]] | None = None
    date: datetime | None = None

    def __post_init__(self) -> None:
        self._app = GZipMiddleware(build_app(Options(key=KEY, people=10, days=3), lambda: SUNDAY_NOON))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        target = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
        self.requests.append(Seen(scope["method"], target, headers))

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.date or datetime.now(UTC), usegmt=True)
                message["headers"] = [*message["headers"], (b"date", date.encode())]
            await send(message)

        app = JSONResponse({}, *self.instead) if self.instead else self._app
        await app(scope, receive, dated)


@contextmanager
def upstream(folder: Path, name: str = HOST) -> Iterator[Upstream]:
    """An API whose certificate is for `name` and comes from an authority two steps below the one in `ca_file`."""
    root = trustme.CA()
    root.cert_pem.write_to_path(folder / "ca.pem")
    authority = root.create_child_ca().create_child_ca()
    authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    api = Upstream(ca_file=folder / "ca.pem")
    server = web.server(api)
    server.config.ssl_certfile = server.config.ssl_keyfile = folder / "server.pem"
    server.config.date_header = False
    with web.listen("the API", "127.0.0.1:0") as listening, serving(server, listening):
        api.port = listening.getsockname()[1]
        yield api


@dataclass
class KeyProxy:
    """A running key proxy and the token that it knows."""

    port: int
    folder: Path
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.folder / "token").read_text().strip()

    def reload(self) -> None:
        self.process.child.send_signal(signal.SIGHUP)

    def replace_key(self, key: str) -> None:
        """Put another key into key.conf, with a rename as an operator would."""
        file, new = self.folder / "key.conf", self.folder / "key.conf.new"
        new.write_text(f'"{self.token}" "{key}";\n')
        shutil.copystat(file, new)
        shutil.chown(new, file.stat().st_uid, file.stat().st_gid)
        new.rename(file)

    def said(self) -> str:
        """Everything that nginx has written."""
        return self.process.said() + (self.folder / "run" / "refused.log").read_text()

    def send(self, request: str, *, token: str | None = None, host: str | None = None, more: str = "") -> str:
        """What is answered to a request line, or to several requests where `more` has them after the headers."""
        host = f"127.0.0.1:{self.port}" if host is None else host
        hosts = f"host: {host}\r\n" if host else ""
        head = f"{request}\r\n{hosts}x-api-key: {self.token if token is None else token}\r\n"
        return self.raw(f"{head}anthropic-version: 2023-06-01\r\nconnection: close\r\n{more}\r\n".encode())

    def raw(self, content: bytes) -> str:
        """What is answered to these bytes; a real key is never in it."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(content)
            while some := connection.recv(1 << 16):
                answer += some
        text = answer.decode("latin-1")
        assert not any(secret in text for secret in SECRETS)
        return text


@contextmanager
def key_proxy(nginx: str, api: Upstream, *, key: str = KEY, **changes: str) -> Iterator[KeyProxy]:
    """The proxy, as a user who is not root, on a free port and for this API; `changes` are further ones of its file.

    The key and the token are put where they belong by the lines of README.md.
    """
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        port = free_port()
        configuration = (FOLDER / "nginx.conf").read_text()
        for old, new in (
            ("listen 127.0.0.1:10206;", f"listen 127.0.0.1:{port};"),
            (f"server {HOST}:443 ", f"server 127.0.0.1:{api.port} "),
            ("/etc/ssl/certs/ca-certificates.crt", str(folder / "ca.pem")),
            *changes.items(),
        ):
            assert configuration.count(old) == 1, old
            configuration = configuration.replace(old, new)
        (folder / "nginx.conf").write_text(configuration)
        shutil.copy(api.ca_file, folder / "ca.pem")
        (folder / "run").mkdir()
        (lines,) = re.findall(r"```sh\n(umask .*?)```", README, re.DOTALL)
        subprocess.run(["sh", "-eu", "-c", lines], input=f"{key}\n", text=True, cwd=folder, check=True)
        command = [nginx, "-e", "stderr", "-p", str(folder / "run"), "-c", str(folder / "nginx.conf")]
        if os.geteuid() == 0:
            nobody = getpwnam("nobody")
            for path in (folder, *folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            ids = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
            command = ["setpriv", *ids, *command]
        with (folder / "nginx.log").open("w") as log:
            process = Process(command, dict(os.environ), log)
        proxy = KeyProxy(port, folder, process)
        try:
            until(lambda: answers(proxy), "nginx")
            yield proxy
        finally:
            process.stop()


def answers(proxy: KeyProxy) -> str:
    assert proxy.process.child.poll() is None, proxy.process.said()
    return proxy.send("GET / HTTP/1.1")


def status(answer: str) -> int:
    """The status of the first answer; 0 if there is none."""
    found = re.match(r"HTTP/1\.\d (\d{3})", answer)
    return int(found[1]) if found else 0
