"""The credential: where it comes from, how it is replaced, and that nothing shows it."""

import errno
import os
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from exporter.api.credential import Credential
from exporter.errors import SettingsError

KEY = "sk-ant-admin01-secret"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return path


def test_a_key_file_is_read_again_and_says_whether_it_changed(file):
    credential = Credential(file=file)
    assert credential.refresh() is False
    file.write_text("another")
    assert credential.refresh() is True
    assert credential.headers() == {"x-api-key": "another"}
    assert credential.refresh() is False


def test_a_key_file_may_be_replaced_by_a_rename(file, tmp_path):
    credential = Credential(file=file)
    (tmp_path / "new").write_text("another")
    (tmp_path / "new").rename(file)
    assert credential.refresh() is True


def test_a_mounted_secret_is_replaced_by_another_link_to_its_folder(tmp_path):
    for version, key in (("..1", KEY), ("..2", "another")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "key").write_text(key)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "key").symlink_to("..data/key")
    credential = Credential(file=tmp_path / "key")
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert credential.refresh() is True
    assert credential.headers() == {"x-api-key": "another"}


def become(make):
    """What is at a key's path is removed, and something else put there."""
    return lambda file: (file.unlink(), make(file))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text(" \n"),
        lambda file: file.write_bytes(bytes(range(256))),
        become(lambda file: file.mkdir()),
        become(lambda file: file.symlink_to(file)),
        become(os.mkfifo),
    ],
    ids=["gone", "empty", "binary", "a folder", "a loop of links", "a pipe"],
)
def test_a_key_file_that_became_unusable_leaves_the_last_key_in_use(file, spoil, caplog):
    credential = Credential(file=file)
    spoil(file)
    for _ in range(2):
        assert credential.refresh() is False
    assert credential.headers() == {"x-api-key": KEY}
    assert caplog.text.count("the last key stays in use") == 2


def test_a_key_from_a_pipe_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(KEY,))
    writer.start()
    credential = Credential(file=tmp_path / "pipe")
    writer.join()
    assert credential.refresh() is False
    assert credential.headers() == {"x-api-key": KEY}


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o440, False), (0o644, True), (0o604, True)])
def test_a_key_file_that_all_can_read_is_noticed(file, mode, exposed):
    file.chmod(mode)
    assert Credential(file=file).exposed() is exposed
    assert Credential(key=KEY).exposed() is False


def test_a_key_file_of_somebody_else_could_not_be_read_otherwise(file, monkeypatch):
    file.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert Credential(file=file).exposed() is False


def test_a_key_from_the_environment_never_changes():
    assert Credential(key=KEY).refresh() is False


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "ANTHROPIC_ADMIN_KEY is empty"),
        ("two words", "without spaces"),
        ("schlüssel", "ASCII"),
        ("a\nb", "one line"),
    ],
)
def test_what_can_be_no_key_is_refused_without_showing_it(key, message):
    with pytest.raises(SettingsError, match=message) as caught:
        Credential(key=key)
    assert not key or key not in str(caught.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"api.key-file: cannot read .*nowhere: No such file"):
        Credential(file=tmp_path / "nowhere")


def test_who_may_not_read_the_key_file_is_said(file, monkeypatch):
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "open", Mock(side_effect=refusal))
    with pytest.raises(SettingsError, match=f"key: Permission denied to user {os.geteuid()} of group {os.getegid()}$"):
        Credential(file=file)


def test_a_key_in_place_of_a_path_is_not_repeated(tmp_path):
    with pytest.raises(SettingsError, match="a key, not the path of a file that holds it") as caught:
        Credential(file=tmp_path / KEY)
    assert KEY not in str(caught.value)


def test_nothing_shows_the_key(file):
    credential = Credential(file=file)
    assert KEY not in repr(credential) + str(credential) + repr(vars(credential))
    assert credential.redact(f"bad key {KEY}\x1b[31m") == "bad key [key] [31m"
