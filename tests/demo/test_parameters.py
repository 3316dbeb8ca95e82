import pytest

from tests.demo.simulated import REPORT, SETTLED

LISTS = ["users", "invites", "workspaces", "api_keys"]
DAY = {"starting_at": SETTLED}


def refused(api, path, params):
    status, kind, message = api.refused(path, params)
    assert (status, kind) == (400, "invalid_request_error")
    return message


@pytest.fixture(scope="session")
def members(api):
    """The path of some workspace's members."""
    return f"workspaces/{api.rows('workspaces')[0]['id']}/members"


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1.5", "", "1e3", "9" * 50])
@pytest.mark.parametrize("path", [*LISTS, REPORT, "members"])
def test_a_limit_is_a_whole_number_from_1_to_1000(api, path, limit, members):
    path = members if path == "members" else path
    assert "limit" in refused(api, path, {"limit": limit, **(DAY if path == REPORT else {})})


@pytest.mark.parametrize("path", [*LISTS, REPORT])
def test_twenty_rows_unless_asked_otherwise(api, path):
    params = DAY if path == REPORT else {}
    more = {"include_archived": "true", "include_default": "true"} if path == "workspaces" else {}
    page = api.get(path, {**params, **more})
    assert len(page["data"]) == min(20, len(api.rows(path, {**params, **more})))
    assert page["has_more"] == (path != "workspaces")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("me", {"limit": "1"}),
        ("users", {"page": "page_x"}),
        ("users", {"roles": "admin"}),
        ("users", {"statuses[]": "pending"}),
        ("invites", {"status": "pending"}),
        ("workspaces", {"email": "a@b"}),
        ("api_keys", {"page": "page_x"}),
        (REPORT, {**DAY, "ending_at": SETTLED}),
        (REPORT, {**DAY, "group_by[]": "model"}),
        (REPORT, {**DAY, "after_id": "user_1"}),
    ],
)
def test_a_parameter_nobody_documented_is_refused(api, path, params):
    assert set(params) & {refused(api, path, params).partition(":")[0]}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("users", {"roles[]": "emperor"}),
        ("users", {"roles[]": "primary_owner"}),
        ("invites", {"statuses[]": "deleted"}),
        ("workspaces", {"include_archived": "yes"}),
        ("workspaces", {"include_default": "1"}),
        ("workspaces", {"ids[]": ["wrkspc_x"] * 101}),
        ("api_keys", {"status": "suspended"}),
        ("users", {"email": ["a@example.com", "b@example.com"]}),
    ],
)
def test_a_value_nobody_documented_is_refused(api, path, params):
    assert refused(api, path, params).startswith(*params)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_walked_in_one_direction_from_an_id_it_knows(api, path):
    first, second = (row["id"] for row in api.rows(path)[:2])
    assert "after_id" in refused(api, path, {"after_id": first, "before_id": second})
    assert "after_id" in refused(api, path, {"after_id": "nobody"})
    assert "before_id" in refused(api, path, {"before_id": ""})


@pytest.mark.parametrize(
    "day",
    [
        "",
        "today",
        "2026-11-18T00:00:00Z",
        "2026-11-18 ",
        "20261118",
        "2026-W47-3",
        "2026-13-01",
        "2026-02-29",
        "\u0662026-11-18",
    ],
)
def test_the_report_day_is_one_plain_date(api, day):
    assert "starting_at" in refused(api, REPORT, {"starting_at": day})


def test_the_report_day_is_required(api):
    assert refused(api, REPORT, {}) == "starting_at: Field required"


def test_the_report_day_may_be_a_leap_day(api):
    assert api.get(REPORT, {"starting_at": "2028-02-29"})["data"] == []


def test_members_can_be_found_by_mailbox_and_role(api):
    users = api.rows("users")
    someone = next(user for user in users if user["email"].isascii())
    local, _, domain = someone["email"].partition("@")
    assert api.rows("users", {"email": someone["email"].upper()}) == [someone]
    assert api.rows("users", {"email": f"{local}+news@{domain}"}) == [someone]
    assert api.rows("users", {"email": "nobody@example.com"}) == []
    found = api.rows("users", {"roles[]": ["admin", "billing"]})
    assert found == [user for user in users if user["role"] in ("admin", "billing")]
    assert {user["role"] for user in found} == {"admin", "billing"}


def test_invites_can_be_filtered_by_status_and_role(api):
    invites = api.rows("invites")
    assert {"pending", "accepted", "expired", "deleted"} <= {invite["status"] for invite in invites}
    asked = {"statuses[]": ["pending", "expired"], "roles[]": "developer"}
    found = api.rows("invites", asked)
    assert found
    assert found == [one for one in invites if one["status"] in ("pending", "expired") and one["role"] == "developer"]
    assert api.rows("invites", {"email": invites[0]["email"]}) == [invites[0]]


def test_archived_and_default_workspaces_are_listed_on_request_only(api):
    everything = api.rows("workspaces", {"include_archived": "true", "include_default": "true"})
    active = [one for one in everything if one["archived_at"] is None and one["name"] != "Default"]
    assert api.rows("workspaces") == active
    assert api.rows("workspaces", {"include_default": "false"}) == active
    assert len(api.rows("workspaces", {"include_default": "true"})) == len(active) + 1
    assert len(api.rows("workspaces", {"include_archived": "true"})) == len(everything) - 1 > len(active)


def test_unknown_workspace_ids_are_left_out_in_silence(api):
    one = api.rows("workspaces")[3]
    assert api.rows("workspaces", {"ids[]": [one["id"], "wrkspc_nobody"]}) == [one]


def test_keys_can_be_filtered(api):
    keys = api.rows("api_keys")
    for status in ("active", "inactive", "archived", "expired"):
        found = api.rows("api_keys", {"status": status})
        assert found
        assert found == [key for key in keys if key["status"] == status]
    workspace = next(key["workspace_id"] for key in keys if key["workspace_id"])
    assert api.rows("api_keys", {"workspace_id": workspace}) == [
        key for key in keys if key["workspace_id"] == workspace
    ]
    creator = next(key["created_by"]["id"] for key in keys if key["created_by"])
    assert creator in {key["created_by"]["id"] for key in api.rows("api_keys", {"created_by_user_id": creator})}
    assert api.rows("api_keys", {"created_by_user_id": "user_nobody"}) == []


def test_only_listed_workspaces_have_members(api):
    default = api.truth()["organization"]["default_workspace_id"]
    for workspace in (default, "wrkspc_nobody"):
        assert api.refused(f"workspaces/{workspace}/members")[:2] == (404, "not_found_error")
