"""An ordinary month and a half, of which no alert speaks."""

from datetime import timedelta

from exporter.demo.options import Options
from tests.weeks.firing import fire
from tests.weeks.replay import THURSDAY, recorded


def test_forty_five_ordinary_days_raise_no_alert(tool, tmp_path):
    end = THURSDAY + timedelta(days=45, hours=-1)
    quiet = recorded(Options(people=30, days=120, quiet=True), THURSDAY, end)
    assert fire(tool("promtool3"), quiet, tmp_path, {}) == ""
