"""The parts together: when they are ready, and what they refuse to be built from."""

import pytest

from exporter import app
from exporter.api.credential import Credential
from exporter.app import Parts, Service, http_client
from exporter.errors import SettingsError
from exporter.polls import ALL
from exporter.runner import Outcome
from exporter.settings import Settings
from tests.scripted import NOW
from tests.service import samples

KEY = Credential(key="key")


async def test_it_is_ready_when_every_poll_has_answered_well_or_not(monkeypatch):
    settings = Settings()
    async with http_client(settings) as http:
        parts = Parts(settings, KEY, http)
        service = Service(parts)
        for poll in ALL:
            assert not service.ready()
            parts.runner.outcomes[poll.name] = Outcome(NOW, NOW, 0, error=ValueError())
        assert service.ready()
        parts.runner.outcomes.clear()
        monkeypatch.setattr(app, "READY_SECONDS", 0)
        assert service.ready()


async def test_a_poll_that_is_not_enabled_is_not_there():
    settings = Settings(polls={"members": {"enabled": False}})
    async with http_client(settings) as http:
        parts = Parts(settings, KEY, http)
        assert parts.runner.polls.keys() == {poll.name for poll in ALL} - {"members"}
        assert b'poll="members"' not in b"".join(Service(parts).scrape(openmetrics=False).text())


async def test_without_any_poll_there_is_nothing_to_do():
    settings = Settings(polls={poll.name: {"enabled": False} for poll in ALL})
    async with http_client(settings) as http:
        with pytest.raises(SettingsError, match="none is enabled"):
            Parts(settings, KEY, http)


async def test_the_day_on_which_the_key_expires_is_shown_where_it_is_said():
    name = "anthropic_exporter_credential_expires_timestamp_seconds"
    for key_expires, shown in ((None, []), ("2027-03-31", [1806451200])):
        settings = Settings(api={"key_expires": key_expires})
        async with http_client(settings) as http:
            text = b"".join(Service(Parts(settings, KEY, http)).scrape(openmetrics=False).text()).decode()
        assert [value for series, value in samples(text).items() if name in series] == shown


def test_a_certificate_authority_that_cannot_be_read_is_named(tmp_path):
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")
    for file in (empty, tmp_path / "nowhere.pem"):
        with pytest.raises(SettingsError, match=f"api.ca-file: cannot use {file}"):
            http_client(Settings(api={"ca_file": file}))


def test_the_key_of_a_file_wins_over_the_environment(tmp_path):
    file = tmp_path / "key"
    file.write_text("from-file")
    key = app.credential(Settings(api={"key_file": file}), {"ANTHROPIC_ADMIN_KEY": "from-environment"})
    assert key.headers() == {"x-api-key": "from-file"}


def test_the_commit_is_the_one_that_an_image_was_built_from(monkeypatch, tmp_path):
    monkeypatch.setattr(app, "__file__", str(tmp_path / "app.py"))
    for built, shown in ((None, "unknown"), ("", "unknown"), ("4dd8a3c\n", "4dd8a3c")):
        if built is not None:
            (tmp_path / "REVISION").write_text(built)
        assert app.revision() == shown


async def test_requests_say_who_asks_and_to_loopback_no_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    async with http_client(Settings(api={"base_url": "http://127.0.0.1:1"})) as http:
        assert http.headers["user-agent"].startswith("anthropic-exporter/")
        assert http.headers["anthropic-version"] == "2023-06-01"
        assert http._mounts == {}
        assert http.follow_redirects is False
