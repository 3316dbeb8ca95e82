"""Logs: one line per event, whatever the words of others hold."""

import json
import logging

import pytest

from exporter import logs

HOSTILE = 'one\nlevel=error event=forged\r\x1b[2J\x9b31m\u202etxt\x7f "quoted" back\\slash ünïcode'


@pytest.fixture
def lines(capsys):
    """What a log of this form says of an event that `say` gives to it."""
    kept = (root := logging.getLogger()).handlers, root.level

    def said(form, say):
        logs.set_up("info", form)
        say(logging.getLogger("sheep"))
        return capsys.readouterr().err

    yield said
    root.handlers, root.level = kept


def fail(log):
    log.error("a defect", exc_info=ValueError(HOSTILE))


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.warning("words", extra={"error": HOSTILE}),
        lambda log: log.warning("words: %s", HOSTILE),
        fail,
    ],
    ids=["a field", "the event", "a traceback"],
)
def test_words_of_others_forge_no_line_and_steer_no_terminal(lines, form, say):
    text = lines(form, say)
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert "forged" in text


def test_a_control_character_is_shown_by_its_number(lines):
    text = lines("logfmt", lambda log: log.warning("words", extra={"error": "\x1b[2J\x9b\u202e\r"}))
    assert r"error=\x1b[2J\x9b\u202e\r" in text
    text = lines("json", lambda log: log.warning("words", extra={"error": "\x1b[2J\x9b\u202e\r"}))
    assert json.loads(text)["error"] == "\x1b[2J\x9b\u202e\r"
