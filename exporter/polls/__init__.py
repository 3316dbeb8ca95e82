"""One module per source of the API: fetch, model, rows. This is where a new one is listed."""

from typing import Any

from exporter.polls.api_keys import ApiKeysPoll
from exporter.polls.base import Poll, Reading
from exporter.polls.claude_code import ClaudeCodePoll, ClaudeCodeTodayPoll
from exporter.polls.cost import CostPoll, CostTodayPoll
from exporter.polls.invites import InvitesPoll
from exporter.polls.members import MembersPoll
from exporter.polls.organization import OrganizationPoll
from exporter.polls.report import ReportPoll
from exporter.polls.usage import UsagePoll, UsageTodayPoll
from exporter.polls.workspace_members import WorkspaceMembersPoll
from exporter.polls.workspaces import WorkspacesPoll

__all__ = [
    "ALL",
    "ClaudeCodePoll",
    "MembersPoll",
    "OrganizationPoll",
    "Poll",
    "Reading",
    "ReportPoll",
    "WorkspacesPoll",
]

ALL: tuple[type[Poll[Any]], ...] = (
    OrganizationPoll,
    MembersPoll,
    InvitesPoll,
    WorkspacesPoll,
    WorkspaceMembersPoll,
    ApiKeysPoll,
    ClaudeCodePoll,
    ClaudeCodeTodayPoll,
    UsagePoll,
    UsageTodayPoll,
    CostPoll,
    CostTodayPoll,
)
