"""`python -m charge_point replay FILE --csms URL`: the station's side of a recording, played to a real CSMS."""

# ruff: noqa: RUF009  (`same` makes a dataclass field)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charge_point.options import REACH, ChargePointOptions
from shared.option_fields import UsageError, option, same
from shared.option_values import filled, versions
from shared.replay.options import ReplayOptions, replay_parser
from shared.versions import Version

if TYPE_CHECKING:
    from shared.replay.replay import Dial, Replay

EXAMPLES = """\
examples:
  python -m charge_point replay monday.jsonl --csms ws://localhost:9000
  python -m charge_point replay production.log --csms ws://localhost:9000 --id T1
  python -m charge_point replay day.jsonl --csms ws://localhost:9000 --time-scale 60
"""


@dataclass(frozen=True, eq=False, repr=False)
class StationReplayOptions(ReplayOptions):
    """What to play, and the way to the CSMS to play it to."""

    csms: str = same(ChargePointOptions, "csms")
    id: str | None = option(
        None,
        "dial under this identity; for a recording of one station",
        group=REACH,
        parse=filled,
        metavar="ID",
        shown="the recorded one",
    )
    ocpp_version: tuple[Version, ...] = option(
        (),
        "the version to offer",
        group=REACH,
        parse=versions,
        many=True,
        metavar="V",
        shown="the recorded one",
    )
    password: str | None = same(ChargePointOptions, "password")
    password_file: str | None = same(ChargePointOptions, "password_file")
    password_encoding: str = same(ChargePointOptions, "password_encoding")
    header: dict[str, str] = same(ChargePointOptions, "header")
    ca: str | None = same(ChargePointOptions, "ca")
    insecure: bool = same(ChargePointOptions, "insecure")
    compression: bool = same(ChargePointOptions, "compression")

    def password_bytes(self) -> bytes | None:
        """The password as the station's program would send it."""
        return ChargePointOptions.password_bytes(self)  # type: ignore[arg-type]


def main(role: str, arguments: Sequence[str]) -> int:
    """Play a recording; gives the exit status."""
    parser = replay_parser(
        StationReplayOptions,
        role,
        prefix="OCPP_CP_",
        description="Play the station's side of a recorded conversation against a CSMS.",
        examples=EXAMPLES,
        groups=(REACH,),
    )
    options = parser.parse_args(arguments)
    from shared.replay.program import run

    return run(role, options, lambda replay: play(replay, options))


async def play(replay: "Replay", options: StationReplayOptions, dial: "Dial | None" = None) -> None:
    """Be every station of the recording, side by side. Raises `CannotReach`, UsageError."""
    import asyncio

    stations = replay.recording.stations
    if options.id and len(stations) > 1:
        raise UsageError(f"--id: {options.file} has {len(stations)} stations; choose one with --station")
    works = [_be(replay, station, options, dial) for station in stations]
    problems = [each for each in await asyncio.gather(*works, return_exceptions=True) if each is not None]
    if problems:
        raise problems[0]


async def _be(
    replay: "Replay", station: str, options: StationReplayOptions, dial_once: "Dial | None"
) -> None:
    from dataclasses import replace

    from charge_point.making import target_of
    from shared.dialer import DialFailed, dial
    from shared.replay.program import CannotReach

    version = options.ocpp_version or (replay.recording.version(station),)
    target = target_of(replace(options, id=options.id or station, ocpp_version=version))  # type: ignore[arg-type]
    try:
        await replay.be_station(station, target, dial_once or dial)
    except DialFailed as failure:
        raise CannotReach(str(failure)) from None
