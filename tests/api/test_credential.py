"""The credential: where it comes from, how it is replaced, and that nothing shows it."""

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


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_text(" \n")])
def test_a_key_file_that_became_unusable_leaves_the_last_key_in_use(file, spoil, caplog):
    credential = Credential(file=file)
    spoil(file)
    assert credential.refresh() is False
    assert credential.headers() == {"x-api-key": KEY}
    assert "the last key stays in use" in caplog.text


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


def test_nothing_shows_the_key(file):
    credential = Credential(file=file)
    assert KEY not in repr(credential) + str(credential) + repr(vars(credential))
    assert credential.redact(f"bad key {KEY}\x1b[31m") == "bad key [key] [31m"
