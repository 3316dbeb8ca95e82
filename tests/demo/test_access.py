from datetime import timedelta

import pytest

from tests.demo.simulated import COST, KEY, REPORT, USAGE, VERSION

ENDPOINTS = ["me", "users", "invites", "workspaces", "workspaces/wrkspc_x/members", "api_keys", REPORT, USAGE, COST]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "wrong"},
        {"x-api-key": "sk-ant-api03-of-a-workspace"},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {KEY['x-api-key']}"},
    ],
)
def test_a_credential_that_is_not_ours_is_refused_everywhere(api, path, headers):
    assert api.refused(path, headers={**VERSION, **headers})[:2] == (401, "authentication_error")


def test_both_headers_carry_the_credential(api):
    assert api.get("me", headers={**VERSION, "authorization": f"Bearer {KEY['x-api-key']}"}) == api.get("me")


def test_the_key_is_the_one_that_was_chosen(simulate):
    own = simulate(key="my own")
    assert own.ask("me", headers={**VERSION, "x-api-key": "my own"}).status_code == 200
    assert own.ask("me").status_code == 401


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "2024-01-01"}, {"anthropic-version": ""}])
def test_the_api_version_is_required_and_must_be_known(api, headers):
    status, kind, message = api.refused("me", headers={**KEY, **headers})
    assert (status, kind) == (400, "invalid_request_error")
    assert "anthropic-version" in message


def test_answers_carry_the_request_and_the_organization(api):
    first, second = api.ask("me"), api.ask("me")
    assert first.headers["anthropic-organization-id"] == first.json()["id"]
    assert first.headers["content-type"] == "application/json"
    assert first.headers["request-id"] != second.headers["request-id"]
    assert "anthropic-organization-id" not in api.ask("me", headers=VERSION).headers


def test_me_names_the_organization(simulate):
    me = simulate(organization_name='Acme "Ltd"').get("me")
    assert me == {"id": me["id"], "type": "organization", "name": 'Acme "Ltd"'}


def test_another_key_shows_another_organization(api):
    other = {**VERSION, "x-api-key": "sk-ant-admin01-other-organization"}
    mine, theirs = api.get("me"), api.get("me", headers=other)
    assert mine["id"] != theirs["id"]
    assert mine["name"] != theirs["name"]
    assert not {row["id"] for row in api.rows("users")} & {row["id"] for row in api.rows("users", headers=other)}
    report = api.get(REPORT, {"starting_at": "2026-11-18"}, headers=other)
    assert {row["organization_id"] for row in report["data"]} == {theirs["id"]}


def test_an_enterprise_key_sees_members_and_invites_with_roles_of_its_own(api):
    enterprise = {**VERSION, "x-api-key": "sk-ant-api01-anything"}
    roles = [row["role"] for row in api.rows("users", headers=enterprise)]
    assert {"user", "managed", "owner", "membership_admin", "primary_owner"} <= set(roles)
    assert roles.count("primary_owner") == 1
    assert "claude_code_user" not in {*roles, *(row["role"] for row in api.rows("invites", headers=enterprise))}
    assert api.rows("users", {"roles[]": "owner"}, headers=enterprise)
    for path in set(ENDPOINTS) - {"users", "invites"}:
        status, kind, message = api.refused(path, headers=enterprise)
        assert (status, kind) == (403, "permission_error")
        assert "read:members" in message
        assert "api:admin" in message


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_only_get_is_answered(api, method, path):
    assert api.refused(path, method=method)[:2] == (405, "invalid_request_error")


@pytest.mark.parametrize("path", ["", "/", "/v1/organizations", "user", "users/", "usage_report/nothing", "/metrics"])
def test_other_paths_do_not_exist(api, path):
    assert api.refused(path)[:2] == (404, "not_found_error")


def test_too_many_requests_are_told_when_to_come_back(simulate):
    api = simulate(requests_per_minute=2)
    api.ask("me")
    api.now += timedelta(seconds=20)
    api.ask("users")
    api.now += timedelta(seconds=10, milliseconds=500)
    answer = api.ask("me")
    assert (answer.status_code, answer.json()["error"]["type"]) == (429, "rate_limit_error")
    assert answer.headers["retry-after"] == "30"
    api.now += timedelta(seconds=30)
    assert [api.ask("me").status_code for _ in range(2)] == [200, 429]
