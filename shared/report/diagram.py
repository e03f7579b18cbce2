"""A conversation as a sequence diagram in HTML: a row for each frame, with the lifelines and its arrow as inline SVG.

Every row that has more to say is a `<details>`, so that it opens with the keyboard and without any script, and the
frame appears between the lifelines where it was sent. The arrows are symbols that the page defines once
(`symbols`); a row only names its own. Everything that came from a peer goes through `esc`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

import orjson

from shared.actions import STATION
from shared.clock import microseconds
from shared.journal.entry import CLOSE, FRAME, OPEN
from shared.journal.redaction import redacted
from shared.report.conversation import CARRIED, UNSENT, Passage
from shared.report.events import Failure, Verdict
from shared.report.transcript import STATES, Step, label, text_of, timeline
from shared.report.words import MARKS, Told, place, visible

MOST_LANES = 6
"""With more stations than this in one conversation they share a lifeline, and each row names its station."""
MOST_ROWS = 500
"""Of longer conversations the beginning, the end and what is around the failure are shown."""
_AROUND = 60
_INSET = 16
_MOST_FRAME = 20_000


def esc(text: object) -> str:
    """`text` for an HTML page, within an element or a quoted attribute: no markup, and nothing that cannot be seen."""
    return html.escape(visible(str(text)), quote=True)


class Diagram:
    """The rows of one scenario's conversation. `prefix` begins the ids of its rows, so that they can be linked to."""

    def __init__(self, told: Told, prefix: str, symbols: set[tuple[int, int, str]]) -> None:
        assert told.finished is not None
        self._told = told
        self._epoch = told.finished.epoch
        self._prefix = prefix
        self._symbols = symbols
        self._items = timeline(told)
        lines = [item for item in self._items if isinstance(item, Passage)]
        stations = dict.fromkeys(
            line.entry.station for line in lines if line.entry.sort in (FRAME, OPEN, CLOSE)
        )
        self._several = len(stations) > 1
        self._shared = len(stations) > MOST_LANES
        names = ["stations"] if self._shared else list(stations) or ["station"]
        self._lane = {name: at for at, name in enumerate(names)}
        self._names = [*names, "CSMS"]
        self._has_frames = bool(lines)
        self._failure = failure = told.finished.failure
        self._failed_seq = failure.seq if failure else 0
        self._row_of = {seq: line.seqs[0] for line in lines for seq in line.seqs}

    def html(self) -> Iterator[str]:
        """The whole diagram."""
        if not self._items:
            yield "<p class=quiet>No step was begun and nothing was said.</p>"
            return
        yield "<div class=talk>"
        if self._has_frames:
            yield f"<div class=heads><span class=t></span>{self._heads()}</div>"
        part = ""
        shown = self._chosen()
        before = -1
        for at in shown:
            if at != before + 1:
                yield f"<div class=cutout>{at - before - 1} rows left out</div>"
            before = at
            item = self._items[at]
            if isinstance(item, Passage):
                yield self._line(item)
                continue
            if item[0].part != part:
                part = item[0].part
                yield f"<h4>{esc(part)}</h4>"
            yield self._step(item)
        yield "</div>"

    def _heads(self) -> str:
        """The names above the lifelines, each centred on its own."""
        count = len(self._names)
        step = position(1, count) - position(0, count)
        width = min(step, 2 * position(0, count))
        columns = [position(0, count) - width / 2, width, *[step - width, width] * (count - 1)]
        heads = "".join(
            f"<span style='grid-column:{2 * at + 2}'>{esc(name)}</span>"
            for at, name in enumerate(self._names)
        )
        template = " ".join(f"{column:.3f}%" for column in columns)
        return f"<div class=lanes style='grid-template-columns:{template}'>{heads}</div>"

    def actions(self) -> set[str]:
        """The actions that were called, to be searched for."""
        lines = [item for item in self._items if isinstance(item, Passage)]
        return {
            str(line.parts[2])[:60] for line in lines if line.kind in ("call", "send") and len(line.parts) > 2
        }

    def _chosen(self) -> list[int]:
        """Which rows are shown."""
        count = len(self._items)
        if count <= MOST_ROWS:
            return list(range(count))
        spots = [at for at, item in enumerate(self._items) if self._is_bad(item)][:3]
        keep = set(range(MOST_ROWS // 5)) | set(range(count - MOST_ROWS // 5, count))
        for spot in spots:
            keep |= set(range(max(spot - _AROUND, 0), min(spot + _AROUND // 2, count)))
        steps = [(at, item[0]) for at, item in enumerate(self._items) if not isinstance(item, Passage)]
        keep |= {at for at, step in steps if not step.path}
        return sorted(keep)

    def _is_bad(self, item: Passage | Step) -> bool:
        if isinstance(item, Passage):
            return self._failed_seq in item.seqs
        return item[1] is not None and not item[1].verdict.is_good

    # --- steps --------------------------------------------------------------------------------------------

    def _step(self, step: Step) -> str:
        started, ended = step
        verdict = ended.verdict if ended else None
        bad = verdict is not None and not verdict.is_good
        mark = MARKS[verdict] if verdict else "…"
        words = str(verdict) if verdict else "not ended"
        line = f" <small>line {started.line}</small>" if started.line else ""
        failure = ended.failure if ended else None
        said, shown = "", ""
        if failure is not None and bad:
            if failure.line != started.line:  # of a step inside, which has its own row
                pass
            elif failure == self._failure:  # told in full above the diagram
                said = f"<span class=said>{esc(_in_a_line(failure))}</span>"
            else:
                shown = self.failure(failure)
        head = (
            f"<span class=t>{when(started.t)}</span><span class=words><b class=mark title='{esc(words)}'>{mark}</b> "
            f"<span class=n>{started.label}</span> {esc(started.text)}{line}"
            f"<span class=sr> {esc(words)}</span>{said}</span>"
        )
        kind = "bad" if verdict in (Verdict.FAILED, Verdict.ERROR) else "doubt" if bad else ""
        inside = f" style='--in:{min(len(started.path), 6)}'" if started.path else ""
        return f"<div class='step {kind}'{inside}>{head}</div>{shown}"

    def failure(self, failure: Failure) -> str:
        """What was expected and what came, with the way to the frame."""
        rows = []
        if failure.path or failure.seq:
            frame = self.link(failure.seq, f"frame {failure.seq}") if failure.seq else ""
            path = f"<code>{esc(failure.path)}</code>" if failure.path else ""
            rows.append(("at", " of ".join(part for part in (path, frame) if part)))
        if failure.expected or failure.actual:
            rows.append(("expected", f"<code class=want>{esc(failure.expected or '-')}</code>"))
            rows.append(("actual", f"<code class=got>{esc(failure.actual or '-')}</code>"))
        where = place(failure.file, failure.line)
        title = " — ".join(part for part in (esc(where), esc(failure.step)) if part)
        listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
        return (
            f"<div class=why>{f'<p class=where>{title}</p>' if title else ''}"
            f"<p class=message>{esc(failure.message)}</p>{f'<dl>{listed}</dl>' if listed else ''}</div>"
        )

    def link(self, seq: int, words: str) -> str:
        """A way to the row of journal entry `seq`, or only the words when it has none."""
        row = self._row_of.get(seq)
        return f"<a href='#{self._prefix}f{row}'>{esc(words)}</a>" if row else esc(words)

    # --- frames and notes ---------------------------------------------------------------------------------

    def _line(self, line: Passage) -> str:
        if line.entry.sort == FRAME:
            return self._frame(line)
        entry = line.entry
        finding = " finding" if entry.is_finding else ""
        name = entry.note or {OPEN: "connected", CLOSE: "connection ended"}.get(entry.sort, entry.sort)
        clause = f" <cite>{esc(entry.clause)}</cite>" if entry.clause else ""
        to = f" {self.link(entry.ref, f'frame {entry.ref}')}" if entry.ref else ""
        who = f"<span class=who>{esc(entry.station)}</span> " if self._several and entry.station else ""
        mark = "<b class=mark title=finding>!</b> " if finding else ""
        words = f"{mark}{who}<b>{esc(name)}</b> {esc(text_of(entry))}{clause}{to}"
        return (
            f"<div class='note {esc(entry.sort)}{finding}' id={self._prefix}f{entry.seq}>"
            f"<span class=t>{when(entry.t)}</span><span class=words>{words}</span></div>"
        )

    def _frame(self, line: Passage) -> str:
        entry = line.entry
        action, words = label(line)
        hit = " hit" if self._failed_seq and self._failed_seq in line.seqs else ""
        state = f" <em>{STATES[line.state]}</em>" if line.state != CARRIED else ""
        who = f"<span class=who>{esc(entry.station)}</span> " if self._shared else ""
        failing = " <em class=here>failed here</em>" if hit else ""
        summary = (
            f"<summary><span class=t>{when(entry.t)}</span><span class=lane>"
            f"<span class=label>{who}<b>{esc(action)}</b> {esc(words)}{state}{failing}</span>"
            f"{self._arrow(line)}</span></summary>"
        )
        kind = f"{line.kind} {'up' if line.sender == STATION else 'down'} {line.state}{hit}"
        return f"<details class='frame {kind}' id={self._prefix}f{line.seqs[0]}>{summary}{self._inside(line)}</details>"

    def _inside(self, line: Passage) -> str:
        entry = line.entry
        numbers = ", ".join(map(str, line.seqs))
        seen = f"{entry.dir} at {entry.end}" if len(line.seqs) == 1 else "seen at both ends"
        facts = (
            f"frame {numbers} · {esc(entry.station)} · {microseconds(self._epoch + entry.t)} · {esc(seen)}"
        )
        return f"<div class=inside><p>{facts}</p><pre tabindex=0>{esc(frame_text(line))}</pre></div>"

    def _arrow(self, line: Passage) -> str:
        lane = self._lane.get(line.entry.station, 0)
        way = ("r" if line.sender == STATION else "l") + ("" if line.state in (CARRIED, UNSENT) else "x")
        self._symbols.add((len(self._names), lane, way))
        return f"<svg aria-hidden=true><use href='#{symbol_name(len(self._names), lane, way)}'/></svg>"


def _in_a_line(failure: Failure) -> str:
    if not failure.expected and not failure.actual:
        return failure.message
    path = f" at {failure.path}" if failure.path else ""
    if failure.expected in failure.message and failure.actual in failure.message:
        return failure.message  # which says both already
    return f"{failure.message}: expected {failure.expected or '-'}{path}, came {failure.actual or '-'}"


def when(t: float) -> str:
    """Protocol seconds as a column of a diagram has room for them."""
    if t < 1000:
        return f"{t:.3f}"
    hours, rest = divmod(int(t), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def frame_text(line: Passage) -> str:
    """A frame as it was, indented when it is JSON, without its secrets, and not without end."""
    if isinstance(line.entry.what, bytes):
        return f"{len(line.entry.what)} bytes that are no text: {line.entry.what[:400].hex(' ')}"
    text = str(redacted({"frame": line.entry.what})["frame"])
    if len(text) > _MOST_FRAME:
        return f"{text[:_MOST_FRAME]}\n.. {len(text) - _MOST_FRAME} more characters"
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (ValueError, TypeError, RecursionError):
        return text


def position(lane: int, lanes: int) -> float:
    """Where a lifeline stands, in per cent of the width: as far apart as their names leave room for."""
    inset = min(50 / lanes, _INSET)
    return inset + lane * (100 - 2 * inset) / (lanes - 1)


def symbol_name(lanes: int, lane: int, way: str) -> str:
    """The id of an arrow: of so many lifelines, between that of a station and the CSMS's, `r`ight or `l`eft."""
    return f"a{lanes}-{lane}{way}"


def symbols(wanted: Iterable[tuple[int, int, str]]) -> str:
    """The arrows of a page, which its diagrams name. An `x` in the way: it does not arrive."""
    drawn = "".join(_symbol(*each) for each in sorted(wanted))
    return f"<svg width=0 height=0 style='position:absolute' aria-hidden=true>{drawn}</svg>"


def _symbol(lanes: int, lane: int, way: str) -> str:
    def at(number: float) -> str:
        return f"{number:.3f}%"

    station, csms = position(lane, lanes), position(lanes - 1, lanes)
    begin, end = (station, csms) if way[0] == "r" else (csms, station)
    stop = (begin + end) / 2 if "x" in way else end
    lines = "".join(
        f"<line class=life x1={at(x)} x2={at(x)} y1=0 y2=100% />"
        for x in (position(n, lanes) for n in range(lanes))
    )
    back = -1 if way[0] == "r" else 1
    head = (
        "<path class=cross d='M-5-5 5 5M-5 5 5-5'/>"
        if "x" in way
        else f"<path class=head d='M{back * 9}-5 0 0 {back * 9} 5z'/>"
    )
    return (
        f"<symbol id='{symbol_name(lanes, lane, way)}' overflow=visible>{lines}"
        f"<g transform='translate(0 -9)'><line class=shaft x1={at(begin)} x2={at(stop)} y1=100% y2=100% />"
        f"<svg x={at(stop)} y=100% overflow=visible>{head}</svg></g></symbol>"
    )
