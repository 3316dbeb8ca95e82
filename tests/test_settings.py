"""Settings: flags win over the environment, the environment over the file; what is wrong is named."""

import argparse
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import SettingsError
from exporter.settings import Settings
from exporter.sources import add_flags, leaves, load, variable
from exporter.values import address, duration_text

FIXTURES = Path(__file__).parent / "fixtures"


def settings(*flags, **environment) -> Settings:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    source = add_flags(parser)
    return load(source(parsed_args=vars(parser.parse_args(flags)))(), environment)


def test_defaults_are_those_of_the_design():
    defaults = settings()
    assert defaults.api.base_url == "https://api.anthropic.com"
    assert (defaults.api.auth, defaults.api.version, defaults.api.retries) == ("x-api-key", "2023-06-01", 4)
    assert (defaults.api.timeout, defaults.api.requests_per_minute) == (timedelta(seconds=30), 30)
    assert (defaults.settle, defaults.max_age) == (timedelta(hours=2), timedelta(hours=36))
    assert defaults.web.listen_address == "127.0.0.1:10204"
    assert (defaults.log.level, defaults.log.format) == ("info", "logfmt")


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path):
    file = tmp_path / "config.yml"
    file.write_text("settle: 3h\nmax-age: 3d\norganization: file\npolls: {claude-code: {interval: 30m}}\n")
    environment = {"ANTHROPIC_EXPORTER_MAX_AGE": "4d", "ANTHROPIC_EXPORTER_ORGANIZATION": "environment"}
    got = settings("--config.file", str(file), "--organization=flag", **environment)
    assert (got.settle, got.max_age, got.organization) == (timedelta(hours=3), timedelta(days=4), "flag")
    assert got.poll("claude_code").interval == timedelta(minutes=30)
    assert got.poll("claude_code").enabled


def test_every_setting_can_be_given_in_all_three_ways(tmp_path):
    values = {
        "api.auth": "bearer",
        "api.key-expires": "2027-03-31",
        "api.base-url": "https://a.example",
        "api.proxy-url": "http://p.example:1",
        "api.timeout": "9s",
        "api.version": "2026-10-21",
        "budgets": '[{"name": "all", "usd": 3}]',
        "history.remote-write.headers": "X-Scope-OrgID=tenant-1,X-Two=2",
        "history.remote-write.timeout": "9s",
        "history.remote-write.url": "https://r.example/api/v1/push",
        "labels.activity-actor": "team",
        "labels.actor": "none",
        "labels.drop": "remote,terminal",
        "log.format": "json",
        "log.level": "error",
        "metrics.drop": "anthropic_invite*,anthropic_daily_cost_usd",
        "polls.usage.group-by": "model,api_key_id",
    }
    together = {
        "labels.min-team-size": "--teams-file=t",
        "history.remote-write.username": "--history.remote-write.password-file=p",
        "history.remote-write.password-file": "--history.remote-write.username=u",
        "history.remote-write.key-file": "--history.remote-write.cert-file=c",
    }
    for name, field in leaves():
        if name == "config.file":
            continue
        more = [together[name]] if name in together else []
        value = values.get(name) or {bool: "false", timedelta: "90m", int: "7"}.get(field.annotation, "127.0.0.1:1")
        file = tmp_path / "config.yml"
        file.write_text(yaml_of(name, value))
        given = [
            settings(f"--{name}", value, *more),
            settings(*more, **{variable(name): value}),
            settings("--config.file", str(file), *more),
        ]
        picked = [part_of(one, name) for one in given]
        assert picked[0] == picked[1] == picked[2] != part_of(settings(), name), name


def yaml_of(name, value):
    for part in reversed(name.split(".")):
        value = f"{{{part}: {value}}}" if value[0] in "{[" else f"{{{part}: '{value}'}}"
    return value


def part_of(settings, name):
    for part in name.replace("-", "_").split("."):
        settings = getattr(settings, part)
    return settings


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("*.bad.yml")), ids=lambda path: path.name)
def test_a_bad_file_is_refused_with_the_words_in_its_first_line(file):
    wanted = file.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        settings("--config.file", str(file))
    assert wanted in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("flag", "message"),
    [("username=me", "username and password-file belong together"), ("key-file=k", "key-file needs cert-file")],
)
def test_settings_of_a_receiver_that_do_not_go_together_are_refused(flag, message):
    with pytest.raises(SettingsError, match=message) as caught:
        settings("--history.remote-write.headers=X-Token=hush", f"--history.remote-write.{flag}")
    assert "hush" not in str(caught.value)


def test_headers_are_a_mapping_in_a_file_whose_names_stay_as_they_are(tmp_path):
    file = tmp_path / "config.yml"
    file.write_text("history: {remote-write: {headers: {X-Scope-OrgID: tenant-1}}}")
    assert settings("--config.file", str(file)).history.remote_write.headers == {"X-Scope-OrgID": "tenant-1"}


def test_a_wrong_header_is_named_without_its_value():
    with pytest.raises(SettingsError) as caught:
        settings("--history.remote-write.headers=X-Token=hush,wrong")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--api.base-url=http://api.example"],
            "api.base-url: 'http://api.example' cannot be used: the key would travel",
        ),
        (["--api.base-url=ftp://api.example"], "write https://HOST"),
        (["--history.remote-write.url=http://r.example"], "write the whole URL"),
        (["--history.remote-write.url=https://me:secret@r.example/push"], "without user and password"),
        (["--history.remote-write.headers=X-Scope-OrgID"], "write NAME=VALUE"),
        (["--history.remote-write.headers=Authorization=secret"], "Authorization is not yours to set"),
        (["--history.remote-write.headers=X Scope=1"], "X Scope is no header"),
        (["--api.base-url=https://user@api.example"], "write https://HOST"),
        (["--api.base-url=https://:secret@api.example"], "write https://HOST"),
        (["--api.timeout=5"], "write a duration with its unit, such as 30s, 10m, 2h, 1h30m or 1d"),
        (["--api.timeout=5h"], "less than or equal to"),
        (["--api.retries=-1"], "greater than or equal to 0"),
        (["--api.auth=basic"], "'x-api-key' or 'bearer'"),
        (["--api.proxy-url=proxy:3128"], "write http://HOST:PORT"),
        (["--api.proxy-url=http://proxy:port"], "write http://HOST:PORT"),
        (["--api.base-url=https://api.example:0"], "write https://HOST"),
        (["--web.listen-address=localhost"], "write HOST:PORT"),
        (["--web.listen-address=::1:80"], "write HOST:PORT"),
        (["--web.listen-address=:99999"], "write HOST:PORT"),
        (["--polls.members.interval=0s"], "greater than or equal to"),
        (["--organization="], "at least 1 character"),
    ],
)
def test_a_wrong_flag_names_itself_and_what_is_allowed(flags, message):
    with pytest.raises(SettingsError) as caught:
        settings(*flags)
    assert message in str(caught.value)
    assert f"(from the flag {flags[0].partition('=')[0]})" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ANTHROPIC_EXPORTER_API__RETRYS", "no such setting (from the environment); did you mean"),
        ("ANTHROPIC_EXPORTER_LISTEN", "no such setting (from the environment); "),
        ("ANTHROPIC_EXPORTER_API__RETRIES", "'x' cannot be used: Input should be a valid integer"),
    ],
)
def test_a_wrong_variable_names_itself(name, message):
    with pytest.raises(SettingsError) as caught:
        settings(**{name: "x"})
    assert name in str(caught.value)
    assert message in str(caught.value)


def test_variables_of_others_are_none_of_our_business():
    assert settings(SETTLE="9h", ORGANIZATION="x", LOG="{}", ANTHROPIC_API_KEY="k", anthropic_exporter_settle="5h") == (
        settings("--settle=5h")
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("socks5://user:secret@proxy:1080", "socks5://…@proxy:1080"),
        ("user:secret@proxy:1080", "…@proxy:1080"),
        ("http://user:se/cret@proxy:1080", "http://…@proxy:1080"),
        ("ftp://user:se@cret@proxy:1080", "ftp://…@proxy:1080"),
        ("http://user:secret@proxy:port", "http://…@proxy:port"),
        ("http://user:secret@[proxy", "http://…@[proxy"),
        ("user:se\ncret@proxy:1080", "…@proxy:1080"),
    ],
)
def test_a_wrong_url_is_named_without_its_password(url, shown):
    for name in ("api.proxy-url", "api.base-url", "history.remote-write.url"):
        with pytest.raises(SettingsError) as caught:
            settings(f"--{name}={url}")
        assert f"{name}: '{shown}' cannot be used: write " in str(caught.value)
        assert not any(part in str(caught.value) for part in ("user:", "se/", "se@", "cret", "'se'"))


def test_the_password_of_a_proxy_and_the_headers_of_a_receiver_are_in_no_repr():
    given = settings("--api.proxy-url=http://user:secret@proxy:1080", "--history.remote-write.headers=X-Token=secret")
    assert "secret" not in repr(given)


def test_a_proxy_elsewhere_is_refused_before_an_api_on_this_machine():
    base = "--api.base-url=http://127.0.0.1:10206"
    with pytest.raises(SettingsError, match="would travel in plain to the proxy: leave proxy-url out") as caught:
        settings(base, "--api.proxy-url=http://user:secret@proxy:3128")
    assert "secret" not in str(caught.value)
    assert settings(base, "--api.proxy-url=http://[::1]:3128").api.proxy_url


def test_a_wrong_url_is_named_without_what_is_asked_of_it():
    for url in (
        "https://host/push?token=hush#x",
        "host/push?token=hush",
        "https://me:hush@host/?a=@hush",
        "me:hush?hush@host",
    ):
        with pytest.raises(SettingsError, match="cannot be used") as caught:
            settings(f"--history.remote-write.url={url}")
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("api: {proxy-url: http://me:hush@host:1", "line 1, column 39: expected ',' or '}'"),
        ("history: {remote-write: {headers: {X-Token: 'hush}}}", "found unexpected end of stream"),
        ("history: {remote-write: {headers: {X-Token: *hush}}}", "a value that begins with *, & or ! needs quotes"),
        ("history: {remote-write: {headers: {X-Token: !hush x}}}", "a value that begins with *, & or ! needs quotes"),
        ("history: {remote-write: {headers: {X-Token: [hush]}}}", "headers.X-Token: what is given cannot be used"),
        ("history: {remote-write: hush}", "remote-write: what is given cannot be used"),
        ("settle: 2026-99-99", "is not YAML: ValueError"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_what_stands_in_it(tmp_path, text, words):
    file = tmp_path / "config.yml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings(f"--config.file={file}")
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_receivers_secrets_are_in_no_repr():
    section = settings(
        "--history.remote-write.url=https://host/push?token=hush", "--history.remote-write.headers=X-Token=hush"
    )
    assert "hush" not in repr(section)


def test_all_wrong_settings_are_named_at_once():
    with pytest.raises(SettingsError) as caught:
        settings("--api.retries=x", ANTHROPIC_EXPORTER_SETTLE="x")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://proxy.example/api"]
)
def test_http_is_for_loopback_and_https_for_all(url):
    assert settings("--api.base-url", url + "/").api.base_url == url


@pytest.mark.parametrize(
    ("text", "parts"),
    [("127.0.0.1:1", ("127.0.0.1", 1)), (":0", ("", 0)), ("[::1]:80", ("::1", 80)), ("host:2", ("host", 2))],
)
def test_addresses(text, parts):
    assert address(text) == parts


@given(st.integers(0, 10**7))
def test_a_duration_is_written_as_it_is_read(seconds):
    assert settings("--max-age", "1h" + duration_text(timedelta(seconds=seconds))).max_age == timedelta(
        seconds=seconds + 3600
    )
