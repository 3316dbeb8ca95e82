"""The key's file while the service runs: replaced as people and Kubernetes do it, spoiled, another organization's."""

from pathlib import Path

import pytest

from exporter.demo.access import OTHER_ORGANIZATION_KEY
from exporter.demo.options import Options
from exporter.polls import ALL
from tests.service import exporter, first_url, get, own, ready, running, samples, simulator, until

QUICK = [f"--polls.{poll.name.replace('_', '-')}.interval=300ms" for poll in ALL]
OWN = ("anthropic_exporter_", "process_", "python_")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("api"), "--people=20", "--days=3", "--workspaces=2") as url:
        yield url


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "key"
    file.write_text(Options.key)
    return file


def scraped(url):
    return samples(get(f"{url}/metrics"))


def counts(found, name, **labels):
    return [found.get(own(name, poll.name, **labels), -1) for poll in ALL]


def well(url):
    return ready(url) and min(counts(scraped(url), "poll_success")) == 1


def more(url, name, **labels):
    """Wait until every poll has counted two more."""
    before = counts(scraped(url), name, **labels)
    until(
        lambda: all(now > was + 1 for was, now in zip(before, counts(scraped(url), name, **labels), strict=True)),
        f"more of {name} {labels}",
    )


def put(file, key):
    new = file.with_name("new")
    new.write_text(key)
    new.rename(file)


def test_a_key_of_another_organization_publishes_nothing_and_with_the_right_one_everything_recovers(
    api, tmp_path, file
):
    with exporter(tmp_path, api, f"--api.key-file={file}", *QUICK) as (url, process):
        until(lambda: well(url), "every poll to succeed")
        put(file, OTHER_ORGANIZATION_KEY)
        more(url, "poll_failures_total", reason="wrong_organization")
        before = scraped(url)
        more(url, "poll_failures_total", reason="wrong_organization")
        after = scraped(url)
        for series in before:
            if not series.startswith(OWN):
                assert after[series] == before[series]
        assert {name for name in after if not name.startswith(OWN)} == {n for n in before if not n.startswith(OWN)}
        assert counts(after, "last_success_timestamp_seconds") == counts(before, "last_success_timestamp_seconds")
        assert set(counts(after, "poll_success")) == {0}
        page = get(url)
        assert page.count("wrong_organization") == len(ALL)
        assert "Other Organization" not in page + get(f"{url}/metrics") + process.said()
        put(file, Options.key)
        until(lambda: well(url), "recovery")
        fresh = counts(scraped(url), "last_success_timestamp_seconds")
        assert min(fresh) > max(counts(after, "last_success_timestamp_seconds"))


def test_a_mounted_secret_is_followed_and_a_file_that_cannot_be_used_changes_nothing(api, tmp_path):
    def mount(version, *keys):
        """As Kubernetes does: a folder a version, and a link that is moved from one to the next."""
        (tmp_path / version).mkdir()
        for key in keys:
            (tmp_path / version / "key").write_text(key)
        (tmp_path / "..data_tmp").symlink_to(version)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    mount("..1", "sk-ant-admin01-revoked")
    (tmp_path / "key").symlink_to("..data/key")
    slow_but_one = "--polls.invites.interval=300ms"
    with exporter(tmp_path, api, f"--api.key-file={tmp_path / 'key'}", slow_but_one) as (url, process):
        until(lambda: ready(url), "every poll to have answered")
        assert min(counts(scraped(url), "poll_failures_total", reason="unauthorized", organization="")) == 1
        mount("..2", Options.key)
        until(lambda: well(url), "the new key to be used by every poll at once")
        polled = own("polls_total", "invites")
        for version, *keys in (["..3"], ["..4", ""], ["..5", "no\nkey"]):
            mount(version, *keys)
            before = scraped(url)[polled]
            until(lambda: scraped(url)[polled] > before + 1, "polls with the last key")  # noqa: B023
            assert well(url)
        assert "the last key stays in use" in process.said()


def test_a_key_from_a_file_is_in_no_output_argument_or_variable_of_the_process(api, tmp_path, file):
    flags = [f"--api.base-url={api}", f"--api.key-file={file}", "--web.listen-address=127.0.0.1:0"]
    with running(tmp_path, "serve", "--log.level=debug", *flags) as process:
        url = until(lambda: first_url(process), "the service")
        until(lambda: well(url), "every poll to succeed")
        about = Path(f"/proc/{process.child.pid}")
        shown = (about / "cmdline").read_text() + (about / "environ").read_text()
        assert str(file) in shown
        assert Options.key not in shown + get(url) + get(f"{url}/metrics") + process.said()
