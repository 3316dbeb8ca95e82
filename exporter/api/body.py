"""The body of an answer, read as far as a limit.

httpx inflates whatever came at once, and as often as an answer says that it was compressed: 64 KiB can become 64 MiB,
and where gzip is stacked on gzip, 64 GiB.
"""

import zlib
from io import BytesIO

import httpx

from exporter.errors import AdminApiError, Reason

_GZIP = zlib.MAX_WBITS | 16


async def read(name: str, response: httpx.Response, most: int) -> bytes:
    """The whole body, inflated. `name` stands for the endpoint in errors.

    Raises AdminApiError for more than `most` bytes, and for an encoding that was not asked for or is broken; httpx's
    errors pass.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise AdminApiError(Reason.BAD_RESPONSE, f"{name}: the body is in an encoding that was not asked for")
    unzip = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    body = BytesIO()  # a list of chunks would be many times as long as chunks of a byte each
    async for chunk in response.aiter_raw():
        body.write(_inflated(name, unzip, chunk, most + 1 - body.tell()) if unzip else chunk)
        if body.tell() > most:
            raise AdminApiError(Reason.BAD_RESPONSE, f"{name}: a body of more than {most >> 10} KiB")
    if unzip and not unzip.eof:
        raise _broken(name)
    return body.getvalue()


def _inflated(name: str, unzip: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        inflated = unzip.decompress(chunk, most)
    except zlib.error:
        raise _broken(name) from None
    if unzip.unused_data:  # all that comes after the end would be kept there
        raise _broken(name)
    return inflated


def _broken(name: str) -> AdminApiError:
    return AdminApiError(Reason.BAD_RESPONSE, f"{name}: the body cannot be decompressed")
