"""Members: since when in their roles, which of them use Claude Code, and who uses it without being one."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from exporter import catalog
from exporter.days import day_start
from exporter.exposition import Values, family
from exporter.model import ClaudeCodeDays, Members, RolesSince
from exporter.policy import Policy
from exporter.polls.base import Held
from exporter.polls.claude_code import people_known
from exporter.views.base import Part, View
from exporter.windows import last_seen

_USER = "user"


class MembersRoles(View):
    """Since when members have been seen in their roles.

    anthropic_member_role_since_timestamp_seconds{user_id="user_1",role="admin"} 1.7e+09
    """

    name = "members_roles"
    reads = (Members, RolesSince)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """For every member."""
        members, roles = held(Members), held(RolesSince)
        if members and roles:
            since = {(member.id, member.role): roles.since[member.id].timestamp() for member in members.all}
            yield Part(family(catalog.MEMBER_ROLE_SINCE, since), self.reads)


class MembersActivity(View):
    """The two joined by e-mail, case folded, or by what stands for it.

    anthropic_member_last_active_day_timestamp_seconds{user_id="user_1"} 1.7e+09
    anthropic_claude_code_actors_not_members 2
    """

    name = "members_activity"
    reads = (Members, ClaudeCodeDays)

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """Both families, only while both sources are held; last activity only where people are named."""
        members, days = held(Members), held(ClaudeCodeDays)
        if members is None or days is None:
            return
        known = {member.id: self._policy.known_as((member.email or "").casefold()) for member in members.all}
        if self._policy.names_active_people:
            yield Part(family(catalog.MEMBER_LAST_ACTIVE, _last_active(known, days)), self.reads)
        today = days.by_day[days.report_day]
        if people_known(today, self._policy):
            active = {spender.actor for spender in today if spender.actor_type == _USER}
            yield Part(family(catalog.NOT_MEMBERS, {(): len(active - set(known.values()))}), self.reads)


def _last_active(members: Mapping[str, str], days: ClaudeCodeDays) -> dict[Values, float]:
    """By user id, from what each member is known as."""
    seen: dict[str, date] = {}
    for spender, day in last_seen(days).items():
        if spender.actor_type == _USER:
            seen[spender.actor] = max(day, seen.get(spender.actor, day))
    return {(user_id,): day_start(seen[who]).timestamp() for user_id, who in members.items() if who in seen}
