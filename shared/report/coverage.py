"""The coverage of a run: what was exercised of the minimum, of all messages and of all values; a gate, if wanted.

coverage                       in words on the terminal
coverage:cov.txt               the same in a file
coverage:cov.json              the matrix as JSON
  merge=cov.json               add what an earlier run had (the report's own file may be missing at first)
  minimum=100,messages=60      the run is red when a version has less than so many per cent of it; also values=
  versions=1.6+2.0.1           judge these, instead of the versions that were spoken
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator

import orjson

from shared.option_fields import UsageError
from shared.report.base import Settings
from shared.report.coverage_catalogue import ANSWER, REQUEST, enumerations, messages
from shared.report.coverage_matrix import MEASURES, MESSAGES, MINIMUM, VALUES, Matrix
from shared.report.coverage_minimum import rows
from shared.report.events import Event, RunStarted, ScenarioFinished, ScenarioStarted
from shared.suggest import not_one_of
from shared.versions import VERSIONS, Version, version


class CoverageReport:
    """Counts what every conversation exercised, and judges when the run is over."""

    def __init__(self, settings: Settings) -> None:
        self._sink = settings.sink
        self._as_json = settings.path.endswith(".json")
        self._width = settings.width or 80
        self._thresholds = {
            name: _percent(name, settings.options[name]) for name in MEASURES if name in settings.options
        }
        self._wanted = _versions(settings.options.get("versions", ""))
        self._spoken: dict[str, str] = {}
        self._below: list[str] = []
        self.matrix = Matrix()
        before = settings.options.get("merge")
        if before is not None:
            self._merge(before, settings.path)

    @property
    def problems(self) -> list[str]:
        """What is below its threshold, and whether the file could not be written."""
        return [*self._below, *([self._sink.problem] if self._sink.problem else [])]

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, RunStarted):
            self.matrix.runs += 1
        elif isinstance(event, ScenarioStarted):
            self._spoken[event.id] = event.version
        elif isinstance(event, ScenarioFinished):
            self.matrix.take(event.journal, self._spoken.pop(event.id, ""), event.epoch)

    def close(self) -> None:
        """Write the report, and judge it."""
        spoken = self._wanted or self.matrix.versions
        self._sink.begin()
        if self._as_json:
            whole = orjson.dumps(self.matrix.as_object(spoken), option=orjson.OPT_INDENT_2)
            self._sink.write(whole.decode() + "\n")
        else:
            self._sink.write("\n".join(in_words(self.matrix, spoken, self._width)) + "\n")
        self._sink.close()
        self._below = list(self._judge(spoken))

    def _merge(self, before: str, path: str) -> None:
        if not before:
            raise UsageError("report coverage: merge= needs the file of an earlier run")
        own = bool(path) and os.path.realpath(before) == os.path.realpath(path)
        if own and (not os.path.exists(before) or not os.path.getsize(before)):
            return  # the first of the runs that are added up
        self.matrix.merge(before)

    def _judge(self, spoken: list[Version]) -> Iterator[str]:
        if self._thresholds and not spoken:
            yield "coverage: no OCPP message was seen, so no threshold is reached"
        for each in spoken:
            for name, wanted in self._thresholds.items():
                share = self.matrix.share(each, name)
                if share.percent < wanted:
                    missing = (
                        f"; missing: {', '.join(_missing_minimum(self.matrix, each))}"
                        if name == MINIMUM
                        else ""
                    )
                    yield f"coverage: {name} of OCPP {each} is {share}, below {wanted:g} %{missing}"


def _percent(name: str, text: str) -> float:
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise UsageError(f"report coverage: {name}: {text!r} is not a percentage from 0 to 100")
    return number


def _versions(text: str) -> list[Version]:
    found = []
    for name in text.split("+") if text else []:
        try:
            found.append(version(name.strip()))
        except KeyError:
            wrong = not_one_of(name.strip(), "an OCPP version", [str(v) for v in VERSIONS])
            raise UsageError(f"report coverage: versions: {wrong}") from None
    return [v for v in VERSIONS if v in found]


def _missing_minimum(matrix: Matrix, spoken: Version) -> list[str]:
    return [
        f"{row.message} {variant}"
        for row in rows(spoken)
        for variant in row.variants
        if not matrix.minimum[spoken][row.message, variant]
    ]


# --- in words -----------------------------------------------------------------------------------------------------


def in_words(matrix: Matrix, spoken: list[Version], width: int = 80) -> Iterator[str]:
    """The matrix for a person: per version the three measures, the minimum, messages by block, values not seen."""
    yield f"coverage of {matrix.scenarios} conversations in {matrix.runs} {'run' if matrix.runs == 1 else 'runs'}"
    if not spoken:
        yield "  no OCPP message was seen"
    for each in spoken:
        yield ""
        shares = ", ".join(f"{name} {matrix.share(each, name)}" for name in MEASURES)
        yield from _wrapped(f"OCPP {each}: {shares}", "", width)
        yield from _minimum_words(matrix, each, width)
        yield from _message_words(matrix, each, width)
        yield from _value_words(matrix, each, width)


def _minimum_words(matrix: Matrix, spoken: Version, width: int) -> Iterator[str]:
    yield "  the minimum of eight messages (+ seen, - not)"
    for row in rows(spoken):
        seen = matrix.minimum[spoken]
        words = " ".join(f"{'+' if seen[row.message, each] else '-'}{each}" for each in row.variants)
        yield from _wrapped(f"{row.message:<19} {words}", "    ", width, 20)


def _message_words(matrix: Matrix, spoken: Version, width: int) -> Iterator[str]:
    yield "  messages, request and answer (> from the station, < from the CSMS)"
    blocks: dict[str, list[str]] = {}
    never: list[str] = []
    for message in messages(spoken):
        arrow = ">" if message.sender == "charge_point" else "<"
        counts = [matrix.messages[spoken][message.sender, message.action, part] for part in message.parts]
        if any(counts):
            numbers = "/".join(map(str, counts))
            blocks.setdefault(message.block, []).append(f"{arrow}{message.action} {numbers}")
        else:
            never.append(f"{arrow}{message.action}")
    for block, words in blocks.items():
        yield from _wrapped(f"{block:<15} {', '.join(words)}", "    ", width, 16)
    if never:
        yield from _wrapped(f"{'never':<15} {', '.join(never)}", "    ", width, 16)


def _value_words(matrix: Matrix, spoken: Version, width: int) -> Iterator[str]:
    """Values of the messages that were exercised, where they stand at the top or one below."""
    found = []
    for message in messages(spoken):
        for part in (REQUEST, ANSWER):
            if not matrix.messages[spoken][message.sender, message.action, part]:
                continue
            for path, allowed in enumerations(spoken, message.action, part).items():
                if path.count(".") > 1 or "[" in path:
                    continue
                seen = matrix.values[spoken]
                missing = [v for v in allowed if not seen[message.sender, message.action, part, path, v]]
                if missing:
                    said = f"{len(allowed) - len(missing)} of {len(allowed)}, not {', '.join(missing)}"
                    found.append(f"{message.action} {part} {path}: {said}")
    if found:
        yield "  values of these messages that were not seen"
    for line in found:
        yield from _wrapped(line, "    ", width, 4)


def _wrapped(text: str, indent: str, width: int, hang: int = 2) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_on_hyphens=False,
        break_long_words=False,
    )


__all__ = ["MESSAGES", "MINIMUM", "VALUES", "CoverageReport", "in_words"]
