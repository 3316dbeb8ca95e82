"""Every fault on every endpoint, while scraped: only the faulty source suffers, and it recovers by itself."""

import threading

import pytest

from exporter.demo.options import Options
from tests.service import ask, exporter, get, own, ready, samples, simulator, until

POLLS = {
    "me": "organization",
    "users": "members",
    "invites": "invites",
    "workspaces": "workspaces",
    "workspace_members": "workspace_members",
    "api_keys": "api_keys",
    "claude_code": "claude_code",
    "claude_code_today": "claude_code_today",
    "usage": "usage",
    "usage_today": "usage_today",
    "cost": "cost",
    "cost_today": "cost_today",
}
HALVES = [["me", "workspaces", "api_keys", "claude_code", "usage", "cost_today"]]
HALVES.append([endpoint for endpoint in POLLS if endpoint not in HALVES[0]])
REASONS = {
    "401": "unauthorized",
    "403": "forbidden",
    "404": "not_found",
    "429,retry-after=1": "rate_limited",
    "500": "server_error",
    "529": "server_error",
    "html": "bad_response",
    "cut": "bad_response",
    "cut-connection": "connection",
    "drop": "connection",
    "hang": "timeout",
    "drip": "timeout",
    "redirect": "bad_response",
    "wrong-rows": "bad_response",
}


class Scraper(threading.Thread):
    """Scrapes all the time and keeps what was wrong."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        self.end = threading.Event()
        self.count = 0
        self.wrong = []

    def run(self):
        while not self.end.is_set():
            try:
                found = samples(get(f"{self.url}/metrics"))
                if not all(own("polls_total", poll) in found for poll in POLLS.values()):
                    self.wrong.append("a poll is missing")
            except Exception as error:  # noqa: BLE001
                self.wrong.append(repr(error))
            self.count += 1
            self.end.wait(0.1)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=20", "--days=9", "--workspaces=2") as url:
        yield url


@pytest.fixture(scope="module")
def url(api, tmp_path_factory):
    quick = [f"--polls.{poll.replace('_', '-')}.interval=300ms" for poll in POLLS.values()]
    with exporter(
        tmp_path_factory.mktemp("exporter"), api, *quick, "--storage.days=1", "--api.retries=0", "--api.timeout=1s"
    ) as (
        url,
        _,
    ):
        until(lambda: ready(url) and all(succeeded(url).values()), "every poll to have succeeded")
        scraper = Scraper(url)
        scraper.start()
        yield url
        scraper.end.set()
        scraper.join()
        assert scraper.wrong == []
        assert scraper.count > 100


def metrics(url):
    return samples(get(f"{url}/metrics"))


def succeeded(url, found=None):
    found = found or metrics(url)
    return {poll: found.get(own("poll_success", poll)) == 1 for poll in POLLS.values()}


def freshness(found):
    return {poll: found[own("last_success_timestamp_seconds", poll)] for poll in POLLS.values()}


def series_of(found, poll):
    prefix = {"members": "anthropic_member_info{", "api_keys": "anthropic_api_key_info{"}.get(poll)
    return {name: value for name, value in found.items() if prefix and name.startswith(prefix)}


def only_these_suffer_and_recover(api, url, endpoints, kind):
    polls = {POLLS[endpoint] for endpoint in endpoints}
    failures = [own("poll_failures_total", poll, reason=REASONS[kind]) for poll in polls]
    before = metrics(url)
    ask(f"{api}/simulator/faults", [f"{endpoint}:{kind}" for endpoint in endpoints], "PUT")
    until(lambda: (now := metrics(url)) and all(now[name] > before[name] for name in failures), f"{polls} to fail")
    began = metrics(url)
    others = set(POLLS.values()) - polls
    until(
        lambda: (now := freshness(metrics(url))) and all(now[one] > freshness(began)[one] for one in others), "others"
    )
    during = metrics(url)
    assert {name for name, good in succeeded(url, during).items() if not good} == polls
    for poll in polls:
        assert freshness(during)[poll] == freshness(began)[poll]
        assert series_of(during, poll) == series_of(before, poll)
    ask(f"{api}/simulator/faults", [], "PUT")
    until(lambda: all(succeeded(url).values()), f"{polls} to recover")


@pytest.mark.parametrize("endpoint", POLLS)
def test_only_the_faulty_source_suffers_and_recovers(api, url, endpoint):
    only_these_suffer_and_recover(api, url, [endpoint], "500")


@pytest.mark.parametrize("kind", REASONS)
def test_half_of_the_sources_with_a_fault_count_its_reason_and_the_other_half_goes_on(api, url, kind):
    for half in HALVES:
        # A day begins without rows, so that there may be none of a wrong type.
        able = [one for one in half if not (kind == "wrong-rows" and one.endswith("_today"))]
        only_these_suffer_and_recover(api, url, able, kind)


def test_a_cursor_or_an_id_that_repeats_fails_the_poll(api, url):
    for endpoint in ("users", "api_keys"):
        poll = POLLS[endpoint]
        ask(f"{api}/simulator/faults", [f"{endpoint}:repeat-cursor"], "PUT")
        until(lambda: not succeeded(url)[poll], f"{poll} to fail")  # noqa: B023
        assert metrics(url)[own("poll_failures_total", poll, reason="bad_response")] >= 1
        ask(f"{api}/simulator/faults", [], "PUT")
        until(lambda: all(succeeded(url).values()), "recovery")


def test_one_row_of_a_wrong_type_costs_one_row(api, url):
    ask(f"{api}/simulator/faults", ["users:wrong-row"], "PUT")
    skipped = own("skipped_rows", "members", cause="wrong_type")
    until(lambda: metrics(url)[skipped] == 1, "a skipped row")
    assert all(succeeded(url).values())
    ask(f"{api}/simulator/faults", [], "PUT")
    until(lambda: metrics(url)[skipped] == 0, "no skipped row")


def test_a_start_with_a_fault_on_one_endpoint_shows_all_others(api, tmp_path):
    for endpoint, missing in (("me", {"organization"}), ("workspaces", {"workspaces", "workspace_members"})):
        ask(f"{api}/simulator/faults", [f"{endpoint}:403"], "PUT")
        with exporter(tmp_path, api, f"--organization={Options.organization_name}") as (url, _):
            until(lambda: ready(url), "every poll to have answered")
            assert {poll for poll, good in succeeded(url).items() if not good} == missing
    ask(f"{api}/simulator/faults", [], "PUT")


def test_the_page_tells_what_failed_and_what_to_do(api, url):
    ask(f"{api}/simulator/faults", ["invites:403"], "PUT")
    until(lambda: "forbidden" in get(f"{url}/"), "the page to show it")
    page = get(f"{url}/")
    assert "HTTP 403 (permission_error)" in page
    assert "the key may not read this; the Admin API needs an Admin key" in page
    assert Options.key not in page
    ask(f"{api}/simulator/faults", [], "PUT")
    until(lambda: all(succeeded(url).values()), "recovery")
