"""exporter-toolkit's format: its examples, good and bad, are accepted and refused alike, and so is anything else."""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.errors import SettingsError
from exporter.front.go_names import CIPHERS, CURVES
from exporter.front.web_config import HttpSection, RateSection, TlsSection, WebConfig
from exporter.front.web_file import MAX_BYTES, WebConfigFile
from tests.front.certificates import FIXTURES, Certificates


def fixtures(kind):
    return sorted(path.name for path in FIXTURES.glob(f"*.{kind}.yml"))


@pytest.mark.parametrize("fixture", fixtures("good"))
def test_a_good_file_is_accepted(certificates, fixture):
    file = WebConfigFile(certificates.config(fixture))
    assert (file.context is not None) == ("cert" in (FIXTURES / fixture).read_text().partition("\n")[2])


@pytest.mark.parametrize("fixture", fixtures("bad"))
def test_a_bad_file_is_refused_with_the_words_in_its_first_line(certificates, fixture):
    path = certificates.config(fixture)
    words = path.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        WebConfigFile(path)
    assert words.format(file=path, folder=path.parent) in str(caught.value)
    assert all(line.startswith(f"web.config-file: {path}: ") for line in str(caught.value).splitlines())
    assert "$2" not in str(caught.value)


def test_all_that_is_wrong_is_named_at_once(certificates):
    path = certificates.write("tls_server_config: {cert: x}\nrate_limit: {burst: -1}\nbasic_auth_users: {a: b}\n")
    with pytest.raises(SettingsError) as caught:
        WebConfigFile(path)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("fixture", "note"),
    [
        ("old_version.good.yml", "tls_server_config.min_version TLS10: TLS 1.2 is the oldest that is spoken"),
        ("some_curves.good.yml", "tls_server_config.curve_preferences: only the first, X25519, is used"),
        ("require_any.good.yml", "RequireAnyClientCert: certificates are also verified against the client CA"),
        ("request.good.yml", "RequestClientCert: certificates are also verified against the client CA"),
        ("verify_if_given.good.yml", "verified against the authorities that the system trusts"),
        ("http2.good.yml", "http_server_config.http2: HTTP/1.1 is spoken"),
    ],
)
def test_what_is_not_done_to_the_letter_is_logged(certificates, caplog, fixture, note):
    WebConfigFile(certificates.config(fixture))
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert note in record.note


@pytest.mark.parametrize("fixture", ["tls_and_users.good.yml", "all_curves.good.yml", "headers.good.yml"])
def test_what_is_done_to_the_letter_is_not_worth_a_word(certificates, caplog, fixture):
    WebConfigFile(certificates.config(fixture))
    assert not caplog.records


def test_a_file_that_is_not_there_too_large_or_not_text_is_named(tmp_path):
    path = tmp_path / "web.yml"
    with pytest.raises(SettingsError, match="No such file"):
        WebConfigFile(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="larger than 1 MiB"):
        WebConfigFile(path)
    path.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not UTF-8"):
        WebConfigFile(path)


def test_what_is_wrong_in_yaml_is_told_without_what_stands_there(tmp_path):
    path = tmp_path / "web.yml"
    path.write_text("basic_auth_users:\n  alice: *hush\n")
    with pytest.raises(SettingsError, match="line 2, column 10: not YAML: found undefined alias …") as caught:
        WebConfigFile(path)
    assert "hush" not in str(caught.value)


def test_a_configuration_does_not_show_its_secrets(certificates):
    file = WebConfigFile(certificates.config("key_inline.good.yml"))
    assert "PRIVATE" not in repr(file.config) + repr(file.pems)
    assert "$2" not in repr(WebConfigFile(certificates.config("tls_and_users.good.yml")).config)


# Anything at all.

KEYS = [name for section in (WebConfig, TlsSection, HttpSection, RateSection) for name in section.model_fields]
(HASH,) = re.findall(r"\$2\S+", (FIXTURES / "users_without_tls.good.yml").read_text())
WORDS = [*KEYS, *CIPHERS, *CURVES, HASH, "server.crt", "server.key", "ca.crt", "RequireAndVerifyClientCert", "TLS12"]
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from([*WORDS, "1s", "", "X-Frame-Options", "deny"])
VALUES = st.recursive(
    SCALARS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=4),
    max_leaves=12,
)
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "tls_server_config": st.dictionaries(st.sampled_from(sorted(TlsSection.model_fields)), VALUES).map(
            lambda values: {"cert_file": "server.crt", "key_file": "server.key", **values}
        ),
        "http_server_config": st.dictionaries(st.sampled_from(KEYS), VALUES),
        "basic_auth_users": st.dictionaries(st.text(max_size=4), st.just(HASH) | VALUES),
        "rate_limit": st.dictionaries(st.sampled_from(["interval", "burst"]), VALUES),
    },
)


@pytest.fixture(scope="module")
def some_certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def accepted_or_refused(path):
    trouble = ""
    try:
        WebConfigFile(path)
    except SettingsError as error:
        trouble = str(error)
    assert all(line.startswith(f"web.config-file: {path}: ") for line in trouble.splitlines())
    assert HASH not in trouble


@given(text=st.text() | st.text("{}[]:&*!|>'\"%@#?-, \n\t\\xUab$12"))
@example('"\\UFFFFFFFF"')
@example("? ? ? a")
@example("&a [*a]")
@example("<<: {a: b}")
@example("!!python/object/apply:os.system [ls]")
@example("\x00")
def test_any_text_is_accepted_or_refused(some_certificates, text):
    path = some_certificates.folder / "web.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    accepted_or_refused(path)


@given(values=VALUES | SECTIONS)
def test_any_document_is_accepted_or_refused(some_certificates, values):
    path = some_certificates.folder / "web.yml"
    path.write_text(yaml.safe_dump(values))
    accepted_or_refused(path)
