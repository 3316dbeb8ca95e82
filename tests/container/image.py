"""Checks of the image. Each says what it found, or fails with what is wrong."""

import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.options import Options
from tests.container.docker import docker, inspected, ran, running, volume
from tests.container.services import (
    PUBLISHED,
    SECRETS,
    WITH_KEY,
    WITH_KEY_FILE,
    key_folder,
    replace_key,
    seconds_to_stop,
    served,
    simulated,
)
from tests.service import get, until

FOREIGN_USER = "1000650000:0"
"""As OpenShift makes them up: in no file of users, of group 0."""
SINCE = f"--since={datetime.now(UTC).date() - timedelta(days=5)}"
COMMANDS = (["check"], ["once"], ["history", SINCE, "--output=-"], ["history", SINCE, "--output=days.om"])
REPORTS = 3
DAYS = 'use base unit "seconds" instead of "days"'
"""What promtool says of anthropic_window_days: a count of days is no duration."""
INSTALLERS = """
import os
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys", "/usr/share")]
    for name in {"pip", "setuptools", "wheel", "ensurepip", "hatchling"} & {*folders, *files}:
        print(os.path.join(folder, name))
"""
MOST_BYTES = 45_000_000
"""On top of the image that it is based on. 40 MB of it are packages and their bytecode."""


def described(image: str, revision: str) -> str:
    """The commit is in a label and in build_info; user, volume and port are told to the engine."""
    config = inspected("image", image)["Config"]
    assert config["Labels"]["org.opencontainers.image.revision"] == revision
    assert (config["User"], *config["Volumes"], *config["ExposedPorts"]) == ("65532:0", "/data", "10204/tcp")
    with running(image, "demo", "--people=10", options=PUBLISHED) as container:
        assert f'anthropic_exporter_build_info{{revision="{revision}",' in container.until_ready()
    return revision


def size(image: str, base: str) -> str:
    """How much it adds to its base."""
    whole, below = (inspected("image", name)["Size"] for name in (image, base))
    assert whole - below < MOST_BYTES, f"{whole - below} bytes"
    return f"{(whole - below) / 1e6:.1f} MB on top of {below / 1e6:.0f} MB of Python and Debian"


def nothing_installs(image: str) -> str:
    """Neither pip nor anything else that could install."""
    found = docker("run", "--rm", "--network=none", "--user=0", "--entrypoint=python3", image, "-c", INSTALLERS)
    assert not found, found
    return "no pip, setuptools, wheel, ensurepip, hatchling"


def hardened(image: str) -> str:
    """As its own user the demo answers, and what it says can be parsed."""
    with running(image, "demo", options=PUBLISHED) as container:
        text = container.until_ready()
        assert docker("exec", container.name, "id", "-u") == "65532"
    families = {family.name for family in text_string_to_metric_families(text)}
    expected = {"anthropic_members", "anthropic_cost_usd", "anthropic_claude_code_sessions", "anthropic_usage_tokens"}
    assert expected <= families, f"{expected - families} are missing"
    if not (promtool := shutil.which("promtool")):
        return f"{len(families)} families; promtool is not there"
    lint = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    findings = [line for line in (lint.stdout + lint.stderr).splitlines() if DAYS not in line]
    assert not findings, findings
    return f"{len(families)} families; promtool check metrics finds nothing but days, which are no mistake"


def healthy(image: str) -> str:
    """Docker's check asks the listener for probes, whatever proxies there are."""
    proxies = ("--env", "HTTP_PROXY=http://127.0.0.1:9", "--env", "http_proxy=http://127.0.0.1:9")
    with running(image, "demo", options=(*PUBLISHED, "--health-interval=1s", *proxies)) as container:
        until(lambda: container.state()["Health"]["Status"] == "healthy", "good health")
    other = ("--env", "ANTHROPIC_EXPORTER_WEB__HEALTH_ADDRESS=:10207", "--health-interval=1s")
    with running(image, "demo", options=(*PUBLISHED, *other)) as container:
        until(lambda: container.state()["Health"]["Status"] == "healthy", "good health at another address")
    return "at its own address, at another one, and with a proxy in the environment"


def foreign_user(image: str) -> str:
    """Any user of group 0 will do, with a ledger in the volume."""
    with volume() as data, served(image, "--user", FOREIGN_USER, "--volume", f"{data}:/data") as container:
        text = container.until_ready()
        assert 'anthropic_exporter_ledger_persistent{organization="Simulated Organization"} 1.0' in text
        assert "Traceback" not in container.logs()
        return docker("exec", container.name, "id")


def commands(image: str) -> str:
    """`check` beside the service; `check`, `once` and `history` alone, where only /data can be written to."""
    with served(image) as container:
        container.until_ready()
        said = docker("exec", container.name, "anthropic-exporter", "check")
        assert "as it should be beside a service that runs" in said, said
    with simulated(image) as api:
        for command in COMMANDS:
            for user in ("65532:0", FOREIGN_USER):
                done = ran(image, *command, options=(*api.options, *WITH_KEY, "--user", user))
                assert done.returncode == 0, f"{command} as {user}: {done.stderr}"
    return "check, once, history; read-only and without a tmpfs"


def restarted(image: str) -> str:
    """Days are in the volume: for the next start, and for the next container."""
    with volume() as data:
        with served(image, "--volume", f"{data}:/data") as container:
            until(lambda: container.logs().count("settled days are complete") == REPORTS, "all settled days")
            before = container.api.requests()
            docker("restart", container.name)
            container.until_said("days=186")
            container.until_ready()
            again = container.api.requests() - before
        with served(image, "--volume", f"{data}:/data") as container:
            container.until_said("days=186")
    assert again < before / 2, f"{again} requests after {before}"
    return f"186 daily reports kept; {before} requests for the first start, {again} for the second"


def stopped(image: str) -> str:
    """SIGTERM reaches process 1, and ends it also in the middle of the first polls."""
    with served(image) as container:
        container.until_ready()
        idle = seconds_to_stop(container)
    with served(image, api=("--fault=all:hang",)) as container:
        until(lambda: container.api.requests() >= 1, "a request that hangs")
        busy = seconds_to_stop(container)
    with running(image, "demo", options=PUBLISHED) as container:
        container.until_said("its Admin API")
        demo = seconds_to_stop(container)
    return f"{idle:.1f} s, {busy:.1f} s while requests hang, {demo:.1f} s a demo that has just begun; exit code 0"


def rotated(image: str) -> str:
    """A key that is replaced in a mounted folder is taken without a restart."""
    with key_folder("sk-ant-admin01-revoked") as mount:
        folder = mount[1].partition(":")[0]
        with served(image, *mount, key=WITH_KEY_FILE, arguments=("--polls.members.interval=1s",)) as container:
            container.until_said("the key is wrong, revoked or expired")
            replace_key(folder, Options.key)
            began = time.monotonic()
            until(lambda: "anthropic_member_info{" in get(f"{container.url()}/metrics"), "members")
            return f"{time.monotonic() - began:.1f} s, with a poll every second"


def key_not_readable(image: str) -> str:
    """A key that its user may not read ends it, with words that help."""
    with key_folder(Options.key, mode=0o600) as mount:
        done = ran(image, "serve", options=(*mount, *WITH_KEY_FILE, "--network=none"))
    words = f"cannot read {SECRETS}/admin-key: Permission denied to user 65532 of group 0"
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    return words


def demo_before_serve(image: str) -> str:
    """A demo leaves the volume to the real organization."""
    with volume() as data:
        options = (*PUBLISHED, "--volume", f"{data}:/data")
        with running(image, "demo", "--seed=2", options=options) as container:
            container.until_ready()
            assert docker("exec", container.name, "ls", "-A", "/data") == ""
        with served(image, "--volume", f"{data}:/data") as container:
            assert "anthropic_member_info{" in container.until_ready()
            assert "wrong_organization" not in container.logs()
    return "serve finds an empty volume"
