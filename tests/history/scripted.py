"""A receiver that takes and refuses what a test wants it to, and remembers what it took."""

from datetime import UTC, datetime

import cramjam
import httpx

from exporter.catalog import Metric
from exporter.exposition import Family, Group
from exporter.history import remote_write
from exporter.history.receiver import Receiver, receiver_client
from exporter.settings import RemoteWriteSection

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
URL = "https://receiver.example/api/v1/push"
SHEEP = Metric("anthropic_daily_sheep", "Sheep.", ("colour",))


def decoded(content):
    """The series of a request: labels as a mapping, timestamp in milliseconds, value."""
    request = remote_write.WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(content)))
    return [
        ({label.name: label.value for label in one.labels}, one.samples[0].timestamp, one.samples[0].value)
        for one in request.timeseries
    ]


class Scripted:
    """`answer(colours, number)` gives the status of the request of this number, or a response, or raises."""

    def __init__(self, answer=lambda *_: 204, **section):
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.took: dict[str, float] = {}
        self.waits: list[float] = []
        settings = RemoteWriteSection(**{"url": URL, "batch": 8, "retries": 2} | section)
        http = receiver_client(settings, transport=httpx.MockTransport(self._answer))
        self.receiver = Receiver(settings, http, now=lambda: NOW, sleep=self._sleep)

    def _answer(self, request):
        self.requests.append(request)
        flock = {labels.get("colour", ""): value for labels, _, value in decoded(request.content)}
        answer = self.answer(flock.keys(), len(self.requests))
        response = answer if isinstance(answer, httpx.Response) else httpx.Response(answer)
        if response.is_success:
            self.took |= flock
        return response

    async def _sleep(self, seconds):
        self.waits.append(seconds)

    async def requests_of(self, colours):
        """The flock of these colours, one sheep more each, as requests."""
        groups = [Group((), ((colour,),), (number,)) for number, colour in enumerate(colours, 1)]
        for request in remote_write.requests([Family(SHEEP, groups)], "Acme", 1_000, self.receiver.batch):
            yield request
