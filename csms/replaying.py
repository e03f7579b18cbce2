"""`python -m csms replay FILE`: the CSMS's side of a recording, played to the stations that connect."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csms.option_listen import LISTEN
from csms.options import CsmsOptions
from shared.option_fields import option, same
from shared.option_values import positive, versions
from shared.replay.options import ReplayOptions, replay_parser
from shared.versions import Version

if TYPE_CHECKING:
    from shared.replay.replay import Replay

EXAMPLES = """\
examples:
  python -m csms replay monday.jsonl --port 9000
  python -m csms replay monday.jsonl --tolerant --ignore MeterValues
  python -m csms replay fleet.log --station CP7
"""


@dataclass(frozen=True, eq=False, repr=False)
class CsmsReplayOptions(ReplayOptions):
    """What to play, and where to wait for the station to play it to."""

    host: str = same(CsmsOptions, "host")
    port: int = same(CsmsOptions, "port")
    versions: tuple[Version, ...] = option(
        (),
        "the OCPP versions to serve",
        group=LISTEN,
        parse=versions,
        many=True,
        metavar="V,V",
        shown="the recorded ones",
    )
    no_subprotocol: str = same(CsmsOptions, "no_subprotocol")
    lenient_subprotocol: bool = same(CsmsOptions, "lenient_subprotocol")
    tls_cert: str | None = same(CsmsOptions, "tls_cert")
    tls_key: str | None = same(CsmsOptions, "tls_key")
    passwords: str | None = same(CsmsOptions, "passwords")
    compression: bool = same(CsmsOptions, "compression")
    wait_for: float | None = option(
        None,
        "end with 3 when no station has connected after so long",
        group=LISTEN,
        parse=positive,
        shown="never",
    )


def main(role: str, arguments: Sequence[str]) -> int:
    """Play a recording; gives the exit status."""
    parser = replay_parser(
        CsmsReplayOptions,
        role,
        prefix="OCPP_CSMS_",
        description="Play the CSMS's side of a recorded conversation to a station that connects.",
        examples=EXAMPLES,
        groups=(LISTEN,),
    )
    options = parser.parse_args(arguments)
    from shared.replay.program import run

    return run(role, options, lambda replay: play(replay, options))


async def play(replay: "Replay", options: CsmsReplayOptions) -> None:
    """Listen, and play to each station that connects until all was played. Raises `CannotReach`, UsageError."""
    import asyncio
    import sys

    from csms.making import admission_of, listen, tls_of
    from csms.recorded import RecordedCsms
    from shared.replay.program import CannotReach
    from shared.streams import say

    recording = replay.recording
    recorded = tuple(dict.fromkeys(recording.version(name) for name in recording.stations))
    options = dataclasses.replace(options, versions=options.versions or recorded)
    admission, tls = admission_of(options), tls_of(options)  # type: ignore[arg-type]
    csms = RecordedCsms(replay)
    try:
        port = await listen(csms, options, admission, tls)  # type: ignore[arg-type]
    except OSError as problem:
        where = f"{options.host}:{options.port}"
        raise CannotReach(f"cannot listen on {where}: {problem.strerror or problem}") from None
    say(sys.stdout, f"listening on {'wss' if tls else 'ws'}://{options.host}:{port}\n")
    try:
        try:
            async with asyncio.timeout(options.wait_for):
                await csms.met.wait()
        except TimeoutError:
            raise CannotReach(f"no station connected within {options.wait_for:g} s (--wait-for)") from None
        await replay.over.wait()
    finally:
        await csms.stop()
