"""Members, invitations, workspaces and keys: every documented oddity has its place."""

import pytest

from exporter.errors import AdminApiError, Reason
from exporter.model import Workspace, Workspaces
from exporter.polls.api_keys import ApiKeysPoll
from exporter.polls.invites import InvitesPoll
from exporter.polls.members import MembersPoll
from exporter.polls.organization import OrganizationPoll
from exporter.polls.workspace_members import WorkspaceMembersPoll
from exporter.polls.workspaces import WorkspacesPoll
from exporter.teams import Teams
from tests.api.test_client import error

CREATED = "2024-10-30T23:58:27.427722Z"


def page(*rows):
    return {"data": list(rows), "has_more": False, "first_id": None, "last_id": None}


async def test_the_organization(run):
    answer = {"id": "5f0e", "type": "organization", "name": "Acme"}
    assert await run(OrganizationPoll, answer).samples() == [
        'anthropic_organization_info{organization_id="5f0e",name="Acme"} 1'
    ]


async def test_members(run, golden):
    rows = [
        {"id": "user_1", "email": "Ann@Example.com", "name": "Ann", "role": "admin", "added_at": CREATED},
        {
            "id": "user_2",
            "email": "bob@example.com",
            "name": "Bob",
            "role": "admin",
            "added_at": "2025-01-01T00:00:00Z",
        },
        {"id": "user_3", "email": None, "name": "?", "role": "juggler", "added_at": "2025-01-01T01:00:00+01:00"},
    ]
    golden("members.prom", await run(MembersPoll, page(*rows)).text())


async def test_invitations_expire_only_while_they_are_pending(run, golden):
    def invite(number, status, **more):
        return {"id": f"invite_{number}", "role": "user", "status": status, "expires_at": "2026-03-05T00:00:00Z"} | more

    rows = [invite(1, "pending", accepted_at=None), invite(2, "pending"), invite(3, "accepted"), invite(4, "deleted")]
    golden("invites.prom", await run(InvitesPoll, page(*rows)).text())


def workspace(identity, name, archived_at=None):
    return {"id": identity, "type": "workspace", "name": name, "created_at": CREATED, "archived_at": archived_at}


ORDINARY = [
    workspace("wrkspc_1", "Claude Code"),
    workspace("wrkspc_2", "Default"),
    workspace("wrkspc_3", "Old", CREATED),
]
REAL_DEFAULT = workspace("wrkspc_0", "Default")


async def test_the_default_workspace_is_the_one_that_is_only_listed_on_request(run, golden):
    poll = run(WorkspacesPoll, page(*ORDINARY, REAL_DEFAULT), page(*ORDINARY))
    golden("workspaces.prom", await poll.text())
    assert poll.api.seen("include_default") == ["true", None]
    assert poll.api.seen("include_archived") == ["true", "true"]
    assert poll.reading.rows == 4


@pytest.mark.parametrize("first", [page(*ORDINARY), error(400)])
async def test_an_api_that_does_not_list_the_default_workspace_still_has_one(run, first):
    model = await run(WorkspacesPoll, first, page(*ORDINARY)).model()
    assert model.default_id is None
    assert [one.id for one in model.all] == ["default", "wrkspc_1", "wrkspc_2", "wrkspc_3"]


async def test_a_workspace_of_a_wrong_type_is_one_row_though_two_lists_show_it(run):
    rows = [*ORDINARY, workspace("wrkspc_4", ["a", "list"])]
    poll = run(WorkspacesPoll, page(*rows, REAL_DEFAULT), page(*rows))
    assert [one.id for one in (await poll.model()).all] == ["default", "wrkspc_1", "wrkspc_2", "wrkspc_3"]
    assert poll.reading.skipped["wrong_type"] == 1
    assert poll.reading.rows == 5


WORKSPACES = Workspaces(
    (
        Workspace("default", "Default", archived=False),
        Workspace("wrkspc_1", "Claude Code", archived=False),
        Workspace("wrkspc_2", "Research", archived=False),
        Workspace("wrkspc_3", "Old", archived=True),
    ),
    "wrkspc_0",
)


async def test_members_of_active_workspaces_are_counted_by_role(run):
    def member(number, role):
        return {"type": "workspace_member", "user_id": f"user_{number}", "workspace_role": role}

    answers = [page(member(1, "workspace_admin"), member(2, "workspace_user")), page(member(1, "workspace_user"))]
    poll = run(WorkspaceMembersPoll, *answers, others=[WORKSPACES])
    assert await poll.samples() == [
        'anthropic_workspace_members{workspace_id="wrkspc_1",role="workspace_admin"} 1',
        'anthropic_workspace_members{workspace_id="wrkspc_1",role="workspace_user"} 1',
        'anthropic_workspace_members{workspace_id="wrkspc_2",role="workspace_user"} 1',
    ]
    assert [request.url.path.split("/")[4] for request in poll.api.requests] == ["wrkspc_1", "wrkspc_2"]


async def test_without_a_list_of_workspaces_their_members_poll_reads_one_itself(run):
    poll = run(WorkspaceMembersPoll, page(*ORDINARY[:1], REAL_DEFAULT), page(*ORDINARY[:1]), page())
    assert await poll.samples() == []
    assert len(poll.api.requests) == 3


async def test_members_of_one_workspace_that_cannot_be_read_fail_the_poll(run):
    poll = run(WorkspaceMembersPoll, page(), error(403), others=[WORKSPACES])
    with pytest.raises(AdminApiError) as caught:
        await poll.model()
    assert caught.value.reason is Reason.FORBIDDEN


def key(number, **changes):
    return {
        "id": f"apikey_{number}",
        "type": "api_key",
        "name": f"key {number}",
        "status": "active",
        "created_at": CREATED,
        "expires_at": None,
        "created_by": {"id": "user_1", "type": "user"},
        "partial_key_hint": "sk-ant-api03-R2D...igAA",
        "workspace_id": None,
    } | changes


def in_workspace(identity):
    return {"type": "workspace", "workspace_id": identity}


async def test_keys(run, golden):
    rows = [
        key(1, scope=in_workspace("wrkspc_0")),
        key(2, workspace_id="wrkspc_2", status="expired", expires_at="2026-01-01T00:00:00Z"),
        key(3, scope={"type": "organization"}, created_by={"id": "svac_1", "type": "service_account"}),
        key(4, workspace_id="wrkspc_1", scope=in_workspace("wrkspc_1"), name="claude_code_key_ann", created_by=None),
        key(5, name='odd "\\\n', status="dozing", principal={"type": "user_actor", "user_id": "user_1"}),
    ]
    text = await run(ApiKeysPoll, page(*rows), others=[WORKSPACES]).text()
    assert "R2D" not in text
    golden("api_keys.prom", text)


@pytest.mark.parametrize(
    ("scope", "place"),
    [
        (in_workspace("wrkspc_0"), "default"),
        (in_workspace("wrkspc_2"), "wrkspc_2"),
        ({"type": "organization"}, "organization"),
        (None, "default"),
    ],
)
async def test_a_key_of_the_newer_api_version_has_only_its_scope(run, scope, place):
    row = key(1, scope=scope)
    del row["workspace_id"]
    samples = await run(ApiKeysPoll, page(row), others=[WORKSPACES]).samples()
    assert samples[0] == f'anthropic_api_keys{{status="active",workspace_id="{place}"}} 1'


@pytest.mark.parametrize(
    ("scope", "team"), [(in_workspace("wrkspc_2"), "all"), ({"type": "organization"}, "unassigned")]
)
async def test_a_key_of_the_whole_organization_has_no_workspace_to_take_a_team_from(run, scope, team):
    teams = Teams({"all": ""}, workspaces={"*": "all"})
    samples = await run(ApiKeysPoll, page(key(1, scope=scope)), others=[WORKSPACES, teams]).samples()
    assert f'team="{team}"' in samples[1]


async def test_a_key_with_a_null_workspace_is_in_the_default_one_even_while_workspaces_are_unknown(run):
    samples = await run(ApiKeysPoll, page(key(1, scope=in_workspace("wrkspc_0")), key(2))).samples()
    assert samples[0] == 'anthropic_api_keys{status="active",workspace_id="default"} 2'


@pytest.mark.parametrize("field", ["expires_at", "created_by", "partial_key_hint", "workspace_id", "type"])
async def test_a_key_may_lack_what_the_reference_says_it_may_lack(run, field):
    row = key(1)
    del row[field]
    assert len(await run(ApiKeysPoll, page(row)).samples()) == 3
