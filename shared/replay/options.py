"""The options of `replay` that both programs have, and the way to take over options of the programs themselves."""

from dataclasses import dataclass
from typing import Any

from shared.option_fields import option, same
from shared.option_values import filled, listed, positive, readable
from shared.options import CommonOptions, OptionParser

RECORDING, PACE, COUNT = "the recording", "pace", "what counts"

ENDS = """\
A file is a journal (--journal), or a log of any program with one OCPP frame a
line. Message ids are made anew, transaction and request ids are taken from the
live answers, timestamps are moved to now.

exit status: 0 played, 1 the other side did otherwise (not with --tolerant),
2 a file or option that cannot be used, 3 could not connect or listen,
70 a fault of our own, 130 or 143 interrupted
"""


@dataclass(frozen=True, eq=False, repr=False)
class ReplayOptions:
    """What to play, how fast, and what is to be the same."""

    config: str | None = same(CommonOptions, "config")
    print_config: bool = same(CommonOptions, "print_config")
    file: str = option(
        "",
        "the journal or log to play",
        group=RECORDING,
        positional=True,
        parse=readable,
        required=True,
        metavar="FILE",
    )
    station: str | None = option(
        None,
        "play only this station of the recording",
        group=RECORDING,
        parse=filled,
        metavar="ID",
        shown="all of them",
    )
    time_scale: float = option(
        1.0,
        "play so many times faster than recorded",
        group=PACE,
        parse=positive,
        metavar="FACTOR",
        exclusive="pace",
    )
    as_fast_as_possible: bool = option(
        False, "wait only for what the other side says", group=PACE, exclusive="pace"
    )
    message_timeout: float = option(
        30.0,
        "how much longer than recorded an answer or a call of the other side may take",
        group=PACE,
        parse=positive,
    )
    tolerant: bool = option(False, "list differences, but end with 0 all the same", group=COUNT)
    ignore: tuple[str, ...] = option(
        (),
        "pass over differences there, as in MeterValues or interval or *.idToken.type",
        group=COUNT,
        parse=listed(filled, "path"),
        many=True,
        metavar="PATH,PATH",
    )
    keep_ids: bool = option(False, "send the recorded ids as they are, and expect the same", group=COUNT)
    keep_times: bool = option(False, "send the recorded timestamps as they are", group=COUNT)
    journal: str | None = same(CommonOptions, "journal")
    log_level: str = same(CommonOptions, "log_level")
    max_message_size: int = same(CommonOptions, "max_message_size")
    ping_interval: float | None = same(CommonOptions, "ping_interval")
    seed: int = same(CommonOptions, "seed")
    run_id: str | None = same(CommonOptions, "run_id")
    inject: tuple[Any, ...] = same(CommonOptions, "inject")


def replay_parser(
    options_class: type[Any],
    role: str,
    *,
    prefix: str,
    description: str,
    examples: str,
    groups: tuple[str, ...],
) -> OptionParser[Any]:
    """The parser of `python -m ROLE replay`; in a file its options stand under [ROLE_replay]."""
    made = OptionParser(
        options_class,
        prog=f"{role} replay",
        table=f"{role}_replay",
        prefix=prefix,
        description=description,
        command=f"python -m {role} replay",
        groups=(RECORDING, *groups, PACE, COUNT),
    )
    made.epilog = f"{examples}\n{ENDS}"
    return made
