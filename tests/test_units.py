"""The units of systemd: no key is misspelled, the sandbox is tight, and the command line is one of ours."""

import argparse
import re
import shlex
import subprocess

import pytest

from exporter.sources import add_flags, load
from tests.systemd.documented import FOLDER, ROOT, UNIT, blocks

README = (FOLDER / "README.md").read_text()
PROGRAM = "/opt/anthropic-exporter/bin/anthropic-exporter"
OK = 1.5
"""Of 10, the exposure that `systemd-analyze security` may find. It calls up to 2.5 OK."""


@pytest.fixture
def verify(tool, tmp_path):
    """What systemd says of a unit: nothing if it is right. The programs that it starts need not be installed."""

    def complaints(name, text):
        unit = tmp_path / name
        unit.write_text(re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", text, flags=re.MULTILINE))
        result = subprocess.run(
            [tool("systemd-analyze"), "verify", "--man=no", unit], capture_output=True, text=True, check=False
        )
        return result.stdout + result.stderr

    return complaints


@pytest.mark.parametrize("name", [UNIT.name, "anthropic-exporter@.service"])
def test_the_unit_is_right_under_both_of_its_names(verify, name):
    assert verify(name, UNIT.read_text()) == ""


def test_a_key_that_does_not_exist_is_noticed(verify):
    assert "ProtectSytem" in verify(UNIT.name, UNIT.read_text().replace("ProtectSystem", "ProtectSytem"))


def test_the_units_of_the_key_proxy_are_right(verify):
    text = (ROOT / "deploy" / "key-proxy" / "README.md").read_text()
    units = re.findall(r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert [verify(name, unit) for name, unit in units] == [""] * 3


def test_the_sandbox_is_as_tight_as_the_page_says(tool):
    command = [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", UNIT]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"exposure level for \S+: (\S+) OK", said)
    assert found, said
    assert float(found[1]) <= OK
    assert f"as OK, {found[1]} or less of 10" in README


def test_the_command_line_is_settings_and_the_configuration_beside_it_too(tmp_path):
    (line,) = re.findall(r"^ExecStart=(.*)", UNIT.read_text().replace("\\\n", " "), re.MULTILINE)
    program, command, *flags = shlex.split(line)
    assert (program, command) == (PROGRAM, "serve")
    (tmp_path / "admin-key").write_text("a key")
    here = [flag.replace("/etc/%N", str(FOLDER)).replace("${CREDENTIALS_DIRECTORY}", str(tmp_path)) for flag in flags]
    parser = argparse.ArgumentParser()
    source = add_flags(parser)
    settings = load(source(parsed_args=vars(parser.parse_args(here)))(), {})
    assert settings.api.key_file == tmp_path / "admin-key"
    assert str(settings.storage.path) == "/var/lib/%N/ledger.db"
    assert settings.web.listen_address == "127.0.0.1:10204"


def test_the_page_installs_what_the_unit_starts():
    unit = dict(re.findall(r"^(\w+)=(.*)", UNIT.read_text(), re.MULTILINE))
    assert PROGRAM in blocks()["check"]
    assert blocks()["program"].splitlines()[0] == f"python3 -m venv {PROGRAM.removesuffix('/bin/anthropic-exporter')}"
    assert re.search(rf"^useradd .* {unit['User']}$", blocks()["unit"], re.MULTILINE)
    _, key = unit["LoadCredential"].replace("%N", "anthropic-exporter").split(":")
    assert f"cat > {key})" in blocks()["key"]
