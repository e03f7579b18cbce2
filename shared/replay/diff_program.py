"""`diff A B`: whether two journals of two builds say the same, and where they part."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from shared.option_fields import option
from shared.option_values import filled, listed, readable, whole
from shared.options import OptionParser

FILES, COUNT = "the recordings", "what counts"

EXAMPLES = """\
examples:
  python -m {role} diff before.jsonl after.jsonl
  python -m {role} diff before.jsonl after.log --ignore MeterValues,interval

A file is a journal (--journal), or a log of any program with one OCPP frame a
line. Message ids, transaction and request ids that are used alike, and times do
not count; nor do heartbeats, unless asked for.

exit status: 0 the same, 1 different, 2 a file that cannot be used
"""


def _action(text: str) -> str:
    from shared.actions import ACTIONS
    from shared.suggest import not_one_of

    if text not in ACTIONS:
        raise ValueError(not_one_of(text, "an action", ACTIONS))
    return text


@dataclass(frozen=True, eq=False, repr=False)
class DiffOptions:
    """What to compare, and what not to look at."""

    expected: str = option(
        "",
        "the one, as it should be",
        group=FILES,
        positional=True,
        parse=readable,
        required=True,
        metavar="A",
    )
    actual: str = option(
        "", "the other, as it is", group=FILES, positional=True, parse=readable, required=True, metavar="B"
    )
    heartbeats: bool = option(False, "compare heartbeats as well", group=COUNT)
    without: tuple[str, ...] = option(
        (),
        "leave out these actions, with their answers",
        group=COUNT,
        parse=listed(_action, "action"),
        many=True,
        metavar="ACTION,ACTION",
    )
    ignore: tuple[str, ...] = option(
        (),
        "pass over differences there, as in MeterValues or interval or *.idToken.type",
        group=COUNT,
        parse=listed(filled, "path"),
        many=True,
        metavar="PATH,PATH",
    )
    context: int = option(3, "how many frames to show around a difference", group=COUNT, parse=whole(0, 100))


def parser(role: str) -> OptionParser[DiffOptions]:
    """The parser of `python -m ROLE diff`."""
    made = OptionParser(
        DiffOptions,
        prog=f"{role} diff",
        table=role,
        prefix="OCPP_DIFF_",
        description="Compare two recorded conversations and show where they first part.",
        command=f"python -m {role} diff",
        groups=(FILES, COUNT),
    )
    made.epilog = EXAMPLES.format(role=role)
    return made


def main(role: str, arguments: Sequence[str]) -> int:
    """Compare; gives the exit status."""
    options = parser(role).parse_args(arguments)
    from shared.replay.diff import diff, shown
    from shared.replay.read import Unreadable, read
    from shared.streams import complete, say

    complete()
    try:
        recordings = read(options.expected), read(options.actual)
    except Unreadable as fault:
        say(sys.stderr, f"{role} diff: {fault}\n")
        return 2
    for recording in recordings:
        if recording.cut_short:
            say(sys.stderr, f"{recording.path}: the last line is only half there and is left out\n")
    left_out = {*options.without, *(() if options.heartbeats else ("Heartbeat",))}
    found = diff(*recordings, without=left_out, ignore=options.ignore, context=options.context)
    if not found:
        say(sys.stdout, f"the same: {len(recordings[0].frames)} and {len(recordings[1].frames)} frames\n")
    for difference in found:
        say(sys.stdout, shown(difference, *recordings) + "\n")
    return 1 if found else 0
