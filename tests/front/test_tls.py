"""TLS: versions, ciphers, curves and client certificates, as handshakes show them."""

import socket
import ssl
import warnings
from urllib.parse import urlsplit

import pytest
import trustme

from exporter.front import tls
from exporter.front.go_names import CIPHERS
from exporter.front.web_file import WebConfigFile
from tests.front.entrance import entered, status, trusting

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def handshake(certificates, fixture, client="", ciphers="", curve="", **options):
    """What client and server agree on, over a request that is answered."""
    context = trusting(certificates, client, **options)
    if ciphers:
        context.set_ciphers(ciphers)
    if curve:
        context.set_ecdh_curve(curve)
    with (
        entered(certificates.config(fixture)) as front,
        socket.create_connection(("127.0.0.1", urlsplit(front.url).port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = secure.recv(12)
        if not answer:
            raise EOFError  # asyncio does not send the alert that says why
        assert answer == b"HTTP/1.1 200"
        return secure.version(), (secure.cipher() or [""])[0]


def refused(certificates, fixture, client="", **options):
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        handshake(certificates, fixture, client, **options)
    return True


def test_tls_13_is_spoken_with_those_who_can_and_tls_12_with_the_others(certificates):
    assert handshake(certificates, "tls.good.yml")[0] == "TLSv1.3"
    assert handshake(certificates, "tls.good.yml", maximum_version=TLS12)[0] == "TLSv1.2"


@pytest.mark.parametrize("fixture", ["tls.good.yml", "old_version.good.yml"])
def test_nothing_older_than_tls_12_is_spoken(certificates, fixture):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = {"minimum_version": ssl.TLSVersion.TLSv1_1, "maximum_version": ssl.TLSVersion.TLSv1_1}
        assert refused(certificates, fixture, ciphers="ALL@SECLEVEL=0", **old)


@pytest.mark.parametrize("fixture", ["one_curve.good.yml", "ciphers_of_tls_13_alone.good.yml"])
def test_tls_12_is_refused_where_tls_13_is_the_least(certificates, fixture):
    assert handshake(certificates, fixture)[0] == "TLSv1.3"
    assert refused(certificates, fixture, maximum_version=TLS12)


def test_the_certificate_and_its_key_may_stand_in_the_configuration(certificates):
    assert handshake(certificates, "tls_inline.good.yml")[0] == "TLSv1.3"


def test_the_server_prefers_its_ciphers_in_their_order_unless_it_is_told_not_to(certificates):
    theirs = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
    ours = handshake(certificates, "some_ciphers.good.yml", ciphers=theirs)
    assert ours == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    clients = handshake(certificates, "some_ciphers_in_the_order_of_clients.good.yml", ciphers=theirs)
    assert clients == ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")


def test_a_client_without_one_of_the_ciphers_is_refused(certificates):
    assert refused(certificates, "some_ciphers.good.yml", ciphers="ECDHE-ECDSA-CHACHA20-POLY1305")


def test_openssl_knows_every_cipher_by_the_name_that_it_gets():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name in CIPHERS.values():
        context.set_ciphers(name)
        assert name in {cipher["name"] for cipher in context.get_ciphers()}


def test_a_client_without_the_curve_is_refused(certificates):
    assert handshake(certificates, "one_curve.good.yml", curve="secp521r1")
    assert refused(certificates, "one_curve.good.yml", curve="secp384r1")
    assert handshake(certificates, "all_curves.good.yml", curve="secp384r1")
    assert refused(certificates, "some_curves.good.yml", curve="secp384r1")


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize(
    ("fixture", "welcome"),
    [
        ("no_client_certificates.good.yml", ["", "client", "stranger"]),
        ("request.good.yml", ["", "client"]),
        ("verify_if_given.good.yml", [""]),  # the authorities of the system know nobody here
        ("require_any.good.yml", ["client"]),
        ("require_any_by_its_old_name.good.yml", ["client"]),
        ("require_and_verify.good.yml", ["client"]),
        ("key_inline.good.yml", ["client"]),
    ],
)
def test_client_certificates_open_the_door_or_not(certificates, fixture, welcome, version):
    certificates.issue("stranger", "prometheus.example", authority=trustme.CA())
    for client in ("", "client", "stranger"):
        if client in welcome:
            assert handshake(certificates, fixture, client, maximum_version=version)
        else:
            assert refused(certificates, fixture, client, maximum_version=version)


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_only_clients_with_an_allowed_name_get_in(certificates, version):
    assert handshake(certificates, "client_names.good.yml", "client", maximum_version=version)
    assert refused(certificates, "client_names.good.yml", "guest", maximum_version=version)
    certificates.issue("addressed", "10.0.0.1")
    assert handshake(certificates, "client_names.good.yml", "addressed", maximum_version=version)


def test_names_of_a_certificate_are_compared_as_go_writes_them():
    names = (("DNS", "a.example"), ("IP Address", "FE80:0:0:0:0:0:0:1"), ("URI", "spiffe://x/y"), ("email", "a@b.c"))
    assert list(tls.names_of({"subjectAltName": names})) == ["a.example", "fe80::1", "spiffe://x/y", "a@b.c"]


def test_a_certificate_is_described_by_its_names_and_its_end(certificates):
    pems = WebConfigFile(certificates.config("tls.good.yml")).pems
    assert pems
    assert tls.described(pems) == "localhost, 127.0.0.1, until Jan  1 00:00:00 3000 GMT"


def test_a_certificate_that_is_too_long_for_a_pipe_is_refused(certificates):
    (certificates.folder / "server.crt").write_bytes((certificates.folder / "server.crt").read_bytes() * 100)
    with pytest.raises(Exception, match="cert, key: larger than 60,000 bytes"):
        WebConfigFile(certificates.config("tls.good.yml"))


def test_who_speaks_http_to_tls_gets_no_answer(certificates):
    with entered(certificates.config("tls.good.yml")) as front, pytest.raises(OSError):
        status(front)
