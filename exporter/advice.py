"""What a person can do about a failed poll, in plain words."""

from exporter.api.credential import Credential
from exporter.errors import Reason

ADMIN_KEY = (
    "the Admin API needs an Admin key (it begins with sk-ant-admin), "
    "which an admin of the organization makes in the Console under Settings, Admin keys"
)
ENTERPRISE = (
    "a Claude Enterprise organization: its Claude Code activity is not in usage_report/claude_code, "
    "and of the Admin API it has members and invites only"
)
_WORDS = {
    Reason.NOT_FOUND: "this organization does not have the endpoint, or api.base-url is wrong",
    Reason.BAD_REQUEST: "the API does not take the request as this version sends it: look for a newer exporter",
    Reason.RATE_LIMITED: "the organization's requests per minute are used up, by this client or others: "
    "lower api.requests-per-minute or lengthen the intervals",
    Reason.SERVER_ERROR: "the API has trouble, the exporter goes on trying",
    Reason.TIMEOUT: "no answer in time: is there a firewall or a proxy in between? see api.proxy-url and api.timeout",
    Reason.CONNECTION: "the API cannot be reached: look at api.base-url, name resolution, firewall and api.proxy-url",
    Reason.BAD_RESPONSE: "the answer is not the Admin API's: is a login page or a proxy in between? see api.base-url",
    Reason.WRONG_ORGANIZATION: "the key is another organization's; give that one an exporter of its own, "
    "or if this one is to change, restart it, with another ledger (storage.path) where it has one",
    Reason.BUG: "a defect of the exporter: please report it with the traceback in the log",
}


def advice(reason: Reason, message: str, key: Credential) -> str:
    """A hint for a poll that failed for `reason` with this message. What keys begin with is a hint only, no rule."""
    if reason is Reason.UNAUTHORIZED:
        return _about_key(key)
    if reason is Reason.FORBIDDEN:
        if key.starts_with("sk-ant-api01-"):
            return ENTERPRISE
        return f"the key may not read this; {ADMIN_KEY}"
    if reason is Reason.CONNECTION and "CERTIFICATE_VERIFY_FAILED" in message:
        return "the certificate is not trusted: if a proxy inspects TLS, put its authority into api.ca-file"
    if reason is Reason.BAD_RESPONSE and "clock" in message:
        return "set this machine's time; if it is right, the time of a proxy in between is not"
    return _WORDS[reason]


def _about_key(key: Credential) -> str:
    if key.starts_with("sk-ant-api03-"):
        return f"this is a workspace key; {ADMIN_KEY}"
    if key.starts_with("sk-ant-oat") and not key.bearer:
        return "this is an OAuth token: set api.auth to bearer"
    if key.starts_with("sk-ant-oat"):
        return "the token has expired or lacks the scope org:admin: tokens of a login are short-lived"
    return f"the key is wrong, revoked or expired, and an expired key cannot be revived; {ADMIN_KEY}"
