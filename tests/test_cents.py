"""The unit, pinned: 1234.5 in the API's bytes is 12.345 in a scrape, for every endpoint and metric that has money."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.credential import Credential
from exporter.app import Parts
from exporter.catalog import Metric
from exporter.exposition import family, render
from exporter.scrape import Scrape
from exporter.settings import Settings
from tests.service import samples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLAUDE_CODE = b"""{"data": [{
  "date": "DAY", "actor": {"type": "user_actor", "email_address": "ann@example.com"}, "customer_type": "api",
  "core_metrics": null, "tool_actions": null, "terminal_type": "vscode",
  "model_breakdown": [{"model": "m", "tokens": null, "estimated_cost": {"amount": 1234.5, "currency": "USD"}}]
}], "has_more": false, "next_page": null}"""
COST = b"""{"data": [{"starting_at": "DAYT00:00:00Z", "ending_at": "", "results": [
  {"amount": "1234.5", "currency": "USD", "cost_type": "tokens", "model": "m", "workspace_id": null}
]}], "has_more": false, "next_page": null}"""
EMPTY = b'{"data": [], "has_more": false, "next_page": null}'


def answer(request):
    """28 February, the report day, and 1 March cost 1234.5 cents each, by estimate and by bill."""
    path, day = request.url.path, request.url.params.get("starting_at", "")[:10]
    if path.endswith("/me"):
        return httpx.Response(200, stream=httpx.ByteStream(b'{"id": "5f0e", "name": "Acme"}'))
    body = CLAUDE_CODE if path.endswith("claude_code") else COST if path.endswith("cost_report") else EMPTY
    return httpx.Response(200, stream=httpx.ByteStream(body.replace(b"DAY", day.encode())))


async def test_1234_and_a_half_cents_are_12_dollars_and_34_and_a_half_cents_everywhere(golden):
    settings = Settings(
        storage={"days": 1},
        budgets=[{"name": "all", "usd": "100.5"}, {"name": "ann", "usd": 1, "scope": "actor", "of": "Ann@Example.com"}],
    )
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="https://api.example")
    parts = Parts(settings, Credential(key="key"), http, lambda: NOON)
    for name in parts.runner.polls:
        assert (await parts.runner.run(name)).error is None, name
    await parts.runner.caught_up()
    body = Scrape(parts.snapshots, parts.health, None, NOON, openmetrics=False)
    found = samples(b"".join(body.text()).decode())
    money = {name: value for name, value in found.items() if "_usd" in name}
    golden("cents.prom", "".join(f"{name} {value}\n" for name, value in money.items()))
    cost = {value for name, value in money.items() if "cost" in name}
    assert cost == {12.345}


amounts = st.lists(st.decimals(0, 10**6, places=9), min_size=1, max_size=200)


@given(amounts)
def test_a_sum_of_n_samples_is_off_by_n_parts_of_2_to_the_53_at_most(dollars):
    metric = Metric("test_usd", "Dollars.", ("row",))
    rows = family(metric, {(str(number),): amount for number, amount in enumerate(dollars)})
    text = b"".join(chunk for chunk, _ in render([rows], "Acme")).decode()
    exact, scraped = sum(dollars), sum(samples(text).values())
    assert abs(Decimal(scraped) - exact) <= len(dollars) * exact * Decimal("1.001") / 2**53


@given(st.decimals(0, 10**9, places=9))
def test_a_billion_dollars_are_right_to_the_cent_and_far_beyond(amount):
    assert abs(Decimal(float(amount)) - amount) < Decimal("0.000001")
