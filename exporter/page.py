"""The landing page: how every poll fares, for a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from exporter import HOME, __version__
from exporter.history.push import LivePush
from exporter.runner import Outcome
from exporter.values import duration_text


@dataclass(frozen=True)
class PollLine:
    """What the page says about one poll."""

    name: str
    outcome: Outcome | None
    running: bool
    next_run: datetime | None
    last_success: datetime | None
    withdrawn: bool


PICTURES = Path(__file__).parent / "pictures"
_DASHBOARDS = f"{HOME}/blob/main/grafana/README.md"
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; }
p { margin: .4rem 0 1.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; }
th, td { white-space: nowrap; }
td:nth-child(2) { white-space: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.ok { color: #15803d; } .failed { color: #dc2626; } .waiting { color: #8a6d00; }
small { opacity: .75; }
.pictures { display: flex; flex-wrap: wrap; gap: .8rem; }
.pictures figure { margin: 0; width: 15.8rem; }
.pictures img { width: 100%; height: 10rem; object-fit: cover; object-position: top; border-radius: 4px; }
"""

_HEAD = ("poll", "last result", "when", "took", "rows", "series", "next run")


def page(
    organization: str, polls: Iterable[PollLine], days: Mapping[str, str], now: datetime, push: LivePush | None = None
) -> str:
    """The page at `now`; `days` says how many settled days of each report are held, `push` where they go."""
    head = "".join(f'<th class="{_class(name)}">{name}</th>' for name in _HEAD)
    rows = "\n".join(_row(line, now) for line in polls)
    held = ", ".join(f"{escape(source)} {escape(text)}" for source, text in days.items()) or "none"
    name = escape(organization) or "an organization whose name is not known yet"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>anthropic-exporter</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>anthropic-exporter {escape(__version__)}</h1>
<p>Metrics of <b>{name}</b>.
<a href="metrics">/metrics</a> · <a href="-/healthy">/-/healthy</a> · <a href="-/ready">/-/ready</a></p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p>Settled days held: {held}.{_pushed(push)}</p>
<p>What Grafana makes of it, with <a href="{_DASHBOARDS}">its dashboards</a> (drawn over a simulated organization):</p>
<div class="pictures">{_pictures()}</div>
<p><small>{now:%Y-%m-%d %H:%M:%S} UTC. All days are UTC days.</small></p>
</body>
</html>
"""


def _pictures() -> str:
    return "".join(
        f'<figure><a href="pictures/{file.name}"><img src="pictures/{file.name}" alt=""></a>'
        f"<figcaption>{file.stem.capitalize()}</figcaption></figure>"
        for file in sorted(PICTURES.glob("*.png"), key=lambda file: (file.stem != "overview", file.stem))
    )


def _pushed(push: LivePush | None) -> str:
    if push is None:
        return ""
    newest = f"the newest is {push.last_day}" if push.last_day else "none yet"
    return f"<br>Days pushed to the receiver: {newest}, {push.waiting} waiting."


def _class(column: str) -> str:
    return "number" if column in ("took", "rows", "series") else ""


def _row(line: PollLine, now: datetime) -> str:
    outcome = line.outcome
    next_run = "running" if line.running else f"in {_about(line.next_run - now)}" if line.next_run else ""
    if outcome is None:
        waiting = '<span class="waiting">waiting for its first answer</span>'
        if line.last_success:
            waiting += f"<br><small>{_what_is_served(line, now)}</small>"
        cells = (waiting, "", "", "", "")
    else:
        cells = (
            _result(line, outcome, now),
            f'<span title="{outcome.ended:%Y-%m-%d %H:%M:%S} UTC">{_about(now - outcome.ended)} ago</span>',
            f"{outcome.seconds:.2f} s",
            f"{outcome.rows:,}",
            f"{outcome.series:,}",
        )
    columns = zip(_HEAD, (escape(line.name), *cells, next_run), strict=True)
    return "<tr>" + "".join(f'<td class="{_class(column)}">{cell}</td>' for column, cell in columns) + "</tr>"


def _result(line: PollLine, outcome: Outcome, now: datetime) -> str:
    if outcome.reason is None:
        return '<span class="ok">ok</span>'
    words = (outcome.message, outcome.hint, _what_is_served(line, now))
    return f'<span class="failed">{outcome.reason}</span>' + "".join(
        f"<br><small>{escape(text)}</small>" for text in words
    )


def _what_is_served(line: PollLine, now: datetime) -> str:
    if line.last_success is None:
        return "it has no series: it never succeeded since the start"
    age = _about(now - line.last_success)
    if line.withdrawn:
        return f"its series are withdrawn: its last success was {age} ago"
    return f"its series are those of its last success, {age} ago"


def _about(length: timedelta) -> str:
    """`length` in its largest unit."""
    seconds = max(0, int(length.total_seconds()))
    for unit in (86400, 3600, 60):
        if seconds >= unit:
            return duration_text(timedelta(seconds=seconds - seconds % unit))
    return f"{seconds}s"
