"""The commands as a newcomer meets them: words, exit codes, and a clean end."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporter import __version__
from exporter.demo.options import Options
from exporter.polls import ALL
from exporter.tables import metrics_table
from tests.proxy import faulty
from tests.service import ask, exporter, first_url, get, own, ready, running, samples, simulator, until

WORKSPACE_KEY = "sk-ant-api03-nothing"
ENTERPRISE_KEY = "sk-ant-api01-nothing"


def command(*arguments, **environment):
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        env={"PATH": "/usr/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=60", "--days=9") as url:
        yield url


@pytest.fixture(autouse=True)
def no_faults(api):
    yield
    ask(f"{api}/simulator/faults", [], "PUT")


# Words and exit codes.


def test_the_version_and_the_commands_are_shown():
    assert command("--version").stdout == f"anthropic-exporter {__version__}\n"
    overview = command("--help").stdout
    for name in ("serve", "demo", "simulate", "check", "once", "metrics"):
        assert f"\n  {name} " in overview
        assert command(name, "--help").returncode == 0


def test_an_unknown_command_or_flag_names_itself():
    assert command("server").returncode == 2
    assert "no such command: server" in command("server").stderr
    wrong = command("serve", "--web.listen-adress=:1")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--web.listen-adress: no such flag; did you mean --web.listen-address?" in wrong.stderr


def test_without_a_key_the_newcomer_is_told_where_to_get_one():
    for arguments in ([], ["serve"], ["check"], ["once"]):
        result = command(*arguments)
        assert result.returncode == 2
        assert "no key: put an Admin key into the environment variable ANTHROPIC_ADMIN_KEY" in result.stderr
        assert "anthropic-exporter demo" in result.stderr
        assert "Traceback" not in result.stderr


def test_the_key_cannot_be_a_flag():
    wrong = command("serve", "--api.key=hush").stderr
    assert "--api.key: no such flag" in wrong
    assert "hush" not in wrong


def test_flags_may_be_written_with_underscores(api):
    assert (
        command("once", f"--api.base_url={api}", "--max_age=0s", ANTHROPIC_ADMIN_KEY="x").stderr.count("max-age") == 2
    )


def test_the_catalogue_is_printed_as_table_and_as_json():
    assert command("metrics").stdout == metrics_table() + "\n"
    assert len(json.loads(command("metrics", "--format=json").stdout)) == metrics_table().count("\n") - 1


def test_whose_a_hash_is_those_can_tell_who_hold_the_key(tmp_path):
    file = tmp_path / "hash.key"
    file.write_text("0123456789abcdef0123456789abcdef\n")
    flag = f"--labels.hash-key-file={file}"
    assert command("actor-hash", flag, "Ann@Example.com").stdout == "093e3dd9df951c50  Ann@Example.com\n"
    many = [sys.executable, "-m", "exporter", "actor-hash", flag, "-"]
    result = subprocess.run(
        many, input="ann@example.com\n\nben@example.com\n", capture_output=True, text=True, check=True
    )
    assert result.stdout == "093e3dd9df951c50  ann@example.com\n2222ac9fc2a55e38  ben@example.com\n"
    for arguments, words in (([flag], "say whose"), (["ann@example.com"], "labels.hash-key-file: hashed names need")):
        refused = command("actor-hash", *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert words in refused.stderr


def test_a_port_in_use_is_named(api, tmp_path):
    with exporter(tmp_path, api) as (url, _):
        address = url.removeprefix("http://")
        result = command("serve", f"--web.listen-address={address}", ANTHROPIC_ADMIN_KEY="x")
    assert result.returncode == 2
    assert f"web.listen-address: cannot listen on {address}: Address already in use" in result.stderr


# once


def test_once_prints_everything_and_leaves_the_process_out(api):
    result = command("once", f"--api.base-url={api}", ANTHROPIC_ADMIN_KEY=Options.key)
    assert result.returncode == 0
    found = samples(result.stdout)
    assert found[own("poll_success", "claude_code")] == 1
    assert any(series.startswith("anthropic_claude_code_sessions{") for series in found)
    assert not any(series.startswith(("process_", "python_")) for series in found)


def test_once_fails_if_a_source_failed_and_still_prints_the_rest(api):
    ask(f"{api}/simulator/faults", ["invites:403"], "PUT")
    result = command("once", f"--api.base-url={api}", ANTHROPIC_ADMIN_KEY=Options.key)
    assert result.returncode == 1
    found = samples(result.stdout)
    assert found[own("poll_success", "invites")] == 0
    assert any(series.startswith("anthropic_member_info{") for series in found)


# check


def check(api, key=Options.key, *flags):
    result = command("check", f"--api.base-url={api}", *flags, ANTHROPIC_ADMIN_KEY=key)
    assert key not in result.stdout + result.stderr
    return result


def test_check_says_that_all_is_well_and_how_large_a_scrape_will_be(api):
    result = check(api)
    assert result.returncode == 0
    for poll in ("organization", "members", "claude_code"):
        assert any(line.startswith(poll) and " ok " in line for line in result.stdout.splitlines())
    assert "right within a minute" in result.stdout
    assert "proxy              none" in result.stdout
    assert "a sample_limit of " in result.stdout
    assert "Enterprise" not in result.stdout


def test_check_recognizes_a_claude_enterprise_organization_by_its_roles(api):
    ask(f"{api}/simulator/faults", ["claude_code:404"], "PUT")
    assert "note               a Claude Enterprise organization: its Claude Code" in check(api).stdout


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("no-key-of-theirs", "the key is wrong, revoked or expired"),
        (WORKSPACE_KEY, "this is a workspace key; the Admin API needs an Admin key (it begins with sk-ant-admin)"),
        (
            ENTERPRISE_KEY,
            "a Claude Enterprise organization: its Claude Code activity is not in usage_report/claude_code",
        ),
        ("sk-ant-oat01-token", "this is an OAuth token: set api.auth to bearer"),
    ],
)
def test_check_tells_what_is_wrong_with_a_key(api, key, words):
    result = check(api, key)
    assert result.returncode == 1
    assert result.stdout.count(words) == 1
    assert result.stderr == ""


def test_check_tells_a_source_that_is_forbidden_from_the_others_and_quotes_the_api(api):
    ask(f"{api}/simulator/faults", ["workspaces:403"], "PUT")
    lines = check(api).stdout.splitlines()
    (line,) = [number for number, text in enumerate(lines) if text.startswith("workspaces ")]
    assert "forbidden" in lines[line]
    assert "the API says: " in lines[line + 1]
    assert sum(" ok " in text for text in lines) == len(ALL) - 2


def test_check_says_that_nothing_is_there():
    result = check("http://127.0.0.1:9")
    assert result.returncode == 1
    assert "connection" in result.stdout
    assert "the API cannot be reached" in result.stdout
    assert "no answer with a date" in result.stdout


def test_check_says_what_nobody_will_spend_and_what_matches_nobody(api, tmp_path):
    teams = tmp_path / "teams.csv"
    teams.write_text("kind,pattern,team\nactor,*@*,people\nactor,nobody@example.com,ghosts\n")
    budgets = [
        {"name": "shop", "usd": 1, "scope": "workspace", "of": "Shop"},
        {"name": "bob", "usd": 1, "scope": "actor", "of": "nobody@example.com"},
        {"name": "fine", "usd": 1, "scope": "workspace", "of": "Claude Code"},
    ]
    said = check(api, Options.key, f"--teams-file={teams}", f"--budgets={json.dumps(budgets)}").stdout
    assert "ledger             in memory: a restart reads all settled days again; see storage.path" in said
    assert "teams              2 teams, the file needs a look:" in said
    assert "nobody@example.com (ghosts) matches nobody" in said
    assert "budget             shop: there is no workspace Shop" in said
    assert "budget             bob: there is no actor nobody@example.com" in said
    assert "fine" not in said


def test_check_says_how_large_it_will_get_and_what_would_make_it_smaller(api):
    said = check(api, Options.key, "--limits.actors=3").stdout
    series, full = (int(text.replace(",", "")) for text in re.findall(r"([\d,]+) series(?: once|,)", said))
    assert 0 < series <= full
    assert f"a sample_limit of {-(-2 * full // 1000) * 1000:,} leaves room" in said
    assert re.search(r"\n {19}\d+ actors are summed up as `other`, since there are more than limits.actors=3\n", said)


def test_check_says_whether_the_ledger_can_be_used(api, tmp_path):
    assert "ledger             ok" in check(api, Options.key, f"--storage.path={tmp_path}/ledger.db").stdout
    assert (
        f"ledger             {tmp_path}: it is not a file"
        in check(api, Options.key, f"--storage.path={tmp_path}").stdout
    )


def test_check_beside_a_service_leaves_it_its_ledger(api, tmp_path):
    ledger = f"--storage.path={tmp_path}/ledger.db"
    with exporter(tmp_path, api, ledger) as (_, process):
        until(lambda: "the ledger's file is open" in process.said(), "the service to have its ledger")
        result = check(api, Options.key, ledger)
    assert (result.returncode, result.stderr) == (0, "")
    assert "ledger.db: another process uses it: as it should be beside a service that runs\n" in result.stdout


def test_check_says_that_all_users_can_read_the_key(api, tmp_path):
    key = tmp_path / "key"
    key.write_text(Options.key)
    for mode, said in ((0o644, True), (0o600, False)):
        key.chmod(mode)
        result = command("check", f"--api.base-url={api}", f"--api.key-file={key}")
        assert result.returncode == 0
        assert ("key                every user of this machine can read its file: chmod 600" in result.stdout) is said


def test_check_asks_the_receiver_of_history_too(api, tmp_path):
    token = tmp_path / "token"
    token.write_text("hush")
    flags = [f"--history.remote-write.bearer-token-file={token}", "--history.remote-write.retries=0"]
    with faulty("http://127.0.0.1:9/push", lambda _: 204) as receiver:
        result = check(api, Options.key, f"--history.remote-write.url={receiver.write_url}", *flags)
        assert (result.returncode, "receiver           ok\n" in result.stdout) == (0, True)
        receiver.answer = lambda _: 401
        result = check(api, Options.key, f"--history.remote-write.url={receiver.write_url}", *flags)
    assert result.returncode == 1
    assert "receiver           unauthorized  remote write: HTTP 401\n" in result.stdout
    assert "the receiver says: a fault of this proxy" in result.stdout
    assert [request.headers["authorization"] for request in receiver.requests] == ["Bearer hush"] * 2
    assert "hush" not in result.stdout + result.stderr


def test_once_with_a_ledger_has_whole_windows(api, tmp_path):
    flags = [f"--api.base-url={api}", "--api.requests-per-minute=100000", f"--storage.path={tmp_path}/ledger.db"]
    for _ in range(2):
        result = command("once", *flags, ANTHROPIC_ADMIN_KEY=Options.key)
        assert result.returncode == 0
        held = {name: value for name, value in samples(result.stdout).items() if "anthropic_window_days" in name}
        assert sum(value for name, value in held.items() if '"30d"' in name) == 90


# demo and serve


def test_the_demo_serves_a_simulated_organization_and_says_where(tmp_path):
    with running(tmp_path, "demo", "--people=30", "--days=5", "--web.listen-address=127.0.0.1:0") as process:
        url = until(lambda: first_url(process), "the demo")
        until(lambda: ready(url), "every poll to have answered")
        text = get(f"{url}/metrics")
        assert "anthropic_member_info{" in text
        assert "/metrics" in process.said()
        assert process.stop()[0] == 0


def test_the_demo_leaves_the_ledger_to_the_organization_that_there_is(tmp_path):
    flags = ["--people=12", "--days=3", "--web.listen-address=127.0.0.1:0", f"--storage.path={tmp_path}/ledger.db"]
    with running(tmp_path, "demo", *flags) as process:
        url = until(lambda: first_url(process), "the demo")
        until(lambda: ready(url), "every poll to have answered")
        assert f"its days        in memory: {tmp_path}/ledger.db is for those of your organization" in process.said()
    assert list(tmp_path.glob("*.db*")) == []


def test_logs_are_a_line_per_poll_without_the_key(api, tmp_path):
    for form in ("logfmt", "json"):
        with exporter(tmp_path, api, f"--log.format={form}") as (url, process):
            until(lambda: ready(url), "every poll to have answered")
            lines = [line for line in process.said().splitlines() if "poll succeeded" in line]
            assert Options.key not in process.said()
        assert len(lines) == len(ALL)
        if form == "json":
            entry = next(json.loads(line) for line in lines if '"members"' in line)
            assert entry.keys() == {"timestamp", "level", "event", "poll", "rows", "series", "seconds"}
        else:
            assert any(' level=info event="poll succeeded" poll=members rows=' in line for line in lines)


def test_a_replaced_key_file_is_used_and_failed_polls_are_retried(api, tmp_path):
    key = tmp_path / "key"
    key.write_text("wrong")
    flags = [f"--api.key-file={key}", "--polls.invites.interval=200ms"]
    with exporter(tmp_path, api, *flags) as (url, process):
        until(lambda: ready(url), "every poll to have answered")
        assert "the key is wrong, revoked or expired" in process.said()
        key.write_text(Options.key)
        until(lambda: samples(get(f"{url}/metrics")).get(own("poll_success", "members")) == 1, "the new key to be used")


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize(("auth", "header"), [("x-api-key", "x-api-key"), ("bearer", "authorization")])
def test_what_is_sent_is_what_the_api_asks_for_in_either_version(api, version, auth, header):
    ask(f"{api}/simulator/requests", None, "DELETE")
    flags = [f"--api.base-url={api}", f"--api.version={version}", f"--api.auth={auth}"]
    result = command("once", *flags, ANTHROPIC_ADMIN_KEY=Options.key)
    assert result.returncode == 0
    keys = [series for series in samples(result.stdout) if series.startswith("anthropic_api_keys{")]
    truth = ask(f"{api}/simulator/truth")["organization"]["api_keys_by_workspace"]
    assert len(keys) == sum(map(len, truth.values()))
    assert {place for series in keys for place in re.findall('workspace_id="(.*?)"', series)} == {
        p for some in truth.values() for p in some
    }
    for request in ask(f"{api}/simulator/requests"):
        assert request["method"] == "GET"
        assert request["auth"] == header
        assert request["anthropic_version"] == version
        assert request["user_agent"].startswith(f"anthropic-exporter/{__version__} (https://")


# The end.


@pytest.mark.parametrize("fault", [None, "all:hang", "all:drip", "all:500", "all:huge"])
def test_sigterm_ends_it_with_0_within_five_seconds_also_in_the_middle_of_a_page(api, tmp_path, fault):
    ask(f"{api}/simulator/faults", [fault] if fault else [], "PUT")
    ask(f"{api}/simulator/requests", None, "DELETE")
    with exporter(tmp_path, api) as (url, process):
        until(lambda: ready(url) if fault is None else ask(f"{api}/simulator/requests"), "a request")
        code, seconds = process.stop()
    assert code == 0
    assert seconds < 5
    assert "Traceback" not in process.said()


def minds(number, pid):
    """Whether the process has a handler for this signal: before Python runs, nobody can have one."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return caught and int(caught[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("milliseconds", [0, 50, 100, 200, 300, 400, 500, 700, 900])
def test_sigterm_at_any_moment_of_the_start_ends_it_with_0(api, tmp_path, milliseconds):
    environment = {"ANTHROPIC_ADMIN_KEY": Options.key}
    flags = [f"--api.base-url={api}", "--web.listen-address=127.0.0.1:0"]
    with running(tmp_path, "serve", *flags, **environment) as process:
        until(lambda: minds(signal.SIGTERM, process.child.pid), "the handler")
        time.sleep(milliseconds / 1000)
        code, seconds = process.stop()
    assert code == 0
    assert seconds < 5


def test_a_client_in_the_middle_of_a_body_gets_the_rest(api, tmp_path):
    import http.client  # noqa: PLC0415

    with exporter(tmp_path, api) as (url, process):
        until(lambda: ready(url), "every poll to have answered")
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        first = answer.read(100)
        process.child.terminate()
        rest = answer.read()
        assert len(first + rest) == int(answer.headers["content-length"])
        connection.close()
        assert process.child.wait(10) == 0
