"""What has to be true of the installed service, in this order. Each says what it found."""

import re
import time
from collections.abc import Callable

from exporter.demo.options import Options
from exporter.polls import ALL
from tests.systemd.documented import blocks
from tests.systemd.machine import FailedError, Machine

UNIT = "anthropic-exporter"
KEY = Options.key
WRONG_KEY = "sk-ant-admin01-of-nobody"
STOP_SECONDS = 5
SETTINGS = """\
api:
  base-url: http://127.0.0.1:10206
  requests-per-minute: 6000
"""
SIMULATOR = (
    "systemd-run --quiet --unit=simulator /opt/anthropic-exporter/bin/anthropic-exporter simulate"
    " --listen-address=127.0.0.1:10206 --people=20 --days=70"
)
PROCESS = f"$(systemctl show --property=MainPID --value {UNIT})"
CONFIG = f"/etc/{UNIT}/config.yml"


class Scrape(dict[str, float]):
    """The value of every series; nothing while nobody answers."""

    def values_of(self, name: str, label: str = "") -> set[float]:
        """The values of a family, of those series with this label."""
        return {value for series, value in self.items() if series.partition("{")[0] == name and label in series}

    def full(self) -> bool:
        """Whether every source was read, and every window is whole."""
        success = [value for series, value in self.items() if "poll_success{" in series]
        return success == [1] * len(ALL) and self.values_of("anthropic_window_days", 'window="30d"') == {30}


def scrape(it: Machine, port: int = 10204) -> Scrape:
    """What Prometheus would see."""
    code, text = it.tried(f"curl --silent --fail http://127.0.0.1:{port}/metrics")
    lines = [] if code else [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return Scrape((series, float(value)) for series, value in lines)


def said(it: Machine) -> str:
    """What the service has said since its last start."""
    invocation = it.property(UNIT, "InvocationID")
    return it.run(f"journalctl --sync && journalctl --quiet --output=cat _SYSTEMD_INVOCATION_ID={invocation}")


def expect(found: object, wanted: object) -> None:
    """Raises FailedError if the two differ."""
    if found != wanted:
        raise FailedError(f"found  {found}\nwanted {wanted}")


def it_is_installed_by_the_lines_of_its_page(it: Machine) -> str:
    it.run(blocks()["unit"])
    it.run(blocks()["key"], f"{KEY}\n")
    it.run(f"cat >> {CONFIG}", SETTINGS)
    it.run(SIMULATOR)
    it.until("the simulator", lambda: it.tried("curl --silent http://127.0.0.1:10206/")[0], (0).__eq__)
    return it.run(f"stat --format='%A %U:%G' /etc/{UNIT}/admin.key")


def the_check_of_the_page_finds_nothing_wrong(it: Machine) -> str:
    return it.run(blocks()["check"]).splitlines()[-1].strip()


def every_source_is_read_and_every_window_is_whole(it: Machine) -> str:
    it.run(blocks()["start"])
    shown = it.until("a full scrape", lambda: scrape(it), Scrape.full)
    expect(it.property(UNIT, "ActiveState"), "active")
    return f"{len(shown)} series"


def the_lines_to_look_at_it_show_that_it_is_well(it: Machine) -> str:
    text = it.run(blocks()["look"])
    expect(("active (running)" in text, text.count("anthropic_exporter_poll_success{")), (True, len(ALL)))
    return f"{len(text.splitlines())} lines"


def the_ledger_is_in_its_file_for_nobody_else(it: Machine) -> str:
    text = it.run(f"stat --format='%U %a %s' /var/lib/{UNIT} /var/lib/{UNIT}/ledger.db")
    expect([line.split()[:2] for line in text.splitlines()], [[UNIT, "700"], [UNIT, "600"]])
    expect(scrape(it).values_of("anthropic_exporter_ledger_persistent"), {1})
    return f"{text.split()[-1]} bytes"


def the_metrics_of_its_process_are_there(it: Machine) -> str:
    shown = scrape(it)
    names = ("start_time_seconds", "resident_memory_bytes", "cpu_seconds_total", "open_fds", "max_fds")
    start, memory, _, _, files = (shown[f"process_{name}"] for name in names)
    expect(abs(start - float(it.run("date +%s"))) < 600, True)  # noqa: FBT003
    return f"{memory / 2**20:.0f} MiB, up to {files:.0f} files"


def the_key_is_in_no_argument_variable_or_log(it: Machine) -> str:
    it.run(f"! grep --quiet {KEY} /proc/{PROCESS}/environ /proc/{PROCESS}/cmdline")
    expect(KEY in said(it), False)  # noqa: FBT003
    return it.run(f"tr '\\0' ' ' < /proc/{PROCESS}/cmdline").partition("--api.")[2].partition(" ")[0]


def it_has_no_rights_and_can_gain_none(it: Machine) -> str:
    status = it.run(f"grep --extended-regexp '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/{PROCESS}/status")
    expect(status.split()[1::2], ["0" * 16, "0" * 16, "1", "2"])
    return it.run(f"systemd-analyze security {UNIT} | tail -n 1").removeprefix("→ ")


def it_can_write_nothing_but_its_ledger(it: Machine) -> str:
    inside = f"nsenter --target={PROCESS} --mount touch"
    places = ("/etc", f"/etc/{UNIT}", f"/opt/{UNIT}", "/usr", "/var/lib", "/root")
    expect([place for place in places if not it.tried(f"{inside} {place}/file")[0]], [])
    it.run(f"{inside} /var/lib/{UNIT}/file /tmp/file && rm /var/lib/{UNIT}/file && test ! -e /tmp/file")
    return "read-only: " + ", ".join(places)


def after_a_restart_without_the_api_everything_settled_is_there_at_once(it: Machine) -> str:
    it.run("systemctl stop simulator")
    before = time.monotonic()
    it.run(f"systemctl restart {UNIT}")
    shown = it.until("a scrape", lambda: scrape(it), bool)
    seconds = time.monotonic() - before
    expect(shown.values_of("anthropic_window_days", 'window="30d"'), {30})
    expect(shown.values_of("anthropic_exporter_ledger_persistent"), {1})
    it.run(SIMULATOR)
    return f"{len(shown)} series, {seconds:.1f} s after the order to restart"


def it_stops_in_time_and_well(it: Machine) -> str:
    seconds = float(it.run(f"TIMEFORMAT=%R; time systemctl stop {UNIT}"))
    results = [it.property(UNIT, name) for name in ("Result", "ExecMainStatus")]
    expect((results, seconds < STOP_SECONDS), (["success", "0"], True))
    it.run(f"systemctl start {UNIT}")
    return f"{seconds:.1f} s"


def killed_it_comes_back_with_its_ledger(it: Machine) -> str:
    it.until("a full scrape", lambda: scrape(it), Scrape.full)
    it.run(f"systemctl kill --signal=KILL {UNIT}")
    it.until("another start", lambda: it.property(UNIT, "NRestarts"), "1".__eq__)
    shown = it.until("a full scrape", lambda: scrape(it), Scrape.full)
    expect(shown.values_of("anthropic_exporter_ledger_persistent"), {1})
    return "1 restart"


def a_wrong_key_is_said_in_the_journal(it: Machine) -> str:
    it.run(blocks()["new key"], f"{WRONG_KEY}\n")
    text = it.until("the reason", lambda: said(it), lambda text: "401" in text or "unauthorized" in text)
    expect((WRONG_KEY in text, it.property(UNIT, "ActiveState")), (False, "active"))
    return next(line for line in text.splitlines() if "401" in line or "unauthorized" in line)


def the_right_key_mends_it(it: Machine) -> str:
    it.run(blocks()["new key"], f"{KEY}\n")
    return f"{len(it.until('a full scrape', lambda: scrape(it), Scrape.full))} series"


def a_wrong_configuration_is_said_in_the_journal_and_not_started_again(it: Machine) -> str:
    it.run(f"cp {CONFIG} /root/ && echo 'settle: soon' >> {CONFIG} && systemctl restart {UNIT}")
    it.until("the end", lambda: it.property(UNIT, "ActiveState"), "failed".__eq__)
    expect([it.property(UNIT, name) for name in ("ExecMainStatus", "NRestarts")], ["2", "0"])
    (line,) = [line for line in said(it).splitlines() if "settle" in line]
    it.run(f"cp /root/config.yml {CONFIG} && systemctl start {UNIT}")
    return line


def a_key_that_is_missing_is_said_in_the_journal(it: Machine) -> str:
    it.run(f"mv /etc/{UNIT}/admin.key /root/ && systemctl stop {UNIT}")
    expect(it.tried(f"systemctl start {UNIT}")[0] == 0, False)  # noqa: FBT003
    (line,) = {line for line in said(it).splitlines() if "credentials" in line}
    it.run(f"mv /root/admin.key /etc/{UNIT}/ && systemctl reset-failed {UNIT} && systemctl start {UNIT}")
    return line


def settings_that_it_may_not_read_are_said_in_the_journal(it: Machine) -> str:
    it.run(f"chmod 600 {CONFIG} && systemctl restart {UNIT}")
    it.until("the end", lambda: it.property(UNIT, "ActiveState"), "failed".__eq__)
    (line,) = [line for line in said(it).splitlines() if "Permission denied" in line]
    it.run(f"chmod 640 {CONFIG} && systemctl start {UNIT}")
    return line


def files_beside_the_settings_are_read(it: Machine) -> str:
    it.run("printf 'teams:\\n  - {team: platform, actors: [\"@example.com\"]}\\n' > teams.yml")
    it.run(blocks()["teams"])
    it.run(f"echo 'teams-file: /etc/{UNIT}/teams.yml' >> {CONFIG} && systemctl restart {UNIT}")
    shown = it.until("a team", lambda: scrape(it), lambda shown: bool(shown.values_of("anthropic_team_info")))
    return next(series for series in shown if series.startswith("anthropic_team_info"))


def another_organization_runs_beside_it(it: Machine) -> str:
    it.run(blocks()["another"], f"{KEY}\n")
    it.run(f"cat >> /etc/{UNIT}@acme/config.yml && systemctl restart {UNIT}@acme", SETTINGS)
    it.until("a full scrape of the first", lambda: scrape(it), Scrape.full)
    it.until("a full scrape of the second", lambda: scrape(it, 10214), Scrape.full)
    it.run(f"test -s /var/lib/{UNIT}@acme/ledger.db")
    expect(scrape(it, 10214).values_of("anthropic_exporter_ledger_persistent"), {1})
    return it.run(
        "systemctl list-units --no-legend --plain 'anthropic-exporter*' | awk '{ print $1, $4 }' | paste -sd ,"
    )


def an_upgrade_keeps_the_ledger(it: Machine) -> str:
    it.run("sed -i 's/^__version__ = .*/__version__ = \"99.0.0\"/' exporter/__init__.py")
    it.run(blocks()["upgrade"])
    shown = it.until("a full scrape", lambda: scrape(it), Scrape.full)
    expect(shown.values_of("anthropic_exporter_build_info", 'version="99.0.0"'), {1})
    expect(shown.values_of("anthropic_exporter_ledger_persistent"), {1})
    return next(series for series in shown if series.startswith("anthropic_exporter_build_info"))


def it_can_be_removed(it: Machine) -> str:
    it.run(f"systemctl disable --now {UNIT}@acme")
    it.run(f"rm -r /etc/systemd/system/{UNIT}@.service /etc/{UNIT}@acme /var/lib/{UNIT}@acme")
    it.run(blocks()["remove"])
    left = it.run(f"find / -xdev -name '{UNIT}*' -not -path '/root/*' -not -path '/var/log/*' -not -path '/tmp/*'")
    expect(re.sub(r"\s", " ", left), "")
    return "nothing is left"


CHECKS: tuple[Callable[[Machine], str], ...] = (
    it_is_installed_by_the_lines_of_its_page,
    the_check_of_the_page_finds_nothing_wrong,
    every_source_is_read_and_every_window_is_whole,
    the_lines_to_look_at_it_show_that_it_is_well,
    the_ledger_is_in_its_file_for_nobody_else,
    the_metrics_of_its_process_are_there,
    the_key_is_in_no_argument_variable_or_log,
    it_has_no_rights_and_can_gain_none,
    it_can_write_nothing_but_its_ledger,
    after_a_restart_without_the_api_everything_settled_is_there_at_once,
    it_stops_in_time_and_well,
    killed_it_comes_back_with_its_ledger,
    a_wrong_key_is_said_in_the_journal,
    the_right_key_mends_it,
    a_wrong_configuration_is_said_in_the_journal_and_not_started_again,
    a_key_that_is_missing_is_said_in_the_journal,
    settings_that_it_may_not_read_are_said_in_the_journal,
    files_beside_the_settings_are_read,
    another_organization_runs_beside_it,
    an_upgrade_keeps_the_ledger,
    it_can_be_removed,
)
