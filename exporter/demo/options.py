"""What can be asked of the simulation: size, seed, credential, limits and faults."""

import argparse
from dataclasses import dataclass
from datetime import timedelta

from exporter.demo import incidents
from exporter.demo.faults import ENDPOINTS, KINDS, Fault, FaultError
from exporter.demo.incidents import Incident, IncidentError

CALM = timedelta(days=60)
"""For so long before the first day nothing has happened in a quiet organization."""


@dataclass(frozen=True)
class Options:
    """Everything the simulated organization depends on, besides the day it is started."""

    people: int = 200
    """Members on the first day."""
    days: int = 75
    """Days of history before the first day."""
    seed: int = 1
    key: str = "sk-ant-admin01-simulated"
    """The credential that is accepted; it guards nothing."""
    api_keys: int | None = None
    workspaces: int | None = None
    """Active listed workspaces, the one named Claude Code included; default and archived ones come on top."""
    requests_per_minute: int = 0
    """0: no limit."""
    quirks: bool = True
    """Whether the data holds every oddity the API reference allows."""
    quiet: bool = False
    """Whether it has been an ordinary month: nothing that an alert would speak of, and no oddities either.

    Where fewer than some twenty people are, days differ much from one another by chance alone.
    """
    incidents: tuple[Incident, ...] = ()
    """What happens besides, for somebody to notice it."""
    restate: bool = False
    """Whether a day changes at each of the three noons after it ended."""
    faults: tuple[Fault, ...] = ()
    organization_name: str = "Simulated Organization"

    def __post_init__(self) -> None:
        """An oddity is something an alert would speak of: readers skip such rows and count them."""
        if self.quiet:
            object.__setattr__(self, "quirks", False)

    @property
    def api_key_count(self) -> int:
        """API keys of all kinds: a quarter of the people, unless said otherwise."""
        return max(6, self.people // 4) if self.api_keys is None else self.api_keys

    @property
    def workspace_count(self) -> int:
        """Active listed workspaces: 8 for 200 people, unless said otherwise."""
        if self.workspaces is not None:
            return self.workspaces
        return min(100, 8 + self.people // 500) if self.people >= 50 else 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulation's flags to a parser."""
    size = parser.add_argument_group("simulated organization")
    size.add_argument("--people", type=_positive, default=200, metavar="N", help="members (default: %(default)s)")
    size.add_argument("--days", type=_positive, default=75, metavar="N", help="days of history (default: %(default)s)")
    size.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, other data (default: 1)")
    size.add_argument("--api-keys", type=_natural, metavar="N", help="API keys (default: a quarter of the people)")
    size.add_argument(
        "--workspaces", type=_positive, metavar="N", help="listed workspaces, besides archived ones (default: about 8)"
    )
    size.add_argument(
        "--organization-name", default=Options.organization_name, metavar="NAME", help="(default: %(default)s)"
    )
    size.add_argument(
        "--no-quirks", dest="quirks", action="store_false", help="leave out the rare oddities the API reference allows"
    )
    size.add_argument(
        "--quiet",
        action="store_true",
        help="an ordinary month: nothing that an alert would speak of; implies --no-quirks",
    )
    size.add_argument(
        "--incident", dest="incidents", type=_incident, action="append", metavar="KIND[@DAY]", help=_INCIDENT_HELP
    )
    size.add_argument(
        "--restate",
        action="store_true",
        help="tell a day too low at first: it grows at each of the next three noons UTC",
    )
    api = parser.add_argument_group("simulated API")
    api.add_argument("--key", default=Options.key, help="the key that is accepted (default: %(default)s)")
    api.add_argument(
        "--requests-per-minute", type=_natural, default=0, metavar="N", help="beyond it 429; 0 is no limit (default: 0)"
    )
    api.add_argument("--fault", dest="faults", type=_fault, action="append", metavar="FAULT", help=_FAULT_HELP)


_INCIDENT_HELP = (
    "something to be noticed, best with --quiet; can be repeated. DAY is a UTC date such as 2026-11-15 or a number of "
    "days before the first day (default: the day before it, or the last one that is no weekend). KIND is one of "
    + "; ".join(f"{kind}: {text}" for kind, text in incidents.KINDS.items())
    + "."
)
_FAULT_HELP = (
    "ENDPOINT:KIND[,OPTION=VALUE...], can be repeated, for example users:429,retry-after=2,times=3. "
    f"ENDPOINT is one of {', '.join(ENDPOINTS)}. KIND is one of {', '.join(KINDS)}. "
    "Options: after=N (the first N requests are fine), times=N (then it recovers), for=SECONDS (from the start), "
    "retry-after=SECONDS (429 and 529), page=N (only from the Nth page of a walk on)."
)


def from_arguments(namespace: argparse.Namespace) -> Options:
    """Return the options that the flags of `add_arguments` gave."""
    return Options(
        people=namespace.people,
        days=namespace.days,
        seed=namespace.seed,
        key=namespace.key,
        api_keys=namespace.api_keys,
        workspaces=namespace.workspaces,
        requests_per_minute=namespace.requests_per_minute,
        quirks=namespace.quirks,
        quiet=namespace.quiet,
        incidents=tuple(namespace.incidents or ()),
        restate=namespace.restate,
        faults=tuple(namespace.faults or ()),
        organization_name=namespace.organization_name,
    )


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if (number := _natural(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _incident(text: str) -> Incident:
    try:
        return Incident.parse(text)
    except IncidentError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
