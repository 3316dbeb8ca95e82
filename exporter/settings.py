"""Every knob: its default, its unit and why it is there. What each may be: values.py. How they are read: sources.py."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from exporter.budgets import Budget, Scope
from exporter.catalog import USAGE_DIMENSIONS
from exporter.labels import label
from exporter.policy import Naming
from exporter.polls import ALL
from exporter.values import (
    BaseUrl,
    Day,
    Dimensions,
    Droppables,
    Duration,
    Families,
    Headers,
    Interval,
    ListenAddress,
    ProxyUrl,
    RemoteWriteUrl,
    families,
    is_loopback,
)

KEY_VARIABLE = "ANTHROPIC_ADMIN_KEY"


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
    key_expires: Day | None = Field(
        None, description="day such as 2027-03-31, at whose start the key expires: alerts then warn of it in time"
    )
    base_url: BaseUrl = Field("https://api.anthropic.com", description="https, or http to a loopback address")
    ca_file: Path | None = Field(None, description="PEM file of a further certificate authority to trust")
    proxy_url: ProxyUrl | None = Field(
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

    listen_address: ListenAddress = Field("127.0.0.1:10204", description="HOST:PORT; :10204 listens on all addresses")
    config_file: Path | None = Field(
        None,
        description="web configuration of exporter-toolkit: TLS, client certificates, passwords; read again",
    )
    health_address: ListenAddress | None = Field(
        None, description="HOST:PORT of a second listener for the probes alone, in plain and without passwords"
    )


class LogSection(_Section):
    """Logs, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least important lines to show")
    format: Literal["logfmt", "json"] = Field("logfmt", description="one line per event, either way")


class PollSection(_Section):
    """One poll."""

    enabled: bool
    interval: Interval


def _poll_section(name: str, interval: timedelta) -> tuple[type[PollSection], PollSection]:
    more: dict[str, Any] = {}
    if name == "usage":
        text = "dimensions of usage, at most 5, separated by commas; without api_key_id no key has a last use"
        more["group_by"] = (Dimensions, Field(default=USAGE_DIMENSIONS, description=text))
    section = create_model(
        f"{name}_section",
        __base__=PollSection,
        enabled=(bool, Field(default=True, description=f"whether to read {name}")),
        interval=(Interval, Field(default=interval, description=f"how often to read {name}")),
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
    drop: Droppables = Field(
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


class MetricsSection(_Section):
    """Which metrics there are."""

    drop: Families = Field((), description="families not to export, by name or glob, with commas between")

    @property
    def dropped(self) -> frozenset[str]:
        """Their names."""
        return families(self.drop)


class RemoteWriteSection(_Section):
    """The receiver of history."""

    url: RemoteWriteUrl | None = Field(
        None, description="URL of remote write; with it, `serve` pushes each settled day once it is final", repr=False
    )
    username: str | None = Field(None, description="user of basic authentication; needs password-file")
    password_file: Path | None = Field(None, description="file that holds the password, read again for each request")
    bearer_token_file: Path | None = Field(
        None, description="file that holds a bearer token, read again for each request"
    )
    headers: Headers = Field(
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

    def in_memory(self) -> "Settings":
        """These settings with a ledger in memory."""
        return self.model_copy(update={"storage": self.storage.model_copy(update={"path": None})})

    @property
    def group_by(self) -> tuple[str, ...]:
        """The dimensions of usage."""
        names: tuple[str, ...] = self.poll("usage").group_by  # type: ignore[attr-defined]
        return names

    def poll(self, name: str) -> PollSection:
        """The settings of one poll."""
        section: PollSection = getattr(self.polls, name)
        return section
