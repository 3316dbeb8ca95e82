"""The organization of the credential."""

from collections.abc import Iterable
from datetime import timedelta

from exporter import catalog
from exporter.api.wire import Organization
from exporter.exposition import Family, family
from exporter.polls.base import Held, Poll, Reading


class OrganizationPoll(Poll[Organization]):
    """Which organization it is. GET /v1/organizations/me.

    anthropic_organization_info{organization_id="5f0e…",name="Acme"} 1
    """

    name = "organization"
    interval = timedelta(hours=1)

    async def fetch(self, reading: Reading) -> Organization:
        """Read /me."""
        organization = await reading.api.organization()
        reading.rows = 1
        return organization

    def families(self, model: Organization, held: Held) -> Iterable[Family]:
        """One info series."""
        yield family(catalog.ORGANIZATION_INFO, {(model.id, model.name): 1})
