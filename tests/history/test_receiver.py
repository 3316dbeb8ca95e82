"""How a receiver is spoken with: authentication, tenants, certificates, and never a secret in words."""

import gzip
import socket
import ssl
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
import trustme

from exporter import web
from exporter.app import utc_now
from exporter.errors import PushError, Reason, SettingsError
from exporter.history.receiver import Receiver, receiver_client
from exporter.history.remote_write import WriteRequest
from exporter.settings import RemoteWriteSection
from tests.history.scripted import URL, Scripted
from tests.proxy import answering


class Taking(BaseHTTPRequestHandler):
    """A receiver that takes everything."""

    def do_POST(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


async def headers(**section):
    scripted = Scripted(**section)
    await scripted.receiver.write(WriteRequest())
    return scripted.requests[0].headers


async def test_a_request_says_what_it_is():
    found = await headers()
    assert found["content-type"] == "application/x-protobuf"
    assert found["content-encoding"] == "snappy"
    assert found["x-prometheus-remote-write-version"] == "0.1.0"
    assert found["user-agent"].startswith("anthropic-exporter/")
    assert "authorization" not in found


async def test_headers_of_the_settings_go_along():
    assert (await headers(headers="X-Scope-OrgID=tenant-1"))["x-scope-orgid"] == "tenant-1"


async def test_a_password_and_a_token_are_read_for_every_request(tmp_path):
    file = tmp_path / "secret"
    basic, bearer = Scripted(username="me", password_file=file), Scripted(bearer_token_file=file)
    found = []
    for secret in ("one\n", "two"):
        file.write_text(secret)
        for scripted in (basic, bearer):
            await scripted.receiver.write(WriteRequest())
            found.append(scripted.requests[-1].headers["authorization"])
    assert found == ["Basic bWU6b25l", "Bearer one", "Basic bWU6dHdv", "Bearer two"]


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", "geheim\u00fc".encode()])
async def test_an_unusable_secret_is_named_by_its_file_alone(tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PushError) as caught:
        await headers(bearer_token_file=file)
    assert caught.value.reason is Reason.UNAUTHORIZED
    assert str(file) in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "lines" not in str(caught.value)


async def test_a_redirect_is_not_followed():
    away = httpx.Response(307, headers={"location": "https://elsewhere.example/"})
    scripted = Scripted(lambda *_: away)
    with pytest.raises(PushError, match="a redirect, which is never followed"):
        await scripted.receiver.write(WriteRequest())
    assert [str(request.url) for request in scripted.requests] == [URL]


async def test_what_a_receiver_says_is_kept_short():
    scripted = Scripted(lambda *_: httpx.Response(400, text="out of\n bounds " * 9999))
    with pytest.raises(PushError) as caught:
        await scripted.receiver.write(WriteRequest())
    assert caught.value.detail.startswith("out of bounds out of bounds")
    assert len(caught.value.detail) <= 2048


@pytest.mark.parametrize("before", [0, 2030, 16370])
@pytest.mark.parametrize("way", ["bearer", "password", "header"])
async def test_a_receiver_that_repeats_what_authorizes_us_does_not_get_it_into_words(tmp_path, way, before):
    file = tmp_path / "secret"
    file.write_text("correct horse battery")
    section = {
        "bearer": {"bearer_token_file": file},
        "password": {"username": "me", "password_file": file},
        "header": {"headers": "X-Token=correct horse battery,X-Scope-OrgID=1"},
    }[way]

    def repeat(*_):
        sent = scripted.requests[0].headers
        values = [sent.get(name, "").removeprefix("Bearer ") for name in ("authorization", "x-token", "x-scope-orgid")]
        return httpx.Response(401, text="x" * before + f"{values}: correct horse battery")

    scripted = Scripted(repeat, **section)
    with pytest.raises(PushError) as caught:
        await scripted.receiver.write(WriteRequest())
    sent = scripted.requests[0].headers.get("authorization", "").split()[-1:]
    for secret in ("correct", "horse", *sent):
        assert secret not in caught.value.detail
    assert before or "[secret]" in caught.value.detail


async def test_what_a_receiver_says_is_never_inflated():
    bomb = gzip.compress(gzip.compress(b" " * 10_000_000))
    headers = {"content-encoding": "gzip, gzip"}
    scripted = Scripted(lambda *_: httpx.Response(400, headers=headers, stream=httpx.ByteStream(bomb)))
    with pytest.raises(PushError) as caught:
        await scripted.receiver.write(WriteRequest())
    assert (caught.value.reason, caught.value.detail) == (Reason.BAD_REQUEST, "")


async def test_nobody_there_is_a_connection_that_failed():
    with web.listen("a free port", "127.0.0.1:0") as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1/write"
    section = RemoteWriteSection(url=url, retries=0)
    async with receiver_client(section) as http:
        with pytest.raises(PushError) as caught:
            await Receiver(section, http, now=utc_now).write(WriteRequest())
    assert caught.value.reason is Reason.CONNECTION


async def test_a_receiver_that_never_answers_costs_the_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1/write"
        section = RemoteWriteSection(url=url, retries=0, timeout="100ms")
        async with receiver_client(section) as http:
            with pytest.raises(PushError, match=r"no answer within 0\.1 s") as caught:
                await Receiver(section, http, now=utc_now).write(WriteRequest())
    assert caught.value.reason is Reason.TIMEOUT


def test_the_target_changes_with_url_organization_and_tenant_and_tells_none_of_them():
    sections: tuple[dict[str, object], ...] = (
        {},
        {"url": "https://two.example/push"},
        {"headers": {"X-Scope-OrgID": "hush"}},
    )
    targets = {Scripted(**section).receiver.target(name) for section in sections for name in ("Acme", "Bolt")}
    assert len(targets) == 6
    assert all(len(target) == 32 and target.isalnum() for target in targets)


async def test_over_tls_both_sides_show_who_they_are(tmp_path):
    authority = trustme.CA()
    server, client, ca = tmp_path / "server.pem", tmp_path / "client.pem", tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(server)
    authority.issue_cert("exporter.example").private_key_and_cert_chain_pem.write_to_path(client)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(server)
    with answering(Taking, context) as address:
        url = f"https://localhost:{address.partition(':')[2]}/api/v1/write"
        for own, works in ((client, True), (None, False)):
            section = RemoteWriteSection(url=url, retries=0, ca_file=ca, cert_file=own)
            async with receiver_client(section) as http:
                receiver = Receiver(section, http, now=utc_now)
                if works:
                    await receiver.write(WriteRequest())
                else:
                    with pytest.raises(PushError):
                        await receiver.write(WriteRequest())


def test_certificates_are_checked_at_the_start(tmp_path):
    authority = trustme.CA()
    own, key = tmp_path / "own.pem", tmp_path / "key.pem"
    certificate = authority.issue_cert("exporter.example")
    certificate.cert_chain_pems[0].write_to_path(own)
    certificate.private_key_pem.write_to_path(key)
    receiver_client(RemoteWriteSection(url=URL, cert_file=own, key_file=key))
    with pytest.raises(SettingsError, match=r"history\.remote-write\.cert-file: cannot use .*own\.pem"):
        receiver_client(RemoteWriteSection(url=URL, cert_file=own))
    with pytest.raises(SettingsError, match=r"history\.remote-write\.ca-file: cannot use .*key\.pem"):
        receiver_client(RemoteWriteSection(url=URL, ca_file=tmp_path / "none" / "key.pem"))
