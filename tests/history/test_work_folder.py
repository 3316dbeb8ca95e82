"""Where `history` puts days aside: nobody else looks into it, and nobody else has put anything there before."""

import os
import stat

import pytest

from exporter.errors import SettingsError
from exporter.history.command import _work_folder


@pytest.fixture(autouse=True)
def wide_open():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("output", ["days.om", "-", None])
def test_only_its_owner_may_enter(tmp_path, monkeypatch, output):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # a second run finds what an earlier one has read
        with _work_folder(output) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_that_was_there_before_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "days.om.work").symlink_to("elsewhere")
    with pytest.raises(SettingsError, match=r"days\.om\.work is somebody else's or a link"), refused(tmp_path):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "days.om.work").mkdir(mode=0o777)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SettingsError, match=r"days\.om\.work is somebody else's or a link"), refused(tmp_path):
        pass


def refused(tmp_path):
    return _work_folder(str(tmp_path / "days.om"))
