"""From models to bytes that a scrape finds: the series of polls, and of views over several of their models."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from exporter.deflate import EMPTY, Segment, segment
from exporter.exposition import Family, render
from exporter.polls import Poll
from exporter.polls.base import Held, Other
from exporter.snapshots import EVER, Snapshot, Snapshots
from exporter.views.base import View, render_view

log = logging.getLogger(__name__)


class Publisher:
    """Renders, in threads, so that scrapes go on meanwhile. Its methods are to be called one at a time.

    `organization` is the value of the label; views wait until it is known. Families named in `drop` are left out.
    """

    def __init__(
        self,
        polls: Mapping[str, Poll[Any]],
        views: Iterable[View],
        snapshots: Snapshots,
        *,
        now: Callable[[], datetime],
        max_age: timedelta,
        drop: Collection[str] = (),
    ) -> None:
        self.organization = ""
        self._named = False
        self._unshown: set[type] = set()
        self._polls = polls
        self._views = tuple(views)
        self._snapshots = snapshots
        self._now = now
        self._max_age = max_age
        self._drop = drop

    def name(self, organization: str) -> None:
        """Now the label is known."""
        self.organization = organization
        self._named = True

    async def publish(
        self, poll: Poll[Any], model: object, remembering: Awaitable[Iterable[object]], fetched_at: datetime
    ) -> int:
        """Serve what a poll has read, once `remembering` has given further models that live as long.

        How many series it has.
        """
        before = self._snapshots.get(poll.name)
        (body, series), (lasting, lasting_series), further = await asyncio.gather(
            self._rendered(poll.families(model, self._snapshots.model)),
            self._rendered(poll.lasting(model)),
            remembering,
        )
        beside = tuple(further)
        if self._concerned(poll, beside):  # rare, so not waited for above
            body, series = await self._rendered(poll.families(model, _first_of(beside, self._snapshots.model)))
        age = min(self._max_age, poll.max_age)
        snapshot = Snapshot(model, body, fetched_at + age, poll.true(model), lasting, beside)
        self._snapshots.publish(poll.name, snapshot)
        changed = {type(one) for one in beside if before is None or one not in before.beside}
        await self._render_views_of({type(model)} | changed)
        if before is None or before.model != model:
            changed.add(type(model))
        await self._render_polls_that_read(changed, but=poll.name)
        return series + lasting_series

    def _concerned(self, poll: Poll[Any], beside: Iterable[object]) -> bool:
        """Whether a poll's rows look at one of these models, which says something (is true) that it did not say before.

        Or says nothing any more.
        """
        both = [(one, self._snapshots.model(type(one))) for one in beside if type(one) in poll.reads]
        return any(now != before and (now or before) for now, before in both)

    async def further(self, poll: Poll[Any], *models: object) -> None:
        """Replace some of the models that live as long as what the poll has read."""
        held = self._snapshots.get(poll.name)
        if held is None:
            return
        new = [model for model in models if model not in held.beside]
        kinds = {type(model) for model in new}
        others = [one for one in held.beside if type(one) not in kinds]
        self._snapshots.publish(poll.name, replace(held, beside=(*others, *new)))
        await self._changed(*kinds)

    async def hold(self, name: str, model: object) -> None:
        """Hold a model that is from no poll and never grows old."""
        self._snapshots.publish(name, Snapshot(model, EMPTY, EVER))
        await self._changed(type(model))

    async def _changed(self, *kinds: type) -> None:
        await self._render_polls_that_read(kinds)
        await self._render_views_of(kinds)

    async def _render_polls_that_read(self, kinds: Iterable[type], but: str = "") -> None:
        for name, poll in self._polls.items():
            held = self._snapshots.get(name)
            if held is None or name == but or not set(poll.reads) & set(kinds):
                continue
            try:
                body, _ = await self._rendered(poll.families(held.model, self._snapshots.model))
            except Exception:
                log.exception("its last rows stay: they cannot be made again", extra={"poll": name})
            else:
                self._snapshots.publish(name, replace(held, body=body))

    async def _render_views_of(self, kinds: Iterable[type]) -> None:
        self._unshown |= set(kinds)
        if not self._named:
            return
        unshown, self._unshown = self._unshown, set()
        for view in self._views:
            if not set(view.reads) & unshown:
                continue
            try:
                shown = await asyncio.to_thread(
                    render_view, view, self._snapshots, self._now(), self.organization, self._drop
                )
            except Exception:
                log.exception("its last rows stay: they cannot be made again", extra={"view": view.name})
            else:
                self._snapshots.show(view.name, shown)

    async def _rendered(self, families: Iterable[Family]) -> tuple[Segment, int]:
        kept = (family for family in families if family.metric.name not in self._drop)
        return await asyncio.to_thread(_render, kept, self.organization)


def _first_of(beside: Iterable[object], held: Held) -> Held:
    """What `held` gives, but for the kinds of models in `beside` these."""
    new = {type(model): model for model in beside}

    def look_up(kind: type[Other]) -> Other | None:
        found = new.get(kind)
        return found if isinstance(found, kind) else held(kind)

    return look_up


def _render(families: Iterable[Family], organization: str) -> tuple[Segment, int]:
    series = 0

    def counted() -> Iterable[bytes]:
        nonlocal series
        for chunk, samples in render(families, organization):
            series += samples
            yield chunk

    return segment(counted()), series
