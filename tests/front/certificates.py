"""Certificates of our own making, in the files that fixtures name, and the configurations that name them."""

import textwrap
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

FIXTURES = Path(__file__).parent.parent / "fixtures" / "web"


class Certificates:
    """An authority, and what it has issued, as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA(organization_name="Private Authority")
        self.ca = folder / "ca.crt"
        self.authority.cert_pem.write_to_path(self.ca)
        self.issue("server", "localhost", "127.0.0.1")
        self.issue("other", "localhost", "127.0.0.1")
        self.issue("client", "prometheus.example")
        self.issue("guest", "guest.example")
        (folder / "junk.pem").write_text("not a certificate\n")
        key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
        encryption = serialization.BestAvailableEncryption(b"open")
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        (folder / "encrypted.key").write_bytes(key.private_bytes(*form, encryption))

    def issue(self, name: str, *identities: str, authority: trustme.CA | None = None) -> None:
        """Write NAME.crt and NAME.key, both in one step as far as a reader can tell."""
        issued = (authority or self.authority).issue_cert(*identities)
        for suffix, pems in (("crt", issued.cert_chain_pems), ("key", [issued.private_key_pem])):
            file = self.folder / f"{name}.{suffix}.new"
            file.write_bytes(b"".join(pem.bytes() for pem in pems))
            file.rename(self.folder / f"{name}.{suffix}")

    def pair(self, name: str) -> tuple[str, str]:
        """The paths of a certificate and its key."""
        return str(self.folder / f"{name}.crt"), str(self.folder / f"{name}.key")

    def config(self, fixture: str) -> Path:
        """The configuration of a fixture, beside the files that it names."""
        return self.write((FIXTURES / fixture).read_text())

    def write(self, text: str) -> Path:
        """A configuration; a line <FILE> stands for what is in the file."""
        lines = []
        for line in text.splitlines():
            name = line.strip().removeprefix("<").removesuffix(">")
            if line.strip() == f"<{name}>":
                line = textwrap.indent((self.folder / name).read_text(), line[: line.index("<")])  # noqa: PLW2901
            lines.append(line)
        path = self.folder / "web.yml"
        path.write_text("\n".join(lines) + "\n")
        return path
