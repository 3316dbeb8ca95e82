"""python -m tests.bench.api ADDRESS RECORDS: Claude Code records over HTTP, with other numbers at every walk."""

import gzip
import sys
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from exporter.values import address
from tests.bench.records import DAY, pages

VERSIONS = 2


class Api(BaseHTTPRequestHandler):
    """Answers with pages that lie ready as the API sends them, compressed: making them would take time from others."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    versions: list[list[bytes]]
    walks = 0

    def do_GET(self) -> None:
        """A page of the day that is asked for. The first one begins a walk; one client walks at a time."""
        query = dict(parse_qsl(urlsplit(self.path).query))
        page = int(query.get("page", "1"))
        Api.walks += page == 1
        body = self.compressed(Api.walks % VERSIONS, page, query["starting_at"])
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    @cache
    def compressed(version: int, page: int, day: str) -> bytes:
        """One page, made when it is first asked for."""
        body = Api.versions[version][page - 1].replace(f"{DAY}T".encode(), f"{day}T".encode())
        return gzip.compress(body, 1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(listen: str, records: str) -> None:
    """Serve until killed."""
    Api.versions = [pages(int(records), version) for version in range(VERSIONS)]
    ThreadingHTTPServer(address(listen), Api).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
