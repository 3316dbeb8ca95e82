"""From models to bytes that a scrape finds: the series of polls, and of views over several of their models."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from exporter.deflate import EMPTY, Segment, segment
from exporter.exposition import Family, render
from exporter.polls import Poll
from exporter.snapshots import EVER, Snapshot, Snapshots
from exporter.views.base import View, render_view

log = logging.getLogger(__name__)


class Publisher:
    """Renders, in threads, so that scrapes go on meanwhile. Its methods are to be called one at a time.

    `organization` is the value of the label.
    """

    def __init__(
        self,
        polls: Mapping[str, Poll[Any]],
        views: Iterable[View],
        snapshots: Snapshots,
        *,
        now: Callable[[], datetime],
        max_age: timedelta,
    ) -> None:
        self.organization = ""
        self._polls = polls
        self._views = tuple(views)
        self._snapshots = snapshots
        self._now = now
        self._max_age = max_age

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
        age = min(self._max_age, poll.max_age)
        snapshot = Snapshot(model, body, fetched_at + age, poll.true(model), lasting, beside)
        self._snapshots.publish(poll.name, snapshot)
        changed = {type(one) for one in beside if before is None or one not in before.beside}
        await self._render_views_of({type(model)} | changed)
        if before is None or before.model != model:
            changed.add(type(model))
        await self._render_polls_that_read(changed, but=poll.name)
        return series + lasting_series

    async def further(self, poll: Poll[Any], model: object) -> None:
        """Replace one of the models that live as long as what the poll has read."""
        held = self._snapshots.get(poll.name)
        if held is None or model in held.beside:
            return
        others = [one for one in held.beside if type(one) is not type(model)]
        self._snapshots.publish(poll.name, replace(held, beside=(*others, model)))
        await self._changed(type(model))

    async def hold(self, name: str, model: object) -> None:
        """Hold a model that is from no poll and never grows old."""
        self._snapshots.publish(name, Snapshot(model, EMPTY, EVER))
        await self._changed(type(model))

    async def _changed(self, kind: type) -> None:
        await self._render_polls_that_read({kind})
        await self._render_views_of({kind})

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
        for view in self._views:
            if not set(view.reads) & set(kinds):
                continue
            try:
                shown = await asyncio.to_thread(render_view, view, self._snapshots, self._now(), self.organization)
            except Exception:
                log.exception("its last rows stay: they cannot be made again", extra={"view": view.name})
            else:
                self._snapshots.show(view.name, shown)

    async def _rendered(self, families: Iterable[Family]) -> tuple[Segment, int]:
        return await asyncio.to_thread(_render, families, self.organization)


def _render(families: Iterable[Family], organization: str) -> tuple[Segment, int]:
    series = 0

    def counted() -> Iterable[bytes]:
        nonlocal series
        for chunk, samples in render(families, organization):
            series += samples
            yield chunk

    return segment(counted()), series
