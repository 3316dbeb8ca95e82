"""Every knob: its default, its unit and why it is there. How they are read: sources.py."""

import fnmatch
import ipaddress
import re
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from exporter.budgets import Budget, Scope
from exporter.catalog import API_METRICS, DAILY_METRICS, USAGE_DIMENSIONS
from exporter.errors import nearest
from exporter.labels import label
from exporter.policy import Droppable, Naming
from exporter.polls import ALL

KEY_VARIABLE = "ANTHROPIC_ADMIN_KEY"

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)")


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = str(value)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("write a duration with its unit, such as 30s, 10m, 2h, 1h30m or 1d")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def duration_text(value: timedelta) -> str:
    """`value` as it is written in settings: the largest unit that fits."""
    seconds = value.total_seconds()
    unit = next((unit for unit in ("d", "h", "m", "s") if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds / _UNITS[unit]:.0f}{unit}"


def _day(value: object) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("write a day, such as 2027-03-31") from None


def _parts(url: str, wanted: str) -> SplitResult:
    """The parts of an http or https URL. Raises ValueError, which repeats nothing of it: there may be a password."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("https", "http") and parts.hostname and parts.port != 0:
            return parts
    raise ValueError(f"write {wanted}")


def _base_url(url: str) -> str:
    wanted = "https://HOST[:PORT][/PATH]"
    parts = _parts(url, wanted)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"write {wanted}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("the key would travel in plain: use https (http is for loopback addresses only)")
    return url.rstrip("/")


def is_loopback(host: str | None) -> bool:
    """Whether `host` can only be this machine."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def http_proxy(url: str) -> str:
    """`url`, if it is that of an HTTP proxy. Raises ValueError."""
    _parts(url, "http://HOST:PORT or https://HOST:PORT, and special characters of a password as %40")
    return url


def address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; the host is empty for all addresses. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError("write HOST:PORT, such as 127.0.0.1:10204, [::1]:10204 or :10204 for all addresses")
    return host.strip("[]"), int(port)


def _listen_address(text: str) -> str:
    address(text)
    return text


_Interval = Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(days=1))]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConfigSection(_Section):
    """Where settings come from."""

    file: Path | None = Field(None, description="YAML file with settings")


class ApiSection(_Section):
    """The Admin API."""

    key_file: Path | None = Field(
        None, description=f"file that holds the Admin key, read again when it changes; else {KEY_VARIABLE}"
    )
    auth: Literal["x-api-key", "bearer"] = Field("x-api-key", description="how the key is sent; bearer: OAuth tokens")
    key_expires: Annotated[date, BeforeValidator(_day)] | None = Field(
        None, description="day such as 2027-03-31, at whose start the key expires: alerts then warn of it in time"
    )
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.anthropic.com", description="https, or http to a loopback address"
    )
    ca_file: Path | None = Field(None, description="PEM file of a further certificate authority to trust")
    proxy_url: Annotated[str, AfterValidator(http_proxy)] | None = Field(
        None, description="HTTP proxy; else HTTPS_PROXY and NO_PROXY as usual", repr=False
    )
    version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = Field(
        "2023-06-01", description="the header anthropic-version"
    )
    timeout: Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(minutes=10))] = Field(
        timedelta(seconds=30), description="limit of one request, its answer included"
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        4, description="further tries of a request that may yet succeed"
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = Field(
        30, description="pace; an organization has 100 for all its clients together"
    )

    @model_validator(mode="after")
    def _nothing_travels_in_plain(self) -> "ApiSection":
        if self.proxy_url and self.base_url.startswith("http:") and not is_loopback(urlsplit(self.proxy_url).hostname):
            raise ValueError("with an http base-url the key would travel in plain to the proxy: leave proxy-url out")
        return self


class WebSection(_Section):
    """What Prometheus scrapes."""

    listen_address: Annotated[str, AfterValidator(_listen_address)] = Field(
        "127.0.0.1:10204", description="HOST:PORT; :10204 listens on all addresses"
    )
    config_file: Path | None = Field(
        None,
        description="web configuration of exporter-toolkit: TLS, client certificates, passwords; read again",
    )
    health_address: Annotated[str, AfterValidator(_listen_address)] | None = Field(
        None, description="HOST:PORT of a second listener for the probes alone, in plain and without passwords"
    )


class LogSection(_Section):
    """Logs, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least important lines to show")
    format: Literal["logfmt", "json"] = Field("logfmt", description="one line per event, either way")


class PollSection(_Section):
    """One poll."""

    enabled: bool
    interval: _Interval


_DIMENSIONS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
_MOST_DIMENSIONS = 5


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _dimensions(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in _DIMENSIONS]:
        raise ValueError(f"{wrong[0]} is no dimension of usage: there are {', '.join(_DIMENSIONS)}")
    if len(names) > _MOST_DIMENSIONS or len(set(names)) < len(names):
        raise ValueError(f"name at most {_MOST_DIMENSIONS} different dimensions, as the API allows no more")
    return names


_GroupBy = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_dimensions)]


def _poll_section(name: str, interval: timedelta) -> tuple[type[PollSection], PollSection]:
    more: dict[str, Any] = {}
    if name == "usage":
        text = "dimensions of usage, at most 5, separated by commas; without api_key_id no key has a last use"
        more["group_by"] = (_GroupBy, Field(default=USAGE_DIMENSIONS, description=text))
    section = create_model(
        f"{name}_section",
        __base__=PollSection,
        enabled=(bool, Field(default=True, description=f"whether to read {name}")),
        interval=(_Interval, Field(default=interval, description=f"how often to read {name}")),
        **more,
    )
    return section, section.model_validate({})


_fields: dict[str, Any] = {poll.name: _poll_section(poll.name, poll.interval) for poll in ALL}
PollsSection = create_model("PollsSection", __base__=_Section, __doc__="What is read, and how often.", **_fields)


class StorageSection(_Section):
    """The ledger of settled days."""

    path: Path | None = Field(
        None, description="file that keeps settled days, so that a restart need not read them again; else memory"
    )
    days: Annotated[int, Field(ge=1, le=1100)] = Field(
        62, description="how many settled days of each report are kept; 62 hold every window"
    )


def _droppable(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if name not in get_args(Droppable)]:
        raise ValueError(f"{wrong[0]} is no label that can be dropped: there are {', '.join(get_args(Droppable))}")
    return names


_Dropped = Annotated[tuple[Any, ...], NoDecode, BeforeValidator(_words), AfterValidator(_droppable)]


class LabelsSection(_Section):
    """How people appear, and how finely things are told apart."""

    actor: Naming = Field(
        "email",
        description="how people appear in costs, tokens, members and names of keys: email, keyed hash, team, none",
    )
    activity_actor: Naming | None = Field(
        None, description="the same for sessions, lines, commits, pull requests, tools and last activity; else as actor"
    )
    hash_key_file: Path | None = Field(
        None, description="file with the key of hashed names, 16 bytes or more; keep it: another key gives other hashes"
    )
    drop: _Dropped = Field(
        (), description="labels to sum away: customer_type, subscription_type, terminal, remote; with commas between"
    )
    min_team_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1, description="teams of fewer members are shown together as team `small`"
    )

    @model_validator(mode="after")
    def _complete(self) -> "LabelsSection":
        both = {self.actor, self.activity_actor or self.actor}
        if both == {"email", "hash"}:
            raise ValueError("beside series with e-mails, hashes hide nobody: use one of the two in both")
        if "hash" in both and self.hash_key_file is None:
            raise ValueError("hashed names need hash-key-file")
        return self


class LimitsSection(_Section):
    """What is too much."""

    actors: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000, description="how many actors are named; those who spent least in 30 days are summed up as `other`"
    )


def _families(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not fnmatch.filter(_FAMILIES, pattern):
            raise ValueError(f"{pattern} matches no metric that is made from the API{nearest(pattern, _FAMILIES)}")
    return patterns


_FAMILIES = [metric.name for metric in API_METRICS + DAILY_METRICS]
_Families = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_families)]


class MetricsSection(_Section):
    """Which metrics there are."""

    drop: _Families = Field((), description="families not to export, by name or glob, with commas between")

    @property
    def dropped(self) -> frozenset[str]:
        """Their names."""
        return frozenset(name for pattern in self.drop for name in fnmatch.filter(_FAMILIES, pattern))


def _remote_write_url(url: str) -> str:
    wanted = "the whole URL, such as http://127.0.0.1:9090/api/v1/write, without user and password"
    parts = _parts(url, wanted)
    if not parts.path.strip("/") or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"write {wanted}")
    return url


_OURS = {"authorization", "content-type", "content-encoding", "content-length", "host"}


def _headers(value: object) -> object:
    """Headers as a mapping, or as text: NAME=VALUE,NAME=VALUE."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError("write NAME=VALUE, several with commas between")
    return {name.strip(): text.strip() for name, _, text in pairs}


def _no_header_of_ours(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name} is no header with a value of printable ASCII")
        if name.lower() in _OURS or name.lower().startswith("x-prometheus-remote-write"):
            raise ValueError(f"{name} is not yours to set (for authorization there are username and the token's file)")
    return headers


class RemoteWriteSection(_Section):
    """The receiver of history."""

    url: Annotated[str, AfterValidator(_remote_write_url)] | None = Field(
        None, description="URL of remote write; with it, `serve` pushes each settled day once it is final", repr=False
    )
    username: str | None = Field(None, description="user of basic authentication; needs password-file")
    password_file: Path | None = Field(None, description="file that holds the password, read again for each request")
    bearer_token_file: Path | None = Field(
        None, description="file that holds a bearer token, read again for each request"
    )
    headers: Annotated[dict[str, str], NoDecode, BeforeValidator(_headers), AfterValidator(_no_header_of_ours)] = Field(
        {}, description="further headers, such as X-Scope-OrgID=tenant; several with commas between", repr=False
    )
    ca_file: Path | None = Field(None, description="PEM file of a further certificate authority to trust")
    cert_file: Path | None = Field(None, description="PEM file of a certificate to show to the receiver")
    key_file: Path | None = Field(None, description="PEM file of its private key, if cert-file does not hold it")
    timeout: Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(minutes=10))] = Field(
        timedelta(seconds=30), description="limit of one request"
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        5, description="further tries of a request that may yet succeed"
    )
    batch: Annotated[int, Field(ge=1, le=100_000)] = Field(2000, description="how many samples a request holds at most")

    @model_validator(mode="after")
    def _one_way_to_authenticate(self) -> "RemoteWriteSection":
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password-file belong together")
        if self.password_file and self.bearer_token_file:
            raise ValueError("give either password-file or bearer-token-file")
        if self.key_file and not self.cert_file:
            raise ValueError("key-file needs cert-file")
        return self


class HistorySection(_Section):
    """Every settled day at its own date."""

    restate_days: Annotated[int, Field(ge=0, le=30)] = Field(
        3, description="for how many days after it has settled the API may still correct a day"
    )
    remote_write: RemoteWriteSection = RemoteWriteSection()


class BudgetSection(_Section):
    """One budget."""

    name: Annotated[str, Field(min_length=1)]
    usd: Annotated[Decimal, Field(gt=0, lt=10**12, allow_inf_nan=False)]
    scope: Scope = "organization"
    of: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "BudgetSection":
        if (self.scope == "organization") == bool(self.of):
            raise ValueError("`of` names the team, the actor or the workspace, and is left out for the organization")
        return self

    def budget(self) -> Budget:
        """It, as views want it."""
        of = self.of.casefold() if self.scope == "actor" else self.of
        return Budget(label(self.name), self.usd, self.scope, label(of))


def _budgets(budgets: tuple[BudgetSection, ...]) -> tuple[BudgetSection, ...]:
    names = [(label(budget.name), budget.scope) for budget in budgets]
    if doubled := [name for name, scope in names if names.count((name, scope)) > 1]:
        raise ValueError(f"two budgets are named {doubled[0]}")
    return budgets


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    config: ConfigSection = ConfigSection()
    api: ApiSection = ApiSection()
    web: WebSection = WebSection()
    polls: PollsSection = PollsSection()
    storage: StorageSection = StorageSection()
    history: HistorySection = HistorySection()
    labels: LabelsSection = LabelsSection()
    limits: LimitsSection = LimitsSection()
    metrics: MetricsSection = MetricsSection()
    log: LogSection = LogSection()
    teams_file: Path | None = Field(
        None, description="YAML or CSV file that says which actors, API keys and workspaces belong to which team"
    )
    budgets: Annotated[tuple[BudgetSection, ...], AfterValidator(_budgets)] = Field(
        (), description="list of budgets of a month: name, usd, scope (organization, team, actor, workspace), of"
    )
    settle: Annotated[Duration, Field(le=timedelta(days=7))] = Field(
        timedelta(hours=2), description="how long after its end a day counts as complete; the API holds back an hour"
    )
    max_age: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=365))] = Field(
        timedelta(hours=36), description="series whose last successful poll is older are withdrawn"
    )
    organization: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="value of the label `organization`; else the remembered name, else the one the API gives"
    )

    @model_validator(mode="after")
    def _teams_of_budgets(self) -> "Settings":
        if not self.teams_file and (some := [one.name for one in self.budgets if one.scope == "team"]):
            raise ValueError(f"budgets: {some[0]} is for a team, which needs a teams-file")
        return self

    @model_validator(mode="after")
    def _people_of_budgets(self) -> "Settings":
        hidden = {"team": ["actor"], "none": ["actor", "team"]}.get(self.labels.actor, [])
        if some := [one for one in self.budgets if one.scope in hidden]:
            raise ValueError(
                f"budgets: {some[0].name} is for one {some[0].scope}, whose spending "
                f"labels.actor={self.labels.actor} hides"
            )
        return self

    @model_validator(mode="after")
    def _size_of_teams(self) -> "Settings":
        if self.labels.min_team_size > 1 and not self.teams_file:
            raise ValueError("labels.min-team-size: there are no teams without a teams-file")
        if self.labels.min_team_size > 1 and not self.poll("members").enabled:
            raise ValueError("labels.min-team-size: how large a team is the poll members tells, which is not enabled")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is given: sources.py reads flags, environment and file itself, to know what came from where."""
        return (init_settings,)

    def with_api(self, **changes: object) -> "Settings":
        """These settings with other ones of the API; the changes are not validated."""
        return self.model_copy(update={"api": self.api.model_copy(update=changes)})

    @property
    def group_by(self) -> tuple[str, ...]:
        """The dimensions of usage."""
        names: tuple[str, ...] = self.poll("usage").group_by  # type: ignore[attr-defined]
        return names

    def poll(self, name: str) -> PollSection:
        """The settings of one poll."""
        section: PollSection = getattr(self.polls, name)
        return section
