"""The landing page: read by a person in a real browser."""

import subprocess
from datetime import timedelta
from typing import Any

from exporter.errors import AdminApiError, Reason
from exporter.page import PollLine, page
from exporter.runner import Outcome
from tests.scripted import NOW

EVIL = "<script>alert(1)</script>"


def line(name="members", error=None, **changes) -> PollLine:
    outcome = Outcome(NOW - timedelta(minutes=3), NOW - timedelta(minutes=3), 0.25, 1200, 3601, error, "ask an <admin>")
    facts: Any = {"outcome": outcome, "running": False, "next_run": NOW + timedelta(minutes=7), "last_success": NOW}
    facts |= {"withdrawn": False}
    return PollLine(name, **(facts | changes))


def failed(text=EVIL):
    return AdminApiError(Reason.FORBIDDEN, text)


def test_the_page_names_each_poll_its_result_time_length_rows_error_and_next_run():
    text = page("Acme", [line(), line("api_keys", failed("HTTP 403"), withdrawn=True)], {}, NOW)
    for words in (">members<", ">ok<", "3m ago", "0.25 s", "1,200", "3,601", "in 7m", ">forbidden<", "HTTP 403"):
        assert words in text
    assert "ask an &lt;admin&gt;" in text


def test_a_failed_poll_says_what_is_served_instead():
    long_ago = NOW - timedelta(hours=40)
    text = page("Acme", [line(error=failed(), last_success=NOW - timedelta(hours=2))], {}, NOW)
    assert "its series are those of its last success, 2h ago" in text
    text = page("Acme", [line(error=failed(), last_success=long_ago, withdrawn=True)], {}, NOW)
    assert "its series are withdrawn: its last success was 1d ago" in text
    assert "it never succeeded" in page("Acme", [line(error=failed(), last_success=None)], {}, NOW)


def test_a_poll_that_has_not_answered_or_runs_says_so():
    text = page("", [line(outcome=None, next_run=None), line(running=True)], {}, NOW)
    assert "waiting for its first answer" in text
    assert ">running<" in text
    assert "whose name is not known yet" in text


def test_what_others_wrote_is_text_and_no_markup():
    assert EVIL not in page(EVIL, [line(error=failed())], {}, NOW)


def test_a_real_browser_shows_the_table(tool, tmp_path):
    chromium = tool("chromium")
    file = tmp_path / "page.html"
    file.write_text(page(EVIL, [line(), line("api_keys", failed())], {}, NOW))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    flags += ["--no-first-run", "--disable-component-update", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    dom = subprocess.run(
        [chromium, *flags, file.as_uri()], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert dom.count("<tr>") == 3
    assert dom.count("<script") == 0
    assert "&lt;script&gt;" in dom


def test_after_a_restart_what_is_served_is_said_before_the_first_answer():
    text = page("Acme", [line(outcome=None, last_success=NOW - timedelta(hours=5))], {}, NOW)
    assert "waiting for its first answer" in text
    assert "its series are those of its last success, 5h ago" in text
    assert "last success" not in page("Acme", [line(outcome=None, last_success=None)], {}, NOW)


def test_the_days_that_are_held_are_named():
    assert "Settled days held: cost 7 of 62, usage 0 of 62." in page(
        "Acme", [], {"cost": "7 of 62", "usage": "0 of 62"}, NOW
    )
    assert "Settled days held: none." in page("Acme", [], {}, NOW)
