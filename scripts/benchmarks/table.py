"""The table of a run, 80 columns wide, and the same for programs."""

from __future__ import annotations

from typing import Any

from scripts.benchmarks.measures import Reading, Row

HEAD = f"{'measure':<32}{'ours':>9}{'other':>9}{'ratio':>8}{'bound':>7}{'aim':>6}  verdict"
FOOT = """\
MH: `ocpp`'s own ChargePoint on `websockets`, everything by default. ours: both
ends ours with validation and the journal in memory. "bound" must be reached;
verdict: aim (reached too), pass, MISS. Rows without a bound are for information."""


def verdict(row: Row, figure: float) -> str:
    """aim, pass or MISS; empty for a row without a bound."""
    if row.bound is None:
        return ""
    if not row.meets(figure, row.bound):
        return "MISS"
    return "aim" if row.aim is not None and row.meets(figure, row.aim) else "pass"


def line(row: Row, readings: list[Reading]) -> str:
    """One row: both figures (medians, in its unit), their ratio, what was wanted, and the verdict."""
    from statistics import median

    figure = row.figure(readings)
    ours = f"{_short(median(reading.ours for reading in readings))}"
    other = "" if row.absolute else _short(median(reading.other for reading in readings))
    name = f"{row.words}, {row.unit}"
    ratio = "" if row.absolute else f"{_ratio(figure)}x"
    wanted = [_wanted(row, value) for value in (row.bound, row.aim)]
    text = f"{ours:>9}{other:>9}{ratio:>8}{wanted[0]:>7}{wanted[1]:>6}  {verdict(row, figure)}".rstrip()
    if len(name) > 32:
        return f"{name}\n{'':<32}{text}"
    return f"{name:<32}{text}"


def as_json(row: Row, readings: list[Reading]) -> dict[str, Any]:
    """The same with every round."""
    figure = row.figure(readings)
    return {
        "name": row.name,
        "words": row.words,
        "unit": row.unit,
        "measured": figure,
        "bound": row.bound,
        "aim": row.aim,
        "verdict": verdict(row, figure),
        "rounds": [{"ours": reading.ours, "other": reading.other} for reading in readings],
    }


def _wanted(row: Row, value: float | None) -> str:
    return "" if value is None else f"{value:g}" if row.absolute else f"{value:g}x"


def _ratio(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
