"""The whole organization: built from options and the day it is first looked at, then a function of time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter

from exporter.demo import planted, planted_days, restatement
from exporter.demo.activity import Day
from exporter.demo.callers import Callers
from exporter.demo.chance import organization_id
from exporter.demo.incidents import Calendar, working_day
from exporter.demo.invites import Invite, invites
from exporter.demo.keys import ApiKey, ci_keys, keys
from exporter.demo.messages import Work, charges_of, traffic_of
from exporter.demo.options import Options
from exporter.demo.people import CONSOLE_ROLES, ENTERPRISE_ROLES, Person, people, start_of
from exporter.demo.work import Staff, reported, work_of
from exporter.demo.workspaces import Workspace, workspaces

HELD_BACK = timedelta(hours=1)
"""The API withholds Claude Code that is younger than this."""
TRAFFIC_HELD_BACK = timedelta(minutes=5)
"""The same for use and cost."""
KEPT_DAYS = 16_000
"""Of how many people's days everything is kept: some 30 MB, and a whole history of 200 people."""
KEPT_TRAFFIC_DAYS = 240_000
"""The same for traffic alone: some 120 MB, and a whole history of 3,000 people."""
ENTERPRISE = {
    "admin": "owner", "billing": "membership_admin", "user": "managed", "claude_code_user": "user", "developer": "user",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """How much of a day the API tells: up to an instant, in one of its revisions."""

    boundary: datetime
    revision: int


class Organization:
    """Members, invites, workspaces, keys and every day's activity; everything is made when first asked for.

    `anchor` is the UTC day on which the simulation began. The same options and anchor give the same organization.
    """

    roles = CONSOLE_ROLES

    def __init__(self, options: Options, anchor: date) -> None:
        self.options = options
        self.anchor = anchor
        self.name = options.organization_name
        self.id = organization_id(options.seed)
        self._calendar = Calendar(options.incidents, anchor)
        self.day = lru_cache(maxsize=4 + KEPT_DAYS // options.people)(self._day)
        self.traffic = lru_cache(maxsize=4 + KEPT_TRAFFIC_DAYS // options.people)(self._traffic)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody who is or was a member, most recently added first."""
        return planted.people(self._calendar, people(self.options, self.anchor))

    @cached_property
    def invites(self) -> tuple[Invite, ...]:
        """All invitations, newest first."""
        found = (*invites(self.options, self.anchor, self.people), *planted.invites(self._calendar, self.options.seed))
        return tuple(sorted(found, key=attrgetter("invited_at", "id"), reverse=True))

    @cached_property
    def workspaces(self) -> tuple[Workspace, ...]:
        """All workspaces, newest first, the default one and archived ones included."""
        return workspaces(self.options, self.anchor, self.people)

    @cached_property
    def default_workspace(self) -> Workspace:
        """The one that reports show as null."""
        return next(workspace for workspace in self.workspaces if workspace.default)

    @cached_property
    def keys(self) -> tuple[ApiKey, ...]:
        """All API keys, newest first; those that were switched off were so after they had been used last."""
        return tuple(self._with_its_end(key) for key in self._keys)

    def _with_its_end(self, key: ApiKey) -> ApiKey:
        known = key.state == "active" or key.switched_off_at is not None
        return key if known else replace(key, switched_off_at=self._callers.last_use.get(key.id))

    @cached_property
    def _keys(self) -> tuple[ApiKey, ...]:
        besides = planted.keys(self._calendar, self.options.seed, self.people, self.default_workspace)
        found = (*keys(self.options, self.anchor, self.people, self.workspaces), *besides)
        return tuple(sorted(found, key=attrgetter("created_at", "id"), reverse=True))

    @cached_property
    def _staff(self) -> Staff:
        return Staff(self.options, self.anchor, self.people, tuple(ci_keys(self._keys)), self._calendar)

    @cached_property
    def _callers(self) -> Callers:
        return Callers(self.options, self.anchor, self.people, self.workspaces, self._keys, self._calendar)

    def _day(self, day: date) -> Day:
        work = self._work(day)
        records = reported(self._staff, day, (record for _, record in work))
        traffic = traffic_of(self._callers, day, work)
        if day in self._calendar.days("cost-day"):
            like = working_day(day)
            usual = traffic if like == day else traffic_of(self._callers, like, self._work(like))
            traffic += tuple(planted_days.surge(self._callers, day, usual))
        shown = planted_days.rows(self._calendar, day, records)
        return Day(day, shown, traffic, charges_of(self._callers, day))

    def _work(self, day: date) -> Sequence[Work]:
        return planted_days.work(self._calendar, day, work_of(self._staff, day))

    def _traffic(self, day: date) -> Day:
        return replace(self.day(day), claude_code=())

    def members_at(self, now: datetime) -> Sequence[Person]:
        """Those whom /users lists at this instant."""
        return [person for person in self.people if person.member_at(now)]

    def invites_at(self, now: datetime) -> Sequence[Invite]:
        """Those that had been sent by this instant, whatever became of them."""
        return [invite for invite in self.invites if invite.invited_at <= now]

    def workspaces_at(self, now: datetime) -> Sequence[Workspace]:
        """Those that there were at this instant, archived ones included."""
        return [workspace for workspace in self.workspaces if workspace.created_at <= now]

    def keys_at(self, now: datetime) -> Sequence[ApiKey]:
        """Those that had been made by this instant, in every state."""
        return [key for key in self.keys if key.created_at <= now]

    def told(self, day: date, now: datetime, held_back: timedelta = HELD_BACK) -> Told:
        """Return how much the API tells about a day at this instant: all but what is too young.

        The boundary is in whole minutes: midnight before the day if nothing of it is old enough, midnight after it
        once it is complete.
        """
        start = start_of(day)
        known = (now - held_back).replace(second=0, microsecond=0)
        boundary = start + min(max(known - start, timedelta()), timedelta(days=1))
        return Told(boundary, restatement.revision(day, now) if self.options.restate else restatement.FINAL)

    def known(self, day: date, told: Told) -> Day:
        """Return a day's activity as far as it is told."""
        return self._part(self.day(day), told) if told.boundary > start_of(day) else Day(day)

    def traffic_known(self, day: date, told: Told) -> Day:
        """Return a day's use of the Messages API and its charges as far as they are told, without Claude Code."""
        return self._part(self.traffic(day), told) if told.boundary > start_of(day) else Day(day)

    def _part(self, day: Day, told: Told) -> Day:
        return restatement.as_told(day, told.revision, self.options.seed).until(told.boundary)


class EnterpriseOrganization(Organization):
    """A Claude Enterprise organization: other roles, and of this API only members and invites."""

    roles = ENTERPRISE_ROLES

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """The same kind of people with the roles of claude.ai; the oldest owner is the primary one."""
        everybody = [replace(person, role=ENTERPRISE.get(person.role, person.role)) for person in super().people]
        primary = max(index for index, person in enumerate(everybody) if person.role == "owner")
        everybody[primary] = replace(everybody[primary], role="primary_owner")
        return tuple(everybody)

    @cached_property
    def invites(self) -> tuple[Invite, ...]:
        """All invitations, newest first, with the same roles."""
        return tuple(replace(invite, role=ENTERPRISE.get(invite.role, invite.role)) for invite in super().invites)
