"""The options of `python -m csms run`."""

from collections.abc import Sequence
from dataclasses import dataclass

from csms.option_listen import LISTEN
from csms.options import CsmsOptions
from shared.option_fields import UsageError, option, same
from shared.option_values import filled, whole
from shared.options import OptionParser
from shared.scenario.options import GROUPS, RunOptions
from shared.versions import Version

_CARRIED = (
    "host",
    "port",
    "versions",
    "no_subprotocol",
    "lenient_subprotocol",
    "tls_cert",
    "tls_key",
    "passwords",
    "compression",
)
_COMMON = ("seed", "run_id", "schema", "message_timeout", "max_message_size", "ping_interval", "log_level")


@dataclass(frozen=True, eq=False, repr=False)
class CsmsRunOptions(RunOptions):
    """Run scenarios as a CSMS, against the station that connects; with --pair against our own in this process."""

    host: str = same(CsmsOptions, "host")
    port: int = option(9000, "the port to listen on", group=LISTEN, parse=whole(1, 65535), metavar="PORT")
    id: str | None = option(
        None,
        "with --pair: the station's identity in scenarios with one station",
        group=LISTEN,
        parse=filled,
        shown="CP1",
    )
    versions: tuple[Version, ...] = same(CsmsOptions, "versions")
    no_subprotocol: str = same(CsmsOptions, "no_subprotocol")
    lenient_subprotocol: bool = same(CsmsOptions, "lenient_subprotocol")
    tls_cert: str | None = same(CsmsOptions, "tls_cert")
    tls_key: str | None = same(CsmsOptions, "tls_key")
    passwords: str | None = same(CsmsOptions, "passwords")
    compression: bool = same(CsmsOptions, "compression")

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself; UsageError."""
        if self.tls_key is not None and self.tls_cert is None:
            raise UsageError("needs --tls-cert", "tls_key")
        if self.id is not None and not self.pair:
            raise UsageError("a station under test comes with an identity of its own; add --pair", "id")
        super().check(given)

    @property
    def ocpp_version(self) -> tuple[Version, ...]:
        """The versions to run on."""
        return self.versions

    def of_csms(self) -> CsmsOptions:
        """The options of the CSMS that scenarios are played with."""
        return CsmsOptions(**{name: getattr(self, name) for name in (*_CARRIED, *_COMMON)})


def parser() -> OptionParser[CsmsRunOptions]:
    """The parser of `python -m csms run`."""
    return OptionParser(
        CsmsRunOptions,
        prog="csms run",
        table="csms_run",
        prefix="OCPP_CSMS_RUN_",
        description="Run scenarios as a CSMS: against the station that connects, or against our own.",
        examples=EXAMPLES,
        groups=(*GROUPS, LISTEN),
        command="python -m csms run",
        elsewhere=ELSEWHERE,
    )


def main(role: str, words: Sequence[str]) -> int:
    """Run the scenarios that `words` ask for; gives the exit status."""
    from shared.scenario.program import main as run

    return run(parser().parse_args(words), role)


ELSEWHERE = {
    "--csms": "a CSMS listens (--host, --port); dial one under test with python -m charge_point run --csms URL",
    "--password": "a CSMS knows many passwords: --passwords FILE",
    "--ca": "a CSMS shows its own certificate: --tls-cert and --tls-key",
}

EXAMPLES = """\
examples:
  python -m csms run --pair happy_path
  python -m csms run happy_path/remote_start_stop --port 9000 --operator ./plug.sh
"""
