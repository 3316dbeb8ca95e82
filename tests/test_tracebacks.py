"""A defect leaves its traceback in the log, without what variables held at that moment."""

import subprocess
import sys

import pytest

DEFECT = """
import logging, sys
from exporter import logs
from exporter.api.credential import Credential

def ask(headers):
    raise ZeroDivisionError("a defect")

logs.set_up("debug", sys.argv[1])
credential = Credential(key="sk-ant-admin01-secret")
try:
    ask(credential.headers())
except ZeroDivisionError:
    logging.getLogger("exporter").exception("poll failed")
if sys.argv[2:]:
    ask(credential.headers())
"""


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize("fatal", [[], ["fatal"]], ids=["logged", "fatal"])
def test_a_traceback_shows_no_variables(form, fatal):
    command = [sys.executable, "-c", DEFECT, form, *fatal]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr
    assert said.count("Traceback") == 1 + len(fatal)
    assert "ZeroDivisionError: a defect" in said
    assert "sk-ant-admin01-secret" not in said.replace('key="sk-ant-admin01-secret"', "")
