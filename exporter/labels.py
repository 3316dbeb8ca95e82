"""Label values: any text the API gives, made fit for an exposition."""

import hashlib
import re

MAX_LENGTH = 512
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPECIAL = re.compile('[\\\\"\n\ud800-\udfff]')


def label(value: str) -> str:
    """`value` as it is exported: at most 512 characters of valid Unicode.

    What is longer, or holds lone surrogates (which no encoding can carry; shown as U+FFFD), ends with `…` and
    8 hex digits of its hash, so that two values stay two.
    """
    if len(value) <= MAX_LENGTH and (value.isascii() or not _SURROGATES.search(value)):
        return value
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return _SURROGATES.sub("\ufffd", value[: MAX_LENGTH - 9]) + "…" + digest


def escape(value: str) -> str:
    """`label(value)` between the quotes of an exposition."""
    if len(value) <= MAX_LENGTH and not _SPECIAL.search(value):
        return value
    return label(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
