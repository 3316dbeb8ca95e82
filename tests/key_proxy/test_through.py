"""The exporter and the API through the key proxy: all of it works, and the exporter never has the key."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import app
from exporter.api import wire
from exporter.demo.access import OTHER_ORGANIZATION_KEY
from exporter.polls import ALL
from tests.key_proxy.proxy import FOLDER, HOST, KEY, key_proxy, status, upstream
from tests.service import exporter, get, own, ready, samples, until

LIST = "GET /v1/organizations/users?limit=1 HTTP/1.1"


def check(proxy, token=None):
    command = [sys.executable, "-m", "exporter", "check", f"--api.base-url={proxy.url}"]
    environment = {"ANTHROPIC_ADMIN_KEY": token or proxy.token}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_paths_are_those_that_the_exporter_asks_for():
    (block,) = re.findall(r"map \$path \$allowed {\s+default 0;(.*?)}", (FOLDER / "nginx.conf").read_text(), re.DOTALL)
    listed = [line.split()[0] for line in block.strip().splitlines()]
    workspace = '"~^workspaces/[0-9A-Za-z_-]+/members$"'
    endpoints = [one.path for one in vars(wire).values() if isinstance(one, wire.Endpoint)]
    assert sorted(listed) == sorted(
        ["me", *(workspace if path == wire.WORKSPACE_MEMBERS.path else path for path in endpoints)]
    )


def test_the_lines_of_the_readme_keep_key_and_token_to_their_owner(proxy):
    assert [(proxy.folder / name).stat().st_mode & 0o777 for name in ("key.conf", "token")] == [0o600, 0o600]


def test_check_reads_every_source_through_it(proxy, api):
    api.requests.clear()
    result = check(proxy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert sum(" ok " in line for line in result.stdout.splitlines()) == len(ALL)
    assert {seen.method for seen in api.requests} == {"GET"}
    assert {seen.headers["x-api-key"] for seen in api.requests} == {KEY}


def test_the_api_gets_the_headers_that_it_needs_and_no_others(proxy, api):
    api.requests.clear()
    names = ("accept", "accept-encoding", "anthropic-beta", "user-agent")
    wanted = "".join(f"{name}: mine\r\n" for name in names)
    more = (
        "cookie: a\r\nx-forwarded-for: b\r\nx-http-method-override: DELETE\r\nreferer: c\r\ncontent-length: 1\r\n\r\nx"
    )
    assert status(proxy.send(LIST, more=wanted + more)) == 200
    (seen,) = api.requests
    own_headers = {"host": HOST, "x-api-key": KEY, "anthropic-version": "2023-06-01"}
    assert seen.headers == own_headers | dict.fromkeys(names, "mine")
    proxy.send(LIST)
    assert api.requests[1].headers == own_headers


def test_the_exporters_process_never_has_the_key(proxy, tmp_path):
    with exporter(tmp_path, proxy.url, key=proxy.token) as (url, process):
        until(lambda: ready(url), "every poll to have answered")
        found = samples(get(f"{url}/metrics"))
        assert all(found[own("poll_success", poll.name)] == 1 for poll in ALL)
        assert holds(process.child.pid, proxy.token)
        assert not holds(process.child.pid, KEY)


def holds(pid: int, text: str) -> bool:
    """Whether a process has `text` anywhere in its memory."""
    regions = re.findall(r"^(\w+)-(\w+) r", Path(f"/proc/{pid}/maps").read_text(), re.MULTILINE)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in ((int(start, 16), int(end, 16)) for start, end in regions):
            try:
                memory.seek(start)
                if text.encode() in memory.read(end - start):
                    return True
            except (OSError, OverflowError, ValueError):  # pages of the kernel
                continue
    return False


def test_what_the_exporter_needs_of_an_answer_passes(proxy, api):
    answer = proxy.send(LIST)
    assert re.search("(?i)^anthropic-organization-id: .+", answer, re.MULTILINE)
    assert re.search("(?i)^request-id: .+", answer, re.MULTILINE)
    zipped = proxy.send("GET /v1/organizations/users?limit=1000 HTTP/1.1", more="accept-encoding: gzip\r\n")
    assert re.search("(?i)^content-encoding: gzip", zipped, re.MULTILINE)
    api.instead = (429, {"retry-after": "7"})
    limited = proxy.send(LIST)
    assert status(limited) == 429
    assert "retry-after: 7" in limited


def test_a_redirect_goes_back_as_it_is(proxy, api):
    api.requests.clear()
    api.instead = (302, {"location": f"https://{HOST}/v1/organizations/api_keys"})
    answer = proxy.send(LIST)
    assert status(answer) == 302
    assert re.search(f"(?i)^location: https://{HOST}/v1/organizations/api_keys", answer, re.MULTILINE)
    assert len(api.requests) == 1


def test_check_compares_the_clock_with_that_of_the_api(proxy, api):
    api.date = app.utc_now().replace(year=2001)
    assert "clock              wrong by +" in check(proxy).stdout


def test_an_unknown_token_is_explained_by_check(proxy):
    result = check(proxy, "mine")
    assert result.returncode == 1
    assert "the API says: the key proxy does not know this token" in result.stdout


# Certificates.


@pytest.mark.parametrize("fault", ["another name", "another authority"])
def test_an_api_that_cannot_prove_its_name_gets_no_key(nginx, tmp_path, fault):
    name = "other.anthropic.com" if fault == "another name" else HOST
    with upstream(tmp_path, name) as api:
        if fault == "another authority":
            (tmp_path / "other").mkdir()
            with upstream(tmp_path / "other") as other:
                api.ca_file = other.ca_file
        with key_proxy(nginx, api) as proxy:
            assert status(proxy.send(LIST)) == 502
            assert api.requests == []
            assert "upstream SSL certificate" in proxy.said()


# The key is replaced.


def test_a_replaced_key_is_used_after_a_reload_and_one_of_another_organization_is_noticed(nginx, api, tmp_path):
    def value(series):
        return samples(get(f"{url}/metrics"))[series]

    succeeded = own("poll_success", "members")
    quick = ["--polls.members.interval=200ms", "--polls.organization.interval=200ms", "--api.retries=0"]
    with (
        key_proxy(nginx, api, key="sk-ant-admin01-revoked") as proxy,
        exporter(tmp_path, proxy.url, *quick, "--organization=Simulated Organization", key=proxy.token) as (url, _),
    ):
        until(lambda: value(own("poll_failures_total", "members", reason="unauthorized")) > 0, "the old key to fail")
        proxy.replace_key(KEY)
        proxy.reload()
        until(lambda: value(succeeded) == 1, "the new key to be used")
        proxy.replace_key(OTHER_ORGANIZATION_KEY)
        proxy.reload()
        until(lambda: value(own("poll_failures_total", "members", reason="wrong_organization")) > 0, "the wrong key")
        (proxy.folder / "key.conf").write_text("what nginx cannot read")
        proxy.reload()
        until(lambda: "[emerg]" in proxy.said(), "nginx to complain")
        assert status(proxy.send(LIST)) == 200
        proxy.replace_key(KEY)
        proxy.reload()
        until(lambda: value(succeeded) == 1, "recovery")
        assert KEY not in proxy.said()


def test_an_oauth_token_is_sent_as_the_configuration_says(nginx, api):
    line = "proxy_set_header x-api-key $admin_key;"
    with key_proxy(nginx, api, **{line: 'proxy_set_header authorization "Bearer $admin_key";'}) as proxy:
        api.requests.clear()
        assert status(proxy.send(LIST)) == 200
    (seen,) = api.requests
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert "x-api-key" not in seen.headers
