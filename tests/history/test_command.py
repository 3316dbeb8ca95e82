"""The command `history` as a newcomer meets it: what it asks for, and what it says when something is wrong."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from exporter.demo.options import Options
from exporter.errors import SettingsError
from exporter.history.command import _work_folder
from exporter.ledger import Ledger
from tests.history.runs import history_to_its_end, newest_final, of_arrived
from tests.proxy import Faulty, faulty
from tests.service import ask, exporter, simulator, until

LAST = newest_final()
DAY = [f"--since={LAST}", f"--until={LAST}"]
NOWHERE = "http://127.0.0.1:9/api/v1/write"
IMPATIENT = "--history.remote-write.retries=0"


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[str]:
    with simulator(tmp_path_factory.mktemp("api"), "--people=12", "--days=9") as url:
        yield url


@pytest.fixture(autouse=True)
def no_faults(api):
    yield
    ask(f"{api}/simulator/faults", [], "PUT")


@pytest.fixture
def taking() -> Iterator[Faulty]:
    """A receiver that takes everything."""
    with faulty(NOWHERE, lambda _: 204) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output=-"], "--since: say which day is the first, such as --since=2026-05-01"),
        (["--since=yesterday", "--output=-"], "'yesterday' is no day such as 2026-05-01"),
        ([f"--since={LAST + timedelta(days=30)}", "--output=-"], "not in order, or not settled"),
        ([f"--since={LAST}", f"--until={LAST - timedelta(days=1)}", "--output=-"], "not in order, or not settled"),
        ([f"--since={LAST}", f"--until={LAST + timedelta(days=30)}", "--output=-"], "not in order, or not settled"),
        (DAY, "say where to: --output FILE or --remote-write URL"),
        ([*DAY, "--output=-", f"--remote-write={NOWHERE}"], "--output, --remote-write: give one of them"),
        ([*DAY, "--remote-write=127.0.0.1:9090"], "write the whole URL, such as http://127.0.0.1:9090/api/v1/write"),
        ([*DAY, "--output=days-%Y.om"], "days-%Y.om needs both %Y and %m"),
        ([*DAY, "--output=/nowhere/at/all.om"], "--output: cannot make the folder /nowhere/at/all.om.work: No such"),
    ],
)
def test_what_cannot_be_meant_is_named_and_ends_it_with_2(api, arguments, words):
    result = history_to_its_end(api, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_ledger_of_a_service_that_runs_is_left_to_it(api, tmp_path, taking):
    ledger = f"--storage.path={tmp_path}/ledger.db"
    with exporter(tmp_path, api, ledger) as (_, process):
        until(lambda: "the ledger's file is open" in process.said(), "the service to have its ledger")
        result = history_to_its_end(api, *DAY, ledger, f"--remote-write={taking.write_url}")
    assert result.returncode == 2
    assert f"storage.path: {tmp_path}/ledger.db: " in result.stderr
    assert "A service that runs keeps its file to itself: stop it, or give this command a file of" in result.stderr
    assert taking.requests == []


def test_without_a_folder_for_temporary_files_one_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="TMPDIR may name one: No such file"), _work_folder(None):
        raise AssertionError


def test_standard_output_has_the_text_and_nothing_else(api):
    result = history_to_its_end(api, *DAY, "--output=-")
    assert result.returncode == 0
    assert result.stdout.startswith("# HELP anthropic_daily_claude_code_")
    assert result.stdout.endswith("# EOF\n")
    assert f"-: {result.stdout.count(chr(10)) - 1 - result.stdout.count('# HELP') * 2} samples of 1 days" in (
        result.stderr
    )


def test_an_unreachable_receiver_is_named_with_the_day_and_ends_it_with_1(api):
    result = history_to_its_end(api, *DAY, f"--remote-write={NOWHERE}", IMPATIENT)
    assert result.returncode == 1
    assert f" of {LAST} did not arrive: remote write: ConnectError" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_password_ends_it_with_1_after_one_request(api, tmp_path):
    (tmp_path / "password").write_text("not it\n")
    user = ["--history.remote-write.username=me", f"--history.remote-write.password-file={tmp_path}/password"]
    with faulty(NOWHERE, lambda _: 401) as proxy:
        result = history_to_its_end(api, *DAY, f"--remote-write={proxy.write_url}", *user)
    assert result.returncode == 1
    assert f" of {LAST} did not arrive: remote write: HTTP 401" in result.stderr
    assert "not it" not in result.stderr
    assert len(proxy.requests) == 1


def test_a_receiver_that_refuses_every_day_ends_it_with_1_and_says_what_it_says(api):
    with faulty(NOWHERE, lambda _: 400) as proxy:
        result = history_to_its_end(api, *DAY, f"--remote-write={proxy.write_url}")
    assert result.returncode == 1
    assert "a fault of this proxy" in result.stderr
    assert f"its out-of-order window must reach back to {LAST}" in result.stderr


def test_a_wrong_key_writes_nothing_and_ends_it_with_1(api, tmp_path):
    result = history_to_its_end(api, *DAY, f"--output={tmp_path}/days.om", key="wrong")
    assert result.returncode == 1
    assert "organization: unauthorized: " in result.stderr
    assert not (tmp_path / "days.om").exists()


def test_a_source_that_fails_is_named_and_the_others_arrive(api, taking):
    ask(f"{api}/simulator/faults", ["cost:500"], "PUT")
    result = history_to_its_end(api, *DAY, f"--remote-write={taking.write_url}")
    assert result.returncode == 1
    assert "cost: " in result.stderr
    assert "to do without, --polls.cost.enabled=false" in result.stderr
    families = {dict(sample.series)["__name__"] for sample in of_arrived(taking.requests)}
    assert "anthropic_daily_usage_tokens" in families
    assert "anthropic_daily_cost_usd" not in families


def test_without_the_organizations_name_nothing_is_pushed_unless_it_is_given(api, taking):
    ask(f"{api}/simulator/faults", ["me:403"], "PUT")
    target = f"--remote-write={taking.write_url}"
    result = history_to_its_end(api, *DAY, target)
    assert result.returncode == 1
    assert "nothing is written: it would not have the labels that `serve` gives it" in result.stderr
    assert "Without /me set `organization`" in result.stderr
    assert taking.requests == []
    assert history_to_its_end(api, *DAY, target, "--organization=Acme").returncode == 0
    assert {dict(sample.series)["organization"] for sample in of_arrived(taking.requests)} == {"Acme"}


def test_the_key_is_in_no_word_of_it(api, taking):
    result = history_to_its_end(api, *DAY, f"--remote-write={taking.write_url}", "--log.level=debug")
    assert result.returncode == 0
    assert Options.key not in result.stdout + result.stderr


def test_a_day_that_cannot_be_read_from_the_ledger_is_never_left_out_silently(api, tmp_path):
    flags = [*DAY, f"--storage.path={tmp_path}/ledger.db", f"--output={tmp_path}/day.om"]
    assert history_to_its_end(api, *flags).returncode == 0
    whole = (tmp_path / "day.om").read_text()
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        (shape,) = [shape for shape in ("1", "2") if ledger.day("cost", LAST, shape)]
        ledger.put("cost", {LAST: b"rubbish"}, shape, datetime.now(UTC))
    (tmp_path / "day.om").unlink()
    result = history_to_its_end(api, *flags)
    assert result.returncode == 1
    assert f"cost of {LAST} cannot be read from the ledger" in result.stderr
    assert not (tmp_path / "day.om").exists()
    assert history_to_its_end(api, *flags, "--again").returncode == 0
    assert (tmp_path / "day.om").read_text() == whole
