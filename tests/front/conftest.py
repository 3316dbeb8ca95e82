"""What the tests of listeners share."""

import bcrypt
import pytest

from tests.front.certificates import Certificates


@pytest.fixture
def certificates(tmp_path):
    """An authority nobody knows, and certificates of a server and two clients."""
    return Certificates(tmp_path)


@pytest.fixture
def costs(monkeypatch):
    """The costs of all calls of bcrypt."""
    seen: list[int] = []
    real = bcrypt.checkpw

    def counted(password, against):
        seen.append(int(against.split(b"$")[2]))
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    return seen
