"""Where the service is reached: the pages, and the probes alone and in plain where that is wanted."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import socket

from exporter import web
from exporter.front import tls
from exporter.front.guard import Guard
from exporter.front.web_file import WebConfigFile
from exporter.settings import Settings
from exporter.values import address, is_loopback

log = logging.getLogger(__name__)

REFRESH_SECONDS = 10


class Front:
    """The listeners of a service, and the web configuration that they follow."""

    def __init__(self, pages: socket, probes: socket | None, file: WebConfigFile | None) -> None:
        self.file = file
        self._pages = pages
        self._probes = probes
        self._tls = tls.live(file.context) if file and file.context else None
        self._guard: Guard | None = None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return web.url_of(self._pages, tls=self._tls is not None)

    @property
    def health_url(self) -> str:
        """Where the probes are alone, empty where they are not."""
        return web.url_of(self._probes) if self._probes else ""

    def servers(self, service: web.Service) -> Iterator[tuple[web.Server, socket]]:
        """The servers of `service`, each with its socket."""
        pages = web.build(service)
        if self.file:
            self._guard = Guard(pages, self.file.config)
        yield web.server(self._guard or pages, self._tls), self._pages
        if self._probes:
            yield web.server(web.build_probes(service)), self._probes

    async def refresh(self) -> None:
        """Follow the files of the web configuration if they have changed."""
        file = self.file
        if file is None or not await asyncio.to_thread(file.refresh):
            return
        if self._guard:
            self._guard.use(file.config)
        if self._tls and file.context:
            self._tls.current = file.context


@contextmanager
def opened(settings: Settings) -> Iterator[Front]:
    """The listeners that the settings want, open. Raises SettingsError."""
    section = settings.web
    file = WebConfigFile(section.config_file) if section.config_file else None
    if careless := exposure(settings, file):
        log.warning(careless)
    with ExitStack() as stack:
        pages = stack.enter_context(web.listen("web.listen-address", section.listen_address))
        probes = None
        if section.health_address:
            probes = stack.enter_context(web.listen("web.health-address", section.health_address))
        yield Front(pages, probes, file)


def exposure(settings: Settings, file: WebConfigFile | None) -> str:
    """What is careless about who can reach /metrics, empty if nothing is."""
    where = settings.web.listen_address
    if is_loopback(address(where)[0]):
        return ""
    section = file.config.tls_server_config if file else None
    if not (file and file.config.basic_auth_users) and not (section and section.requires_certificates):
        return (
            f"/metrics names people to whoever reaches {where}: web.config-file can ask for passwords or client "
            "certificates"
        )
    if section is None:
        return f"passwords travel to {where} in plain: web.config-file can turn on TLS"
    return ""
