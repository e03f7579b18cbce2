"""The options of `python -m charge_point run`."""

# ruff: noqa: RUF009  (`same` makes a dataclass field)

from collections.abc import Sequence
from dataclasses import dataclass

from charge_point.options import REACH, ChargePointOptions
from shared.option_fields import UsageError, option, same
from shared.option_values import address, filled, positive, versions
from shared.options import OptionParser
from shared.scenario.options import GROUPS, RunOptions
from shared.versions import V16, V21, V201, Version

_CARRIED = (
    "csms",
    "ocpp_version",
    "password",
    "password_file",
    "password_encoding",
    "header",
    "ca",
    "insecure",
    "compression",
)
_COMMON = ("seed", "run_id", "schema", "message_timeout", "max_message_size", "ping_interval", "log_level")


@dataclass(frozen=True, eq=False, repr=False)
class StationRunOptions(RunOptions):
    """Run scenarios as a station, against the CSMS at an address; without one, against our own in this process."""

    csms: str = option(
        "",
        "the address of the CSMS under test; without, ours is in this process",
        group=REACH,
        parse=address,
        metavar="URL",
    )
    wait_for: float = option(
        10.0, "how long to wait for the first connection", group=REACH, parse=positive, metavar="SECONDS"
    )
    id: str | None = option(
        None, "the station's identity in scenarios with one station", group=REACH, parse=filled, shown="CP1"
    )
    ocpp_version: tuple[Version, ...] = option(
        (V16, V201, V21),
        "the versions to run on, each in its turn",
        group=REACH,
        parse=versions,
        many=True,
        metavar="V,V",
        aliases=("--versions",),
    )
    password: str | None = same(ChargePointOptions, "password")
    password_file: str | None = same(ChargePointOptions, "password_file")
    password_encoding: str = same(ChargePointOptions, "password_encoding")
    header: dict[str, str] = same(ChargePointOptions, "header")
    ca: str | None = same(ChargePointOptions, "ca")
    insecure: bool = same(ChargePointOptions, "insecure")
    compression: bool = same(ChargePointOptions, "compression")

    @property
    def foreign(self) -> bool:
        """Whether the CSMS is not ours."""
        return bool(self.csms)

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself; UsageError."""
        if self.csms and self.pair:
            raise UsageError("plays the CSMS too, so that there is none to dial at --csms", "pair")
        for injection in self.inject:
            if injection.fault.at_handshake:
                name = injection.fault.name
                raise UsageError(f"{name}: only a CSMS is connected to; a station dials", "inject")
        super().check(given)

    def of_station(self) -> ChargePointOptions:
        """The options of the stations that scenarios are played with."""
        carried = {name: getattr(self, name) for name in (*_CARRIED, *_COMMON)}
        made = ChargePointOptions(**carried, id=self.id or "CP1")
        made.check(frozenset())
        return made


def parser() -> OptionParser[StationRunOptions]:
    """The parser of `python -m charge_point run`."""
    return OptionParser(
        StationRunOptions,
        prog="charge_point run",
        table="charge_point_run",
        prefix="OCPP_CP_RUN_",
        description="Run scenarios as a station: against a CSMS, or against our own in this process.",
        examples=EXAMPLES,
        groups=(*GROUPS, REACH),
        command="python -m charge_point run",
        elsewhere=ELSEWHERE,
    )


def main(role: str, words: Sequence[str]) -> int:
    """Run the scenarios that `words` ask for; gives the exit status."""
    from shared.scenario.program import main as run

    return run(parser().parse_args(words), role)


_LISTENING = "a station dials; name the CSMS with --csms URL, or listen for a station with python -m csms run"
ELSEWHERE = {
    "--host": _LISTENING,
    "--port": _LISTENING,
    "--passwords": "a station has one password: --password or --password-file",
    "--tls-cert": "a station trusts with --ca FILE, or anybody with --insecure",
}

EXAMPLES = """\
examples:
  python -m charge_point run --list
  python -m charge_point run happy_path/complete_session
  python -m charge_point run tests/scenarios --csms ws://localhost:9000
  python -m charge_point run '**/*.yaml' --csms ws://csms.example --report junit:out.xml
"""
