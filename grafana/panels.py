"""What all dashboards have in common: variables, links, and panels that look alike.

Dashboards are JSON of Grafana 11 and later, made with Grafana's own builders. Every panel asks the data source that the
variable `datasource` names. https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.catalog import ACTIVE_ACTORS, ORGANIZATION_INFO
from grafana.queries import selector

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "anthropic"
BOARDS = {
    "anthropic-overview": "Overview",
    "anthropic-developers": "Developers",
    "anthropic-cost": "Cost and tokens",
    "anthropic-keys": "Keys and members",
    "anthropic-health": "Exporter health",
    "anthropic-history": "History",
}

USD, COUNT, RATIO, SECONDS, BYTES = "currencyUSD", "short", "percentunit", "s", "bytes"
GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE, GREY = "green", "blue", "yellow", "orange", "red", "purple", "text"

Asking = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel
Panel = Asking | text.Panel
Steps = Sequence[tuple[float | None, str]]
"""Colours of thresholds: from each number on, the first from None."""


def board(uid: str, description: str, *, since: str = "now-30d", team: bool = True) -> dashboard.Dashboard:
    """An empty dashboard with the variables and links that all have; without `team`, that variable is left out."""
    made = (
        dashboard.Dashboard(f"Anthropic / {BOARDS[uid]}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("utc")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .refresh("5m")
        .time(since, "now")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(variable("organization", "Organization", ORGANIZATION_INFO.name + "{}"))
    )
    if team:
        used = selector(ACTIVE_ACTORS.name, ("organization",), 'window="30d"')
        made.with_variable(variable("team", "Team", used))
    for other, title in BOARDS.items():
        if other != uid:
            link = dashboard.DashboardLink(title).type(model.DashboardLinkType.LINK).url(f"/d/{other}")
            made.link(link.keep_time(False).include_vars(True))
    return made


def variable(name: str, label: str, series: str) -> dashboard.QueryVariable:
    """A variable of the values that the label `name` has in `series`. All of them also means: those without it."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(f"label_values({series}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def filled(
    made: dashboard.Dashboard, *first: Iterable[Panel], rows: Mapping[str, Iterable[Panel]]
) -> dashboard.Dashboard:
    """The dashboard with what comes first in it, and then `rows` of panels below their headings."""
    for panel in chain(*first):
        made.with_panel(panel)
    for title, panels in rows.items():
        made.with_row(dashboard.Row(title))
        for panel in panels:
            made.with_panel(panel)
    return made


def now(expression: str, legend: str = "__auto") -> prometheus.Dataquery:
    """What an expression is now, or at the end of the dashboard's time range."""
    return prometheus.Dataquery().expr(expression).instant().legend_format(legend)


def over_time(expression: str, legend: str = "__auto") -> prometheus.Dataquery:
    """An expression over the dashboard's time range."""
    return prometheus.Dataquery().expr(expression).range().legend_format(legend)


def rows_of(expression: str) -> prometheus.Dataquery:
    """An expression as a table now: its labels and its value are columns."""
    return prometheus.Dataquery().expr(expression).instant().format(PromQueryFormat.TABLE)


def _dress(
    panel: Asking, title: str, why: str, *, unit: str, queries: Iterable[prometheus.Dataquery], size: tuple[int, int]
) -> None:
    """What every panel has."""
    panel.title(title).description(why).datasource(DATASOURCE).unit(unit).span(size[0]).height(size[1])
    for letter, query in zip("ABCDEFGHIJKLMNOPQRST", queries, strict=False):
        panel.with_target(query.ref_id(letter).datasource(DATASOURCE))


def steps(colours: Steps) -> dashboard.ThresholdsConfig:
    """Thresholds by value."""
    made = [model.Threshold(value=value, color=colour) for value, colour in colours]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def fixed(colour: str) -> dashboard.FieldColor:
    """One colour, whatever the value."""
    return dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(colour)


def number(
    title: str,
    why: str,
    unit: str,
    *queries: prometheus.Dataquery,
    size: tuple[int, int] = (4, 4),
    colours: Steps = ((None, BLUE),),
    decimals: int | None = None,
    empty: str | None = None,
) -> stat.Panel:
    """A number now, or several with their names; coloured by `colours`. `empty` stands where there is none."""
    made = stat.Panel()
    _dress(made, title, why, unit=unit, queries=queries, size=size)
    made.graph_mode(options.BigValueGraphMode.NONE).color_mode(options.BigValueColorMode.VALUE)
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)).thresholds(steps(colours))
    if decimals is not None:
        made.decimals(decimals)
    return made.no_value(empty) if empty else made


def days(
    title: str,
    why: str,
    unit: str,
    *queries: prometheus.Dataquery,
    size: tuple[int, int] = (12, 8),
    stacked: bool = True,
    legend: Sequence[str] = ("sum",),
    right: bool = False,
) -> timeseries.Panel:
    """A bar for each UTC day, from its midnight on."""
    made = lines(title, why, unit, *queries, size=size, legend=legend, right=right).interval("1d")
    made.draw_style(options.GraphDrawStyle.BARS).bar_alignment(options.BarAlignment.AFTER)
    made.fill_opacity(80).line_width(0).bar_width_factor(0.9)
    if stacked:
        made.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return made


def lines(
    title: str,
    why: str,
    unit: str,
    *queries: prometheus.Dataquery,
    size: tuple[int, int] = (12, 8),
    legend: Sequence[str] = (),
    right: bool = False,
) -> timeseries.Panel:
    """Lines over time, with what `legend` says of each (`lastNotNull`, `max`, `sum`) below, or in a table beside."""
    made = timeseries.Panel()
    _dress(made, title, why, unit=unit, queries=queries, size=size)
    shown = common.VizLegendOptions().show_legend(True).calcs(list(legend))
    if right:
        shown.display_mode(options.LegendDisplayMode.TABLE).placement(options.LegendPlacement.RIGHT)
        shown.sort_by(_CALCS[legend[0]]).sort_desc(True)
    else:
        shown.display_mode(options.LegendDisplayMode.LIST).placement(options.LegendPlacement.BOTTOM)
    made.legend(shown)
    made.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING))
    made.fill_opacity(8).line_width(2).show_points(options.VisibilityMode.NEVER).axis_soft_min(0)
    return made


_CALCS = {"sum": "Total", "lastNotNull": "Last *", "max": "Max", "mean": "Mean"}
"""What legends call their columns."""


def steps_by_day(
    title: str, why: str, unit: str, *queries: prometheus.Dataquery, size: tuple[int, int] = (12, 8)
) -> timeseries.Panel:
    """A step for each UTC day: for ratios, which cannot be stacked or added up."""
    made = lines(title, why, unit, *queries, size=size, legend=("mean", "lastNotNull")).interval("1d")
    return made.line_interpolation(options.LineInterpolation.STEP_AFTER)


def drawn(panel: timeseries.Panel, name: str, **custom: object) -> timeseries.Panel:
    """The panel with one series drawn otherwise, such as `drawStyle="line"`."""
    return panel.override_by_name(
        name, [model.DynamicConfigValue(id_val=f"custom.{key}", value=value) for key, value in custom.items()]
    )


BELOW_ZERO: dict[str, object] = {"transform": "negative-Y"}
AS_LINE: dict[str, object] = {
    "drawStyle": "line",
    "lineInterpolation": "stepAfter",
    "lineWidth": 2,
    "fillOpacity": 0,
    "stacking": {"mode": "none", "group": "B"},
}
"""A step for each day: for what must not be added to the bars beside it."""


def paint(panel: timeseries.Panel, **colours: str) -> timeseries.Panel:
    """The panel with these series in these colours, by their names in the legend."""
    for name, colour in colours.items():
        chosen = model.FieldColor(mode=model.FieldColorModeId.FIXED, fixed_color=colour)
        panel.override_by_name(name, [model.DynamicConfigValue(id_val="color", value=chosen)])
    return panel


def ranking(
    title: str,
    why: str,
    unit: str,
    *queries: prometheus.Dataquery,
    size: tuple[int, int] = (8, 8),
    colour: str = BLUE,
) -> bargauge.Panel:
    """Horizontal bars of some names, in the order in which the query gives them."""
    made = bargauge.Panel()
    _dress(made, title, why, unit=unit, queries=queries, size=size)
    made.orientation(options.VizOrientation.HORIZONTAL).display_mode(options.BarGaugeDisplayMode.BASIC)
    made.value_mode(options.BarGaugeValueMode.TEXT).show_unfilled(False).min(0)
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).color_scheme(fixed(colour))
    return made.text(common.VizTextDisplayOptions().title_size(13).value_size(16))


@dataclass(frozen=True)
class Column:
    """A column of a table: what the query calls it, what people do, and how it looks."""

    field: str
    title: str
    unit: str | None = None
    width: int | None = None
    decimals: int | None = None
    colours: Steps | None = None
    """Of the text, by value."""
    bar: str | None = None
    """The colour of a bar in the cell, as long as the value is great."""
    link: str | None = None
    """Where a click leads; `${__value.raw}` is the value, `${__data.fields.NAME}` another column's."""
    words: Mapping[str, str] | None = None
    """What stands for some values."""
    empty: str | None = None
    """What stands where there is no value."""
    align: Literal["left", "right"] | None = None

    def properties(self) -> list[model.DynamicConfigValue]:
        """Its settings, as Grafana wants them."""
        found: dict[str, Any] = {
            "unit": self.unit,
            "custom.width": self.width,
            "custom.align": self.align,
            "decimals": self.decimals,
            "noValue": self.empty,
        }
        if self.colours:
            found["thresholds"] = steps(self.colours).build()
            found["color"] = model.FieldColor(mode=model.FieldColorModeId.THRESHOLDS)
            found["custom.cellOptions"] = {"type": "color-text"}
        if self.bar:
            found["color"] = model.FieldColor(mode=model.FieldColorModeId.FIXED, fixed_color=self.bar)
            found["custom.cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
            found["min"] = 0
        if self.link:
            found["links"] = [{"title": self.title, "url": self.link}]
        if self.words:
            results = {value: model.ValueMappingResult(text=text) for value, text in self.words.items()}
            found["mappings"] = [model.ValueMap(options=results)]
        return [
            model.DynamicConfigValue(id_val=name, value=value) for name, value in found.items() if value is not None
        ]


def listing(
    title: str,
    why: str,
    columns: Sequence[Column],
    *queries: prometheus.Dataquery,
    join: str | None = None,
    only: str | None = None,
    sort: tuple[str, Literal["up", "down"]] | None = None,
    size: tuple[int, int] = (24, 10),
) -> table.Panel:
    """A table of `columns`, and no others, in their order.

    Of several queries, rows whose labels are equal become one; with `join`, those for which this one label is. Rows
    without the field `only` are left out.
    """
    made = table.Panel()
    _dress(made, title, why, unit="short", queries=queries, size=size)
    if join:
        made.with_transformation(_transformation("joinByField", {"byField": join, "mode": "outer"}))
    elif len(queries) > 1:
        made.with_transformation(_transformation("merge", {}))
    if only:
        given = {"fieldName": only, "config": {"id": "isNotNull", "options": {}}}
        made.with_transformation(
            _transformation("filterByValue", {"filters": [given], "type": "include", "match": "all"})
        )
    names = {column.field: column.title for column in columns}
    order = {column.field: place for place, column in enumerate(columns)}
    made.with_transformation(_transformation("filterFieldsByName", {"include": {"names": list(names)}}))
    made.with_transformation(_transformation("organize", {"indexByName": order, "renameByName": names}))
    made.cell_height(options.TableCellHeight.SM).filterable(True)
    if sort:
        by = common.TableSortByFieldState().display_name(sort[0]).desc(sort[1] == "down")
        made.sort_by([by])
    for column in columns:
        if properties := column.properties():
            made.override_by_name(column.title, properties)
    return made


def _transformation(name: str, how: dict[str, Any]) -> model.DataTransformerConfig:
    return model.DataTransformerConfig(id_val=name, options=how)


def note(title: str, words: str, *, size: tuple[int, int] = (24, 3)) -> text.Panel:
    """Words, as Markdown."""
    made = text.Panel().title(title).description("A note on the panels around it.").span(size[0]).height(size[1])
    return made.mode("markdown").content(words)  # type: ignore[arg-type]
