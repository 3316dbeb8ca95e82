"""Members of the organization."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from exporter import catalog
from exporter.api import wire
from exporter.exposition import Family, family
from exporter.labels import label
from exporter.ledger import Ledger
from exporter.model import Members, RolesSince
from exporter.polls.base import Held, Poll, Reading


class MembersPoll(Poll[Members]):
    """Who is a member, in which role, since when. GET /v1/organizations/users.

    anthropic_members{role="admin"} 3
    anthropic_member_info{user_id="user_1",email="ann@example.com",role="admin"} 1
    anthropic_member_added_timestamp_seconds{user_id="user_1"} 1.7e+09
    """

    name = "members"
    interval = timedelta(minutes=10)

    async def fetch(self, reading: Reading) -> Members:
        """Read all members."""
        return Members(tuple([member async for member in reading.all(wire.USERS)]), reading.now)

    def remember(self, model: Members, ledger: Ledger) -> Iterable[object]:
        """Since when each member has been seen in its role.

        Who is seen for the first time has the role since joining, as far as anybody knows: so neither a first start nor
        a lost ledger looks like a change of every role.
        """
        before, now = ledger.roles(), {}
        for member in model.all if self.policy.names_people else ():
            identifier, role = label(member.id), label(member.role)
            known, since = before.get(identifier, (role, member.added_at))
            now[identifier] = (role, since if known == role else model.read_at)
        if now != before:
            ledger.set_roles(now)
        if self.policy.names_people:
            yield RolesSince({member.id: now[label(member.id)][1] for member in model.all})

    def families(self, model: Members, held: Held) -> Iterable[Family]:
        """Members by role; where people are named, each one's e-mail (case folded, as everywhere), role and joining."""
        yield family(catalog.MEMBERS, Counter((member.role,) for member in model.all))
        if self.policy.names_people:
            names = {member.id: self.policy.name((member.email or "").casefold()) for member in model.all}
            yield family(catalog.MEMBER_INFO, {(member.id, names[member.id], member.role): 1 for member in model.all})
            yield family(catalog.MEMBER_ADDED, {(member.id,): member.added_at.timestamp() for member in model.all})
