"""Members: since when in their roles, which of them use Claude Code, and who uses it without being one."""

from collections.abc import Iterable
from datetime import date, datetime

from exporter import catalog
from exporter.days import day_start
from exporter.exposition import family
from exporter.model import ClaudeCodeDays, Members, RolesSince
from exporter.polls.base import Held
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
    """The two joined by e-mail, case folded.

    anthropic_member_last_active_day_timestamp_seconds{user_id="user_1"} 1.7e+09
    anthropic_claude_code_actors_not_members 2
    """

    name = "members_activity"
    reads = (Members, ClaudeCodeDays)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """Both families, only while both sources are held."""
        members, days = held(Members), held(ClaudeCodeDays)
        if members is None or days is None:
            return
        seen: dict[str, date] = {}
        for spender, day in last_seen(days).items():
            if spender.actor_type == _USER:
                seen[spender.actor] = max(day, seen.get(spender.actor, day))
        emails = {member.id: (member.email or "").casefold() for member in members.all}
        active = {(user_id,): day_start(seen[email]).timestamp() for user_id, email in emails.items() if email in seen}
        today = {spender.actor for spender in days.by_day[days.report_day] if spender.actor_type == _USER}
        strangers = today - set(emails.values())
        yield Part(family(catalog.MEMBER_LAST_ACTIVE, active), self.reads)
        yield Part(family(catalog.NOT_MEMBERS, {(): len(strangers)}), self.reads)
