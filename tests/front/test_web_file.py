"""The web configuration is replaced while it is in use."""

import asyncio
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import trustme

from tests.front.entrance import ask, basic, connection, entered, status, trusting

ALICE, BOB = basic("alice:wonderland"), basic("bob:builder: yes we can")


def refresh(front):
    asyncio.run(front.refresh())


def serial(front, certificates):
    """The number of the certificate that the server shows now."""
    with (
        socket.create_connection(("127.0.0.1", urlsplit(front.url).port), timeout=10) as plain,
        trusting(certificates).wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return (secure.getpeercert() or {})["serialNumber"]


def trouble(front):
    return front.file and front.file.trouble


def errors(caplog):
    return [record.error for record in caplog.records if record.levelname == "ERROR"]


def test_a_new_certificate_is_shown_to_new_connections_and_those_that_are_open_stay(certificates):
    with (
        entered(certificates.config("tls.good.yml")) as front,
        closing(connection(front, trusting(certificates))) as kept,
    ):
        assert ask(kept)[0] == 200
        local, before = kept.sock.getsockname(), serial(front, certificates)
        certificates.issue("server", "localhost", "127.0.0.1")
        refresh(front)
        assert serial(front, certificates) != before
        assert ask(kept)[0] == 200
        assert kept.sock.getsockname() == local


def test_a_certificate_without_its_key_leaves_the_last_one_in_use_and_is_logged_once(certificates, caplog):
    caplog.set_level("INFO")
    with entered(certificates.config("tls.good.yml")) as front:
        before = serial(front, certificates)
        key = (certificates.folder / "server.key").read_bytes()
        certificates.issue("server", "localhost")
        new = (certificates.folder / "server.key").read_bytes()
        (certificates.folder / "server.key").write_bytes(key)
        for _ in range(3):
            refresh(front)
        assert serial(front, certificates) == before
        assert trouble(front)
        (error,) = errors(caplog)
        assert "the key is not this certificate's" in error
        (certificates.folder / "server.key").write_bytes(new)
        refresh(front)
        assert serial(front, certificates) != before
        assert not trouble(front)
        assert "the web configuration can be used again" in caplog.text
    assert "PRIVATE" not in caplog.text


def test_the_last_good_files_put_back_end_the_trouble(certificates, caplog):
    path = certificates.config("tls_and_users.good.yml")
    good = path.read_text()
    with entered(path) as front:
        path.write_text(good + "  carol: secret\n")
        refresh(front)
        assert trouble(front)
        path.write_text(good)
        refresh(front)
        assert not trouble(front)
    (error,) = errors(caplog)
    assert "carol needs the bcrypt hash" in error
    assert "secret" not in caplog.text


def test_files_that_have_not_changed_are_not_taken_for_new_ones(certificates, caplog):
    caplog.set_level("INFO")
    with entered(certificates.config("require_and_verify.good.yml")) as front:
        assert front.file
        context = front.file.context
        refresh(front)
        assert front.file.context is context
    assert "in use" not in caplog.text


def test_another_client_authority_is_in_force_at_once(certificates):
    other = trustme.CA()
    certificates.issue("theirs", "prometheus.example", authority=other)
    with entered(certificates.config("require_and_verify.good.yml")) as front:
        assert status(front, tls=trusting(certificates, "client")) == 200
        with pytest.raises((ssl.SSLError, OSError)):
            status(front, tls=trusting(certificates, "theirs"))
        trusted = trusting(certificates, "client"), trusting(certificates, "theirs")
        other.cert_pem.write_to_path(certificates.ca)
        refresh(front)
        with pytest.raises((ssl.SSLError, OSError)):
            status(front, tls=trusted[0])
        assert status(front, tls=trusted[1]) == 200


def test_a_user_who_is_taken_out_is_refused_also_on_a_connection_that_was_open(certificates, costs):
    path = certificates.config("users_without_tls.good.yml")
    with entered(path) as front, closing(connection(front)) as kept:
        assert [ask(kept, authorization=ALICE)[0] for _ in range(3)] == [200] * 3
        assert len(costs) == 1
        path.write_text(path.read_text().replace("alice", "anna"))
        refresh(front)
        assert ask(kept, authorization=ALICE)[0] == 401
        assert ask(kept, authorization=basic("anna:wonderland"))[0] == 200
        assert len(costs) == 3


def test_headers_and_a_rate_limit_come_and_go(certificates):
    path = certificates.write("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    with entered(path) as front, closing(connection(front)) as kept:
        assert ask(kept)[1]["x-frame-options"] == "deny"
        path.write_text("rate_limit: {interval: 1h, burst: 1}\n")
        refresh(front)
        assert "x-frame-options" not in ask(kept)[1]
        assert ask(kept)[0] == 429
        path.write_text("\n")
        refresh(front)
        assert ask(kept)[0] == 200


@pytest.mark.parametrize(("before", "after"), [("tls.good.yml", "empty.good.yml"), ("empty.good.yml", "tls.good.yml")])
def test_tls_is_turned_on_and_off_by_a_restart_only_and_says_so(certificates, caplog, before, after):
    with entered(certificates.config(before)) as front:
        tls = trusting(certificates) if before == "tls.good.yml" else None
        certificates.config(after)
        refresh(front)
        assert status(front, tls=tls) == 200
    (error,) = errors(caplog)
    assert "TLS is turned on or off by a restart only" in error


def test_a_file_that_is_gone_leaves_everything_as_it_is(certificates, caplog):
    path = certificates.config("users_without_tls.good.yml")
    with entered(path) as front:
        path.unlink()
        refresh(front)
        refresh(front)
        assert [status(front), status(front, authorization=ALICE)] == [401, 200]
    assert len(errors(caplog)) == 1
