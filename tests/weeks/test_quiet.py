"""An ordinary month and a half, of which no alert speaks."""

from datetime import timedelta

from exporter.demo.options import Options
from tests.weeks.firing import EVALUATED, fire
from tests.weeks.replay import THURSDAY, recorded


def test_forty_five_ordinary_days_raise_no_alert(tool, tmp_path):
    end = THURSDAY + timedelta(days=45) - EVALUATED
    quiet = recorded(Options(people=30, days=120, quiet=True), THURSDAY, end, EVALUATED)
    assert fire(tool("promtool3"), quiet, tmp_path, {}) == ""
