"""The web configuration: exporter-toolkit's format, read as strictly as exporter-toolkit reads it.

What cannot be done as asked is refused, unless it is done more strictly (see `TlsSection.notes`) or makes no difference
(`HttpSection.notes`). Errors name the key and what is allowed, never a value: some are secrets.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from exporter.errors import nearest
from exporter.front.go_names import CIPHERS, CIPHERS_OF_HTTP_2, CIPHERS_OF_TLS_13, CURVES
from exporter.values import Duration

ClientAuth = Literal[
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",  # the same, as older versions of exporter-toolkit write it
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
]
_REQUIRING = ("RequireAnyClientCert", "RequireClientCert", "RequireAndVerifyClientCert")
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
_OLD = ("TLS10", "TLS11")

_HEADERS: dict[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that may be set, and their values where few are allowed."""

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_COSTS = range(4, 19)
_KEY = re.compile(r"[A-Za-z0-9_.@+-]{1,40}")


def _known_as(names: Mapping[str, str] | tuple[str, ...], what: str) -> AfterValidator:
    def check(given: tuple[str, ...]) -> tuple[str, ...]:
        for place, name in enumerate(given, 1):
            if name not in names:
                raise ValueError(f"number {place} is no {what}; there are: {', '.join(names)}")
        return given

    return AfterValidator(check)


def _headers(headers: dict[str, str | None]) -> dict[str, str]:
    for name, value in headers.items():
        if name not in _HEADERS:
            raise ValueError(f"{_named(name)} cannot be set; there are: {', '.join(_HEADERS)}")
        if value and _HEADERS[name] and value not in _HEADERS[name]:
            raise ValueError(f"{name} must be one of: {', '.join(_HEADERS[name])}")
        if value and not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name} must be a line of printable ASCII")
    return {name: value for name, value in headers.items() if value}


def _users(users: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in users.items():
        if not name or ":" in name or not name.isprintable():
            raise ValueError("the name of a user is empty, or has a colon or control characters")
        found = _BCRYPT.fullmatch(value.get_secret_value())
        if not found:
            raise ValueError(
                f"{_named(name)} needs the bcrypt hash of its password, as `htpasswd -nBC 10 NAME` gives it"
            )
        if int(found[1]) not in _COSTS:
            raise ValueError(f"{_named(name)}: the cost of the hash must be from {_COSTS[0]} to {_COSTS[-1]}")
    return users


def _interval(value: object) -> object:
    return timedelta() if value == "0" else value


def _named(key: object) -> str:
    """`key` if it can be nothing but a key: what was put into a wrong place may be secret."""
    return str(key) if _KEY.fullmatch(str(key)) else "a key that is not shown"


class _Section(BaseModel):
    """What is blank is as if it were not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:  # noqa: ANN401
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value not in (None, "", {}, [])}


class TlsSection(_Section):
    """Certificates and what TLS may look like; files are relative to the folder of the configuration."""

    cert: str = ""
    key: SecretStr = SecretStr("")
    cert_file: str = ""
    key_file: str = ""
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca: str = ""
    client_ca_file: str = ""
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: Annotated[tuple[str, ...], _known_as((*CIPHERS, *CIPHERS_OF_TLS_13), "cipher suite")] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[tuple[str, ...], _known_as(CURVES, "curve")] = ()

    @model_validator(mode="after")
    def _whole(self) -> "TlsSection":
        for name in ("cert", "key", "client_ca"):
            inline, file = getattr(self, name), getattr(self, f"{name}_file")
            inline = inline.get_secret_value() if isinstance(inline, SecretStr) else inline
            if inline and file:
                raise ValueError(f"give either {name} or {name}_file")
            if not inline and not file and name != "client_ca":
                raise ValueError(f"missing one of {name} or {name}_file")
        if self.max_version in _OLD or self.min_version > self.max_version:
            raise ValueError("max_version must be TLS12 or TLS13, and no less than min_version")
        if self.tls13_only and self.max_version != "TLS13":
            raise ValueError("cipher_suites: all are of TLS 1.3, which max_version excludes")
        self._check_clients()
        return self

    def _check_clients(self) -> None:
        has_ca = self.client_ca or self.client_ca_file
        if has_ca and self.client_auth_type == "NoClientCert":
            raise ValueError("client_ca and client_ca_file need a client_auth_type, such as RequireAndVerifyClientCert")
        if self.client_auth_type in _UNVERIFIED and not has_ca:
            raise ValueError(
                f"client_auth_type: {self.client_auth_type} without client_ca or client_ca_file would take any "
                "certificate, which cannot be done here: give one, or NoClientCert"
            )
        if self.client_allowed_sans and not self.requires_certificates:
            raise ValueError(
                "client_allowed_sans needs a client_auth_type of RequireAnyClientCert or RequireAndVerifyClientCert"
            )

    @property
    def requires_certificates(self) -> bool:
        """Whether nobody gets in without a certificate."""
        return self.client_auth_type in _REQUIRING

    @property
    def tls13_only(self) -> bool:
        """Whether TLS 1.2 has no cipher suite left, or may not be spoken."""
        suites = [name for name in self.cipher_suites if name in CIPHERS]
        return self.min_version == "TLS13" or bool(self.cipher_suites and not suites)

    @property
    def curve(self) -> str:
        """The only curve, by OpenSSL's name; empty for its own choice.

        Python's ssl takes one curve or leaves the choice to OpenSSL, which has Go's four, X448 and finite fields.
        """
        every = set(self.curve_preferences) == CURVES.keys()
        return "" if every or not self.curve_preferences else CURVES[self.curve_preferences[0]]

    def notes(self) -> Iterator[str]:
        """What is done more strictly than asked, because Python's ssl cannot do it as asked."""
        if self.min_version in _OLD:
            yield f"min_version {self.min_version}: TLS 1.2 is the oldest that is spoken"
        if self.client_auth_type in _UNVERIFIED:
            yield f"client_auth_type {self.client_auth_type}: certificates are also verified against the client CA"
        elif self.client_auth_type != "NoClientCert" and not (self.client_ca or self.client_ca_file):
            yield "no client CA is given: certificates are verified against the authorities that the system trusts"
        if self.curve and len(self.curve_preferences) > 1:
            yield f"curve_preferences: only the first, {self.curve_preferences[0]}, is used"


class HttpSection(_Section):
    """HTTP beside TLS."""

    http2: bool = True
    headers: Annotated[dict[str, str | None], AfterValidator(_headers)] = {}

    def notes(self) -> Iterator[str]:
        """What makes no difference."""
        if self.http2 and "http2" in self.model_fields_set:
            yield "http2: HTTP/1.1 is spoken, which every client speaks too"


class RateSection(_Section):
    """A bucket of `burst` requests that gets one more each `interval`; none without an interval."""

    interval: Annotated[Duration, Field(le=timedelta(days=1)), BeforeValidator(_interval)] = timedelta()
    burst: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _lets_something_through(self) -> "RateSection":
        if self.interval and not self.burst:
            raise ValueError("with a burst of 0 no request would ever be answered: it must be 1 at least")
        return self


class WebConfig(_Section):
    """A web configuration."""

    tls_server_config: TlsSection | None = None
    http_server_config: HttpSection = HttpSection()
    basic_auth_users: Annotated[dict[str, SecretStr], AfterValidator(_users)] = {}
    rate_limit: RateSection = RateSection()

    @model_validator(mode="after")
    def _ciphers_of_http2(self) -> "WebConfig":
        tls = self.tls_server_config
        if tls and tls.cipher_suites and not tls.tls13_only and self.http_server_config.http2:  # noqa: SIM102
            if not set(tls.cipher_suites) & set(CIPHERS_OF_HTTP_2):
                raise ValueError(
                    "tls_server_config.cipher_suites: HTTP/2 needs one of "
                    f"{', '.join(CIPHERS_OF_HTTP_2)}: add it, or set http_server_config.http2 to false"
                )
        return self

    def notes(self) -> Iterator[str]:
        """What is done otherwise than asked, though no less strictly."""
        if self.tls_server_config:
            yield from (f"tls_server_config.{note}" for note in self.tls_server_config.notes())
        yield from (f"http_server_config.{note}" for note in self.http_server_config.notes())


_WORDS = {
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}


def parsed(values: object) -> WebConfig:
    """The configuration that these values are. Raises ValueError, a line per problem."""
    try:
        return WebConfig.model_validate({} if values is None else values)
    except ValidationError as error:
        raise ValueError("\n".join(map(_explained, error.errors(include_input=False)))) from None


def _explained(problem: Any) -> str:  # noqa: ANN401
    *path, last = problem["loc"] or ("",)
    name = ".".join(str(part) if isinstance(part, int) else _named(part) for part in (*path, last) if part != "")
    text = _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if problem["type"] == "extra_forbidden":
        text = f"no such key{nearest(_named(last), _keys(path))}"
    return f"{name}: {text}".removeprefix(": ")


def _keys(path: list[str]) -> list[str]:
    """The keys that there are at `path`, that of a section."""
    sections: dict[str, type[_Section]] = {
        "tls_server_config": TlsSection,
        "http_server_config": HttpSection,
        "rate_limit": RateSection,
    }
    return list((sections[path[0]] if path else WebConfig).model_fields)
