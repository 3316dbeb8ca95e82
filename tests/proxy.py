"""A small HTTP proxy in this process."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
