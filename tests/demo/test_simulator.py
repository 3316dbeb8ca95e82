from datetime import timedelta

import pytest

from tests.demo.simulated import KEY, VERSION


def requests(api):
    return api.get("/simulator/requests", headers={})


def test_requests_are_remembered_without_the_credential(simulate):
    api = simulate()
    api.ask("users", {"limit": 5}, headers={**KEY, **VERSION, "user-agent": "me/1.0"})
    api.ask("nothing", headers={"authorization": "Bearer secret"})
    api.ask("me", headers={})
    first, second, third = requests(api)
    assert first == {
        "at": api.now.isoformat(),
        "method": "GET",
        "path": "/v1/organizations/users",
        "query": "limit=5",
        "user_agent": "me/1.0",
        "anthropic_version": "2023-06-01",
        "auth": "x-api-key",
        "status": 200,
    }
    assert (second["status"], second["auth"], second["anthropic_version"]) == (404, "authorization", None)
    assert (third["status"], third["auth"]) == (401, None)
    assert "secret" not in str(second)


def test_the_memory_of_requests_can_be_emptied_and_ends_at_a_thousand(simulate):
    api = simulate()
    for _ in range(1005):
        api.app.routes[0].app.simulator.requests.append({})
    api.ask("me")
    assert len(requests(api)) == 1000
    assert requests(api)[-1]["path"] == "/v1/organizations/me"
    assert api.ask("/simulator/requests", method="DELETE").json() == []
    assert requests(api) == []


def put(api, faults):
    return api.ask("/simulator/faults", method="PUT", json=faults)


def test_faults_are_listed_and_replaced(simulate):
    api = simulate()
    assert api.get("/simulator/faults") == []
    assert put(api, ["users:500", "me:429,retry-after=3"]).json() == ["users:500", "me:429,retry-after=3"]
    assert [api.ask(path).status_code for path in ("users", "me", "invites")] == [500, 429, 200]
    assert put(api, []).json() == []
    assert [api.ask(path).status_code for path in ("users", "me")] == [200, 200]


@pytest.mark.parametrize("faults", [["nonsense"], "users:500", {"users": 500}, [1], None])
def test_faults_that_make_no_sense_change_nothing(simulate, faults):
    api = simulate()
    put(api, ["me:500"])
    assert put(api, faults).status_code == 400
    assert api.get("/simulator/faults") == ["me:500"]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("me:500", [500, 500, 500, 500]),
        ("me:500,times=2", [500, 500, 200, 200]),
        ("me:500,after=1", [200, 500, 500, 500]),
        ("me:500,after=1,times=2", [200, 500, 500, 200]),
        ("me:500,for=2", [500, 500, 200, 200]),
        ("all:500,times=1", [500, 200, 200, 200]),
        ("users:500", [200, 200, 200, 200]),
    ],
)
def test_a_fault_lasts_as_long_as_it_says(simulate, fault, statuses):
    api = simulate()
    put(api, [fault])
    seen = []
    for _ in statuses:
        seen.append(api.ask("me").status_code)
        api.now += timedelta(seconds=1)
    assert seen == statuses


def test_faults_of_one_endpoint_take_turns(simulate):
    api = simulate()
    put(api, ["me:500,times=1", "me:529,after=1,times=1"])
    assert [api.ask("me").status_code for _ in range(3)] == [500, 529, 200]
