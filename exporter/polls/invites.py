"""Invitations to the organization."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from exporter import catalog
from exporter.api import wire
from exporter.exposition import Family, family
from exporter.polls.base import Held, Poll, Reading

Invites = tuple[wire.Invite, ...]


class InvitesPoll(Poll[Invites]):
    """Invitations by status, and when the open ones expire. GET /v1/organizations/invites.

    anthropic_invites{status="pending",role="developer"} 2
    anthropic_invite_expires_timestamp_seconds{invite_id="invite_1",role="developer"} 1.7e+09
    """

    name = "invites"
    interval = timedelta(minutes=10)

    async def fetch(self, reading: Reading) -> Invites:
        """Read all invitations; accepted and expired ones stay listed for ever."""
        return tuple([invite async for invite in reading.all(wire.INVITES)])

    def families(self, model: Invites, held: Held) -> Iterable[Family]:
        """Counts, and the expiry of pending ones."""
        yield family(catalog.INVITES, Counter((invite.status, invite.role) for invite in model))
        pending = [invite for invite in model if invite.status == "pending"]
        yield family(
            catalog.INVITE_EXPIRES, {(invite.id, invite.role): invite.expires_at.timestamp() for invite in pending}
        )
