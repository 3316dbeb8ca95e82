"""TLS of a listener: contexts made of a configuration, and replaced while the listener runs."""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from exporter.front.go_names import CIPHERS
from exporter.front.web_config import TlsSection

_MOST_BYTES = 60_000
_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for."""


@dataclass(frozen=True)
class Pems:
    """What certificates and keys are, whether they stood in files or in the configuration itself."""

    cert: bytes
    key: bytes = field(repr=False)
    client_ca: bytes


class LiveContext(ssl.SSLContext):
    """The context that a listener holds: every new connection gets the one that is `current` then.

    asyncio keeps the context that a server was started with, and OpenSSL cannot take back a client CA. So each change
    makes a whole new context: it is used as it was meant, or not at all, and connections that are open keep theirs.
    """

    current: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401
        """TLS of a new connection."""
        return self.current.wrap_bio(*arguments, **options)


def live(context: ssl.SSLContext) -> LiveContext:
    """A context for a listener that starts with `context`."""
    made = LiveContext(ssl.PROTOCOL_TLS_SERVER)
    made.current = context
    return made


def server_context(section: TlsSection, pems: Pems) -> ssl.SSLContext:
    """A context as `section` wants it. Raises ValueError, naming the key that is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if section.tls13_only else ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if section.max_version == "TLS13" else ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = _connections(frozenset(section.client_allowed_sans))
    if not section.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = [CIPHERS[name] for name in section.cipher_suites if name in CIPHERS]
    try:
        if suites:
            context.set_ciphers(":".join(suites))
        if section.curve:
            context.set_ecdh_curve(section.curve)
    except (ssl.SSLError, ValueError) as error:  # an OpenSSL that was built without it
        raise ValueError(f"cipher_suites, curve_preferences: OpenSSL does not take them: {error}") from None
    _load_certificate(context, pems)
    _ask_clients(context, section, pems.client_ca)
    return context


def _load_certificate(context: ssl.SSLContext, pems: Pems) -> None:
    try:
        with _as_file(pems.cert) as cert_file, _as_file(pems.key) as key_file:
            context.load_cert_chain(cert_file, key_file, password=_no_password)
    except ssl.SSLError as error:
        raise ValueError(f"cert, key: they cannot be used: {error.reason or error}") from None
    except OSError:  # OpenSSL's reason is lost, because it tried to seek in a pipe
        raise ValueError("cert, key: the key is not this certificate's, or is none") from None
    except ValueError as error:
        raise ValueError(f"cert, key: {error}") from None


def _no_password() -> str:
    raise ValueError("the key is encrypted, and there is no setting for its password")


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """The path of a pipe that holds `content`: ssl reads files only, and no copy of a key shall be in one."""
    if len(content) > _MOST_BYTES:  # a pipe takes 64 KiB
        raise ValueError(f"larger than {_MOST_BYTES:,} bytes")
    reading, writing = os.pipe()
    try:
        os.write(writing, content)
        os.close(writing)
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)


def _ask_clients(context: ssl.SSLContext, section: TlsSection, client_ca: bytes) -> None:
    if section.client_auth_type == "NoClientCert":
        return
    if client_ca:
        try:
            context.load_verify_locations(cadata=client_ca.decode("ascii"))
        except (OSError, ValueError) as error:
            raise ValueError(f"client_ca: it cannot be used: {error}") from None
    else:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED if section.requires_certificates else ssl.CERT_OPTIONAL


def _connections(allowed: frozenset[str]) -> type[ssl.SSLObject]:
    """TLS of connections; the client's certificate must have one of the `allowed` names, if there are any."""

    class Connection(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if allowed and not allowed & set(names_of(self.getpeercert() or {})):
                raise ssl.SSLCertVerificationError("the client's certificate has no allowed name")

        def unwrap(self) -> None:
            """Say goodbye without waiting for the client to say it too: asyncio would keep the connection for 30 s."""
            with suppress(ssl.SSLWantReadError):
                super().unwrap()

    return Connection


def names_of(certificate: Mapping[str, Any]) -> Iterator[str]:
    """The subject alternative names of a certificate, addresses as Go writes them."""
    for kind, name in certificate.get("subjectAltName", ()):
        yield str(ipaddress.ip_address(name.strip())) if kind == "IP Address" else name


def described(pems: Pems) -> str:
    """Whose the certificate is and until when, empty if that cannot be told.

    Python's ssl tells it of a peer only: so somebody who trusts this very certificate shakes hands with it in memory.
    """
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    try:
        _load_certificate(server, pems)
        client.load_verify_locations(cadata=pems.cert.decode("ascii"))
        ends = client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)
        for end in (*ends, *ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
        certificate: Mapping[str, Any] = ends[0].getpeercert() or {}
    except (OSError, ValueError):
        return ""
    names = list(names_of(certificate)) or [value for part in certificate["subject"] for _, value in part]
    return f"{', '.join(names[:3])}, until {certificate['notAfter']}"
