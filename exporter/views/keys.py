"""The life of API keys beyond what the list of them says: last use, and keys whose maker has left."""

from collections.abc import Iterable
from datetime import datetime

from exporter import catalog
from exporter.days import day_start
from exporter.exposition import family
from exporter.model import ApiKeys, Members, UsageDays
from exporter.polls.base import Held
from exporter.views.base import Part, View
from exporter.windows import last_seen

_NO_KEY = "none"


class KeysLastUsed(View):
    """On which day a key was used last, as far back as days are kept.

    anthropic_api_key_last_used_day_timestamp_seconds{api_key_id="apikey_1"} 1.7e+09
    """

    name = "keys_last_used"
    reads = (UsageDays,)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """From usage by key."""
        days = held(UsageDays)
        if days is not None:
            used = {(key,): day_start(day).timestamp() for key, day in last_seen(days).items() if key != _NO_KEY}
            yield Part(family(catalog.API_KEY_LAST_USED, used), self.reads)


class KeysOrphaned(View):
    """Keys whose maker is no member any more.

    anthropic_api_key_orphaned{api_key_id="apikey_1"} 0
    """

    name = "keys_orphaned"
    reads = (ApiKeys, Members)

    def parts(self, held: Held, now: datetime) -> Iterable[Part]:
        """For keys made by users. A key that is younger than our list of members is not judged by it."""
        keys, members = held(ApiKeys), held(Members)
        if keys is None or members is None:
            return
        present = {member.id for member in members.all}
        judged = [
            (key.id, key.created_by.id)
            for key in keys.all
            if key.created_by and key.created_by.type == "user" and key.created_at < members.read_at
        ]
        yield Part(
            family(catalog.API_KEY_ORPHANED, {(key,): int(who not in present) for key, who in judged}), self.reads
        )
