"""The options of `run`, in common to both programs; each adds how it reaches, or is reached by, the other side."""

# ruff: noqa: RUF009  (`option` makes a dataclass field)

from dataclasses import dataclass

from shared.option_fields import UsageError, option
from shared.option_values import Pairs, filled, positive
from shared.options import CommonOptions

WHAT, HOW, SAY = "what to run", "how to run it", "verdicts and reports"
GROUPS = (WHAT, HOW, SAY)


def _text(key: str, value: str) -> str:
    return value


def _reports(texts: list[str]) -> tuple[str, ...]:
    """`NAME:PATH,...` as they were given; their names are known."""
    from shared.report.table import parse_report

    for text in texts:
        try:
            parse_report(text)
        except UsageError as wrong:
            raise ValueError(str(wrong)) from None
    return tuple(texts)


@dataclass(frozen=True, eq=False, repr=False)
class RunOptions(CommonOptions):
    """What to run, and what its verdicts mean."""

    scenarios: tuple[str, ...] = option(
        (),
        "files, folders, patterns, or the names of installed scenarios",
        group=WHAT,
        parse=tuple,
        many=True,
        nargs="*",
        positional=True,
        metavar="SCENARIO",
    )
    list: bool = option(False, "list the installed scenarios, or those that were named, and end", group=WHAT)
    param: dict[str, str] = option(
        {},
        "give a parameter of the scenarios another value; may be repeated",
        group=WHAT,
        parse=Pairs("NAME=VALUE", _text),
        many=True,
        metavar="NAME=VALUE",
    )
    tokens: dict[str, str] = option(
        {},
        "what $tokens.NAME are at the other side, as in valid=04A1,expired=04A2",
        group=WHAT,
        parse=Pairs("NAME=TOKEN", _text, commas=True),
        many=True,
        metavar="NAME=TOKEN",
    )
    pair: bool = option(False, "play both roles in this process, whatever the scenarios' roles", group=HOW)
    sockets: bool = option(False, "let the pair talk over real sockets instead of in memory", group=HOW)
    time_scale: float = option(
        1.0,
        "let scenario time with a foreign system pass so many times faster",
        group=HOW,
        parse=positive,
        metavar="FACTOR",
    )
    wait_for: float = option(
        30.0, "how long to wait for the first connection", group=HOW, parse=positive, metavar="SECONDS"
    )
    assume_needs: bool = option(
        False, "take it that the other side is set up as the scenarios need it", group=HOW
    )
    sut: str | None = option(
        None,
        "what has the system under test act: a shell command (STATION NAME JSON follow), or an http:// address",
        group=HOW,
        parse=filled,
        metavar="COMMAND|URL",
    )
    operator: str | None = option(
        None,
        "what acts at a foreign station: a shell command (STATION NAME JSON follow), or an http:// address",
        group=HOW,
        parse=filled,
        metavar="COMMAND|URL",
    )
    report: tuple[str, ...] = option(
        (),
        "write a report, as in junit:out.xml, html:run.html, jsonl:run.jsonl; may be repeated",
        group=SAY,
        parse=_reports,
        many=True,
        metavar="NAME:PATH",
    )
    allow_inconclusive: bool = option(False, "inconclusive scenarios do not make the run red", group=SAY)

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself; UsageError."""
        if self.sockets and self.foreign:
            raise UsageError("is for a pair; add --pair", "sockets")
        if "time_scale" in given and not self.foreign:
            raise UsageError("is for a foreign system; a pair never waits", "time_scale")
        if self.state is not None:
            raise UsageError("has no use here: every scenario begins with new stations", "state")
        if self.interactive:
            raise UsageError("has no use here: scenarios say what is done", "interactive")
        if not self.list and not self.scenarios:
            raise UsageError("which scenarios? name files, folders or installed ones (--list shows them)")

    @property
    def foreign(self) -> bool:
        """Whether the other side is not ours."""
        return not self.pair
