"""What deploy/history/README.md says is true: its commands run as they stand, its queries give the truth."""

import re
import urllib.parse
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pytest

from exporter.days import DAY, day_start, report_day
from tests import promql, receivers
from tests.history import document
from tests.history.document import (
    AGAIN,
    BACKFILL,
    BLOCKS,
    DEMO,
    MOVE,
    SERVE,
    START,
    TEXT,
    blocks,
    query,
    words,
    workplace,
)
from tests.promql import ERROR_OF_A_SUM
from tests.receivers import PROMTOOLS
from tests.service import ask, first_url, get, running, samples, simulator, until
from tests.test_receivers import write

NOW = datetime.now(UTC)
SETTLE = timedelta(hours=2)
UNTIL = report_day(NOW, SETTLE) - 3 * DAY
"""The newest day that is final."""
END = UNTIL.replace(day=1)
MONTH = (END - DAY).replace(day=1)
"""The newest month that is final, from here to END."""
BEFORE = (MONTH - DAY).replace(day=1)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=8", "--days=100") as url:
        yield url


@pytest.fixture(scope="module")
def place(api, tool, tmp_path_factory):
    return workplace(tmp_path_factory.mktemp("place") / "of work", api, "", tool)


@pytest.fixture(scope="module")
def receiver(receiver_kind, tool, place, tmp_path_factory):
    """One of each kind by the document's command, with three months by its command for the past."""
    more = () if receiver_kind == "victoria" else ("--web.enable-admin-api",)
    with document.started(receiver_kind, tool, tmp_path_factory.mktemp(receiver_kind), *more) as receiver:
        assert scraped(receiver)
        place.configure(receiver)
        done = place.run(BACKFILL, {"2026-01-01": str(BEFORE)})
        assert done.returncode == 0, done.stderr
        assert done.stderr.endswith(" have arrived, 0 were refused\n")
        yield receiver


def scraped(receiver):
    """Whether it took a sample of today, as if it had scraped one: past days are out of order from then on."""
    return write(receiver.write_url, "scraped", 0).status_code == 204


def truth(api, first, last):
    return ask(f"{api}/simulator/truth?since={first}&until={last}")


def cost(api, first, last):
    return float(truth(api, first, last)["cost_usd"])


def about(receiver, usd, **absolute):
    return pytest.approx(usd, rel=1e-9 if receiver.kind == "victoria" else ERROR_OF_A_SUM, **absolute)


# Queries.


def test_thirty_days_before_a_midnight_are_the_truth(receiver, api):
    found = receiver.query(query("the 30 days before"), day_start(UNTIL + DAY))
    assert found == {(): about(receiver, cost(api, UNTIL - 29 * DAY, UNTIL))}


def test_the_newest_thirty_days_are_the_truth_at_any_time(receiver, api):
    for hour in (0, 4, 11, 23):
        at = datetime.combine(UNTIL, time(hour), UTC) + timedelta(days=4, minutes=1 if hour == 4 else 0)
        last = (at - timedelta(days=4, hours=4, seconds=1)).date()
        assert last in (UNTIL, UNTIL - DAY)
        found = receiver.query(query("the newest 30 final days"), at)
        assert found == {(): about(receiver, cost(api, last - 29 * DAY, last))}


def test_those_who_spent_most_are_the_truths(receiver, api):
    found = receiver.query(query("who spent most"), day_start(UNTIL + DAY))
    spent = truth(api, UNTIL - 29 * DAY, UNTIL)["estimated_cost_usd_by_actor"]
    most = sorted(spent.items(), key=lambda one: -float(one[1]))[:10]
    assert found == {(actor,): about(receiver, float(usd)) for actor, usd in most}


def seconds(day):
    return int(day_start(day).timestamp())


def of_months(comment):
    days, before = (END - MONTH).days, (MONTH - BEFORE).days
    line = query(comment).replace(f"[31d] @ {seconds(date(2026, 11, 1))}", f"[{days}d] @ {seconds(END)}")
    return line.replace(f"[30d] @ {seconds(date(2026, 10, 1))}", f"[{before}d] @ {seconds(MONTH)}")


def test_a_month_is_the_truth_whenever_asked(receiver, api):
    assert receiver.query(of_months("October 2026"), NOW) == {(): about(receiver, cost(api, MONTH, END - DAY))}


def test_a_month_against_the_one_before_is_the_truth(receiver, api):
    change = cost(api, MONTH, END - DAY) - cost(api, BEFORE, MONTH - DAY)
    assert receiver.query(of_months("September"), NOW) == {(): about(receiver, change, abs=1e-6)}


def bars(receiver, expression, hour=0):
    """The values at one hour of every day, by day."""
    start, end = (datetime.combine(day, time(hour), UTC).timestamp() for day in (BEFORE, UNTIL + 3 * DAY))
    asked = urllib.parse.urlencode({"query": expression, "start": start, "end": end, "step": "1d", "nocache": "1"})
    (found,) = ask(f"{receiver.url}/api/v1/query_range?{asked}")["data"]["result"]
    return {str(datetime.fromtimestamp(at, UTC).date()): float(value) for at, value in found["values"]}


@pytest.mark.parametrize("hour", [0, 5, 23])
def test_a_bar_is_the_truth_of_its_day_at_any_time_of_it(receiver, api, hour):
    found = bars(receiver, f"sum({query('a bar a day')})", hour)
    want = truth(api, BEFORE, UNTIL)["cost_usd_by_day"]
    assert found == {day: about(receiver, float(usd)) for day, usd in want.items() if float(usd)}


@pytest.mark.parametrize("receiver_kind", PROMTOOLS, indirect=True, scope="module")
def test_the_bare_series_is_a_bar_a_day_at_midnight_in_prometheus(receiver, api):
    want = truth(api, BEFORE, UNTIL)["cost_usd_by_day"]
    assert bars(receiver, "sum(anthropic_daily_cost_usd)") == {
        day: about(receiver, float(usd)) for day, usd in want.items() if float(usd)
    }
    assert receiver.query("anthropic_daily_cost_usd", day_start(UNTIL) + timedelta(minutes=6)) == {}


# Commands.


def test_every_command_of_the_document_is_tested_here():
    assert set(blocks("sh")) == {*START.values(), BACKFILL, SERVE, DEMO, BLOCKS, MOVE, AGAIN}


def test_the_receivers_of_all_tests_are_set_as_the_document_says(receiver_kind, tmp_path):
    _, *flags = words(START[document.generation(receiver_kind)])
    settings = {flag for flag in flags if not re.match(r"--?(config|storage(DataPath|\.tsdb\.path))\b", flag)}
    assert settings
    assert settings <= set(receivers.command(receiver_kind, "program", tmp_path, 1))
    assert f"--config.file={receivers.CONFIG.relative_to(document.ROOT)}" in words(START["prometheus"])


@pytest.mark.parametrize("receiver_kind", ["victoria"], indirect=True, scope="module")
def test_live_push_sends_the_newest_days_and_doubles_nothing_that_is_there(receiver, place, api, tmp_path, monkeypatch):
    monkeypatch.chdir(place.folder)
    (place.folder / "ledger.db").unlink(missing_ok=True)
    place.configure(receiver)
    few = {"ANTHROPIC_EXPORTER_STORAGE__DAYS": "12"}
    with running(tmp_path, *words(SERVE)[1:], **place.environment, **few) as process:
        url = until(lambda: first_url(process), "the exporter")
        until(lambda: last_pushed(url) == {day_start(UNTIL).timestamp()}, "the newest final day to be pushed")
    assert receiver.query(query("the 30 days before"), day_start(UNTIL + DAY)) == {
        (): about(receiver, cost(api, UNTIL - 29 * DAY, UNTIL))
    }


def last_pushed(url):
    """The newest day pushed of each source, once nothing waits."""
    own = {name: value for name, value in samples(get(f"{url}/metrics")).items() if "exporter_history" in name}
    waiting = [value for name, value in own.items() if "history_pending" in name]
    held = [value for name, value in own.items() if "last_pushed_day" in name]
    return set(held) if len(held) == len(waiting) == 3 and not any(waiting) else None


def test_a_demo_fills_a_prometheus(tool, tmp_path):
    with document.started("prometheus3", tool, tmp_path) as receiver:
        command = DEMO.replace("127.0.0.1:9090", f"127.0.0.1:{receiver.port}")
        with running(
            tmp_path, *words(command)[1:], "--people=15", "--storage.days=31", "--web.listen-address=127.0.0.1:0"
        ):
            days, final = "max(count_over_time(anthropic_daily_cost_usd[30d]))", UNTIL - (NOW - 30 * DAY).date()
            until(lambda: receiver.query(days, NOW).get((), 0) >= final.days, "thirty days but for those not final")
            assert receiver.query("sum(sum_over_time(anthropic_daily_claude_code_sessions[30d]))", NOW)[()] > 0


@pytest.mark.parametrize("kind", PROMTOOLS)
def test_months_become_blocks_and_a_day_of_them_can_be_pushed_again(kind, tool, api, tmp_path):
    place = workplace(tmp_path, api, kind, tool)
    first, day = UNTIL - 5 * DAY, UNTIL - 3 * DAY
    with document.started(kind, tool, tmp_path, "--web.enable-admin-api") as empty:
        place.configure(empty)
        done = place.run(BLOCKS, {"2026-01-01": f"{first} --until {UNTIL}"})
        assert done.returncode == 0, done.stderr
    done = place.run(MOVE, {})
    assert done.returncode == 0, done.stderr
    with document.started(kind, tool, tmp_path, "--web.enable-admin-api") as receiver:
        want = cost(api, first, UNTIL)
        assert total(receiver) == {(): about(receiver, want)}
        place.configure(receiver)
        delete, again = AGAIN.split("anthropic-exporter", 1)
        dates = {"2026-10-05": str(day)}
        deleted = place.run(delete, dates | {"127.0.0.1:9090": f"127.0.0.1:{receiver.port}"})
        assert deleted.returncode == 0, deleted.stderr
        assert total(receiver) == {(): about(receiver, want - cost(api, day, day))}
        done = place.run(f"anthropic-exporter{again}", dates)
        assert done.returncode == 0, done.stderr
        assert total(receiver) == {(): about(receiver, want)}


def total(receiver):
    return receiver.query("sum(sum_over_time(anthropic_daily_cost_usd[20d] offset -1s))", day_start(UNTIL))


@pytest.mark.parametrize("receiver_kind", PROMTOOLS, indirect=True, scope="module")
def test_a_day_that_is_deleted_before_it_is_in_a_block_stays(receiver, place):
    at, line = day_start(UNTIL), "count(sum_over_time(anthropic_daily_cost_usd[1d] offset -1s))"
    before = receiver.query(line, at)
    delete, _ = AGAIN.split("anthropic-exporter", 1)
    here = {"2026-10-05": str(UNTIL), "127.0.0.1:9090": f"127.0.0.1:{receiver.port}"}
    assert place.run(delete, here).returncode == 0
    assert before
    assert receiver.query(line, at) == before


# What goes wrong.


def test_a_day_older_than_the_window_is_refused(receiver):
    status = {"prometheus2": 500, "prometheus3": 400, "victoria": 204}[receiver.kind]
    assert write(receiver.write_url, "too_old", 420).status_code == status


@contextmanager
def lacking(kind, tool, folder, *flags):
    """A Prometheus without a window."""
    port = promql.free_port()
    config = folder / "prometheus.yml"
    config.write_text("{}")
    own = [f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    command = [tool(receivers.PROGRAMS[kind]), *own, *flags]
    with promql.started(folder, command, lambda: get(f"http://127.0.0.1:{port}/-/ready")) as process:
        yield receivers.Receiver(kind, port, process)


def test_without_its_flag_a_prometheus_refuses_the_past(tool, api, tmp_path):
    with lacking("prometheus3", tool, tmp_path) as receiver:
        assert not scraped(receiver)
        refused(receiver, workplace(tmp_path, api, receiver.kind, tool), "HTTP 404")


@pytest.mark.parametrize("kind", PROMTOOLS)
def test_without_a_window_the_past_is_refused_and_the_command_asks_for_it(kind, tool, api, tmp_path):
    with lacking(kind, tool, tmp_path, "--web.enable-remote-write-receiver") as receiver:
        assert scraped(receiver)
        asked = "its out-of-order window must reach back to"
        refused(receiver, workplace(tmp_path, api, kind, tool), "HTTP 400", asked)


def refused(receiver, place, *why):
    """The command for the past ends with these words, which the document explains."""
    place.configure(receiver)
    done = place.run(BACKFILL, {"2026-01-01": str(UNTIL)})
    assert done.returncode == 1
    for text in why:
        assert text in done.stderr
        assert text in TEXT
