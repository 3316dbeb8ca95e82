"""What deploy/systemd/README.md tells people to run."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy" / "systemd"
UNIT = FOLDER / "anthropic-exporter.service"
BLOCKS = {
    "program": "python3 -m venv",
    "unit": "useradd",
    "key": "(umask 077; cat > /etc/anthropic-exporter/admin.key)",
    "check": "systemd-run",
    "start": "systemctl enable --now anthropic-exporter",
    "look": "systemctl status",
    "teams": "install -m 640 -g anthropic-exporter teams.yml",
    "new key": "(umask 077; cat > /etc/anthropic-exporter/admin.key)\nsystemctl restart",
    "another": "install -m 644 deploy/systemd/anthropic-exporter.service /etc/systemd/system/anthropic-exporter@",
    "upgrade": "/opt/anthropic-exporter/bin/pip",
    "remove": "systemctl disable --now",
}
"""The blocks of the page in their order, and how each begins."""


def blocks() -> dict[str, str]:
    """The lines to run, by name. Raises ValueError if the page has others than these."""
    found = re.findall(r"^```sh\n(.*?)^```", (FOLDER / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    if len(found) != len(BLOCKS):
        raise ValueError(f"{FOLDER}/README.md has {len(found)} blocks to run, {len(BLOCKS)} are known")
    for (name, beginning), block in zip(BLOCKS.items(), found, strict=True):
        if not block.startswith(beginning):
            raise ValueError(f"{FOLDER}/README.md: {name} should begin with {beginning}, but is:\n{block}")
    return dict(zip(BLOCKS, found, strict=True))
