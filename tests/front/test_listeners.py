"""What commands say about how metrics are served."""

import pytest

from exporter.api.credential import Credential
from exporter.app import follow, http_client
from exporter.check import check
from exporter.demo.options import Options
from exporter.errors import SettingsError
from exporter.front.listeners import exposure, opened
from exporter.front.web_file import WebConfigFile
from exporter.settings import Settings
from tests.world import World, settings_for

ANYWHERE = ("0.0.0.0:10204", ":10204", "[::]:10204", "10.1.2.3:10204", "metrics.example:10204")
OPEN = "/metrics names people to whoever reaches {}: web.config-file can ask for passwords or client certificates"


def careless(certificates, address, fixture=""):
    file = WebConfigFile(certificates.config(fixture)) if fixture else None
    return exposure(Settings(web={"listen_address": address}), file)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_on_loopback_nothing_is_careless(certificates, address):
    assert careless(certificates, address) == careless(certificates, address, "empty.good.yml") == ""


@pytest.mark.parametrize("address", ANYWHERE)
@pytest.mark.parametrize("fixture", ["", "empty.good.yml", "tls.good.yml", "verify_if_given.good.yml"])
def test_elsewhere_it_is_careless_to_let_everybody_in(certificates, address, fixture):
    assert careless(certificates, address, fixture) == OPEN.format(address)


def test_passwords_in_plain_are_careless_too(certificates):
    words = careless(certificates, ":1", "users_without_tls.good.yml")
    assert words == "passwords travel to :1 in plain: web.config-file can turn on TLS"


@pytest.mark.parametrize("fixture", ["tls_and_users.good.yml", "require_and_verify.good.yml", "require_any.good.yml"])
def test_with_tls_and_passwords_or_client_certificates_nothing_is_careless(certificates, fixture):
    assert careless(certificates, ":1", fixture) == ""


def test_who_is_careless_is_warned_once_at_the_start(caplog):
    with opened(Settings(web={"listen_address": "0.0.0.0:0"})):
        pass
    assert [record.message for record in caplog.records] == [OPEN.format("0.0.0.0:0")]


def test_a_health_address_in_use_is_named_and_the_other_listener_closed():
    with opened(Settings(web={"listen_address": "127.0.0.1:0"})) as front:
        taken = front.url.removeprefix("http://")
        with (
            pytest.raises(SettingsError, match=f"web.health-address: cannot listen on {taken}"),
            opened(Settings(web={"listen_address": "127.0.0.1:0", "health_address": taken})),
        ):
            pass


def test_a_wrong_web_configuration_does_not_open_a_listener(certificates):
    path = certificates.config("user_with_plain_password.bad.yml")
    with (
        pytest.raises(SettingsError, match="john needs the bcrypt hash"),
        opened(Settings(web={"listen_address": "127.0.0.1:0", "config_file": path})),
    ):
        pass


async def lines_of(simulator, **web):
    lines: list[str] = []
    await check(settings_for(simulator, web=web), Credential(key=Options.key), lines.append)
    return "\n".join(lines)


async def test_check_says_how_metrics_are_served_and_what_is_careless(simulate, certificates):
    simulator = simulate(people=5, days=2)
    assert "\nweb                in plain; no passwords\n" in await lines_of(simulator)
    tls = await lines_of(
        simulator, config_file=certificates.config("tls_and_users.good.yml"), listen_address="0.0.0.0:1"
    )
    assert (
        "web                over TLS, with the certificate of localhost, 127.0.0.1, until Jan  1 00:00:00 3000" in tls
    )
    assert "; 2 users\n" in tls
    assert "names people" not in tls
    assert OPEN.format("0.0.0.0:1") in await lines_of(simulator, listen_address="0.0.0.0:1")


async def test_check_refuses_a_wrong_web_configuration_before_it_asks_the_api(simulate, certificates):
    simulator = simulate(people=5, days=2)
    with pytest.raises(SettingsError, match="john needs the bcrypt hash"):
        await lines_of(simulator, config_file=certificates.config("user_with_plain_password.bad.yml"))


async def test_metrics_tell_whether_the_web_configuration_could_be_used(simulate, certificates):
    path = certificates.config("empty.good.yml")
    simulator = simulate(people=5, days=2)
    web = Settings(web={"listen_address": "127.0.0.1:0", "config_file": path})
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http)
        with opened(web) as front:
            assert world.total("anthropic_exporter_web_config_success") is None
            await follow(front, world.parts.health)
            assert world.total("anthropic_exporter_web_config_success") == 1
            path.write_text("basic_auth_users: {alice: hush}\n")
            await follow(front, world.parts.health)
            assert world.total("anthropic_exporter_web_config_success") == 0
