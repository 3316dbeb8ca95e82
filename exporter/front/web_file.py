"""The file of the web configuration and those that it names: read whole or refused, and read again when they change."""

import logging
import ssl
from pathlib import Path

from exporter.errors import SettingsError
from exporter.front import strict_yaml, tls
from exporter.front.web_config import TlsSection, WebConfig, parsed

log = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024


class WebConfigFile:
    """A web configuration that may be replaced while we run, and the TLS that it wants.

    `config`, `context` and `pems` are the last good ones, the latter two None where there is no TLS; `trouble` says why
    what is there now cannot be used, and is empty otherwise.
    """

    def __init__(self, path: Path) -> None:
        """Raise SettingsError if the file, or one that it names, cannot be used."""
        self._path = path
        self._parsed: tuple[bytes, WebConfig] | None = None
        self.trouble = ""
        self.config, self.pems = self._read()
        self.context = self._context(self.config, self.pems)
        self._tell()

    def refresh(self) -> bool:
        """Read the files again. Whether they say something else now; unusable ones leave the last good in place."""
        try:
            config, pems = self._read()
            if changed := (config, pems) != (self.config, self.pems):
                if (pems is None) != (self.pems is None):
                    raise self._error("TLS is turned on or off by a restart only")
                context = self._context(config, pems)
        except SettingsError as error:
            self._bad(str(error))
            return False
        self._good()
        if changed:
            self.config, self.pems, self.context = config, pems, context
            log.info("the web configuration has changed and is in use", extra={"file": str(self._path)})
            self._tell()
        return changed

    def _read(self) -> tuple[WebConfig, tls.Pems | None]:
        content = self._content("", self._path)
        if self._parsed is None or self._parsed[0] != content:
            try:
                self._parsed = content, parsed(strict_yaml.values(content.decode("utf-8-sig")))
            except UnicodeDecodeError:
                raise self._error("not UTF-8") from None
            except ValueError as error:
                raise self._error(str(error)) from None
        config = self._parsed[1]
        section = config.tls_server_config
        return config, self._pems(section) if section else None

    def _pems(self, section: TlsSection) -> tls.Pems:
        return tls.Pems(
            cert=self._pem("cert_file", section.cert_file, section.cert),
            key=self._pem("key_file", section.key_file, section.key.get_secret_value()),
            client_ca=self._pem("client_ca_file", section.client_ca_file, section.client_ca),
        )

    def _pem(self, name: str, file: str, inline: str) -> bytes:
        """What is in `file`, seen from the folder of the configuration, else what stands in the configuration."""
        return self._content(f"tls_server_config.{name}: ", self._path.parent / file) if file else inline.encode()

    def _content(self, name: str, path: Path) -> bytes:
        try:
            with path.open("rb") as handle:
                content = handle.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # a path with a NUL
            reason = error.strerror if isinstance(error, OSError) else "that is no path"
            raise self._error(f"{name}cannot read {path}: {reason}") from None
        if len(content) > MAX_BYTES:
            raise self._error(f"{name}{path} is larger than 1 MiB")
        return content

    def _context(self, config: WebConfig, pems: tls.Pems | None) -> ssl.SSLContext | None:
        if config.tls_server_config is None or pems is None:
            return None
        try:
            return tls.server_context(config.tls_server_config, pems)
        except ValueError as error:
            raise self._error(f"tls_server_config.{error}") from None

    def _error(self, text: str) -> SettingsError:
        return SettingsError("\n".join(f"web.config-file: {self._path}: {line}" for line in text.splitlines()))

    def _tell(self) -> None:
        for note in self.config.notes():
            log.warning("the web configuration is not done to the letter", extra={"note": note})

    def _bad(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error(
                "the web configuration cannot be used, the last one stays in use",
                extra={"file": str(self._path), "error": "; ".join(trouble.splitlines())},
            )
        self.trouble = trouble

    def _good(self) -> None:
        if self.trouble:
            log.info("the web configuration can be used again", extra={"file": str(self._path)})
        self.trouble = ""
