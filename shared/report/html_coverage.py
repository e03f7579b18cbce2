"""The coverage of a run as a section of its page: the minimum, and the matrix of messages and values."""

from __future__ import annotations

from collections.abc import Iterator

from shared.actions import STATION
from shared.report.coverage_catalogue import Message, enumerations, messages
from shared.report.coverage_matrix import MEASURES, Matrix
from shared.report.coverage_minimum import rows
from shared.report.diagram import esc
from shared.versions import Version

_TITLES = {"minimum": "of the minimum", "messages": "of all messages", "values": "of all enumeration values"}


def coverage_section(matrix: Matrix) -> str:
    """The section, or nothing when no message was seen."""
    if not matrix.versions:
        return ""
    return (
        "<section class=coverage><h2>Coverage</h2>"
        + "".join(
            f"<h3>OCPP {spoken}</h3>{_shares(matrix, spoken)}{_minimum(matrix, spoken)}{_messages(matrix, spoken)}"
            for spoken in matrix.versions
        )
        + "</section>"
    )


def _shares(matrix: Matrix, spoken: Version) -> str:
    lines = ""
    for measure in MEASURES:
        share = matrix.share(spoken, measure)
        bar = f"<span class=meter aria-hidden=true><i style='width:{share.percent:.1f}%'></i></span>"
        lines += f"<dt>{bar}</dt><dd>{share} {_TITLES[measure]}</dd>"
    return f"<dl>{lines}</dl>"


def _minimum(matrix: Matrix, spoken: Version) -> str:
    seen = matrix.minimum[spoken]
    lines = ""
    for row in rows(spoken):
        cells = ", ".join(
            f"<span class=yes>✓ {each} x{count}</span>"
            if (count := seen[row.message, each])
            else f"<span class=no>- {each}</span>"
            for each in row.variants
        )
        lines += f"<tr><th scope=row>{row.message}</th><td>{row.priority}</td><td>{cells}</td></tr>"
    return (
        f"<details><summary>The minimum of eight messages</summary>{_SCROLL}<table><thead><tr><th>message</th>"
        f"<th>priority</th><th>variants</th></tr></thead><tbody>{lines}</tbody></table></div></details>"
    )


_SCROLL = "<div class=scroll tabindex=0 role=region aria-label=Coverage>"
"""What is wider than a telephone scrolls by itself, also for who has a keyboard only."""


def _messages(matrix: Matrix, spoken: Version) -> str:
    lines = "".join(_row(matrix, spoken, message) for message in messages(spoken))
    return (
        f"<details><summary>All messages and their values</summary>{_SCROLL}<table><thead><tr><th>message</th>"
        "<th>from</th><th>requests</th><th>answers</th><th>values seen, and not seen</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></div></details>"
    )


def _row(matrix: Matrix, spoken: Version, message: Message) -> str:
    sender, action = message.sender, message.action
    counts = [matrix.messages[spoken][sender, action, part] for part in message.parts]
    numbers = "".join(f"<td class=num>{count or ''}</td>" for count in counts)
    numbers += "<td></td>" * (2 - len(counts))
    codes = matrix.errors[spoken].items()
    errors = [
        f"CALLERROR {esc(code)} x{n}"
        for (who, what, code), n in sorted(codes)
        if (who, what) == (sender, action)
    ]
    told = [*_values(matrix, spoken, message), *errors] if any(counts) else []
    who = "station" if sender == STATION else "CSMS"
    return (
        f"<tr{'' if any(counts) else ' class=none'}><th scope=row>{action}</th><td>{who}</td>{numbers}"
        f"<td>{''.join(f'<small>{line}</small>' for line in told)}</td></tr>"
    )


def _values(matrix: Matrix, spoken: Version, message: Message) -> Iterator[str]:
    for part in message.parts:
        for path, allowed in enumerations(spoken, message.action, part).items():
            found = matrix.values[spoken]
            counts = {v: found[message.sender, message.action, part, path, v] for v in allowed}
            seen = ", ".join(f"<span class=yes>{esc(v)} x{n}</span>" for v, n in counts.items() if n)
            missing = ", ".join(esc(v) for v, n in counts.items() if not n)
            never = f" <span class=quiet>not {missing}</span>" if seen and missing else ""
            if seen:
                yield f"{esc(path)}: {seen}{never}"
