"""The options of `python -m csms run`."""

# ruff: noqa: RUF009  (`same` makes a dataclass field)

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from csms.files_options import FILES, FileOptions
from csms.option_listen import LISTEN
from csms.option_persona import PERSONA
from csms.options import CsmsOptions
from csms.persona import Persona, listing
from shared.lifecycle import OK
from shared.option_fields import UsageError, option, same
from shared.option_values import filled, whole
from shared.options import OptionParser
from shared.persona_file import LIST
from shared.scenario.options import GROUPS, RunOptions
from shared.streams import say
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
_FILES = (
    "files",
    "files_port",
    "ftp_port",
    "files_password",
    "files_fault",
    "files_limit",
    "signing_cert",
    "signing_key",
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
    persona: Persona | None = same(
        CsmsOptions,
        "persona",
        help="misbehave as this central system does in every scenario that names none itself: its name (`list` tells "
        "all), or a TOML file (docs/personas-csms.md)",
    )
    files: str | None = same(CsmsOptions, "files")
    files_port: int = same(CsmsOptions, "files_port")
    ftp_port: int | None = same(CsmsOptions, "ftp_port")
    files_password: str | None = same(CsmsOptions, "files_password")
    files_fault: tuple[Any, ...] = same(CsmsOptions, "files_fault")
    files_limit: int = same(CsmsOptions, "files_limit")
    signing_cert: str | None = same(CsmsOptions, "signing_cert")
    signing_key: str | None = same(CsmsOptions, "signing_key")

    def check(self, given: frozenset[str]) -> None:
        """Refuse what contradicts itself; UsageError."""
        if self.tls_key is not None and self.tls_cert is None:
            raise UsageError("needs --tls-cert", "tls_key")
        if self.id is not None and not self.pair:
            raise UsageError("a station under test comes with an identity of its own; add --pair", "id")
        FileOptions.check_files(self, given)  # type: ignore[arg-type]  # it has the same members
        for name in ("files_port", "ftp_port"):
            if name in given and self.pair:
                raise UsageError("is for a station under test; a pair takes its files from memory", name)
        if self.persona is None or self.persona.name != LIST:
            super().check(given)

    @property
    def ocpp_version(self) -> tuple[Version, ...]:
        """The versions to run on."""
        return self.versions

    def of_csms(self, *, alone: bool = False) -> CsmsOptions:
        """The options of the CSMS that scenarios are played with; `alone` without the persona of the run.

        In a pair nobody has to find it, so how it listens is as usual.
        """
        names = (*_FILES, *_COMMON) if self.pair else (*_CARRIED, *_FILES, *_COMMON)
        own = {name: getattr(self, name) for name in names}
        if alone or self.persona is None:
            return CsmsOptions(**own)
        made = {name: each.value for name, each in (self.persona.layer or {}).items()}
        usual = CsmsOptions()
        said = {name: value for name, value in own.items() if value != getattr(usual, name)}
        return CsmsOptions(**{**own, **made, **said, "persona": self.persona})


def parser() -> OptionParser[CsmsRunOptions]:
    """The parser of `python -m csms run`."""
    return OptionParser(
        CsmsRunOptions,
        prog="csms run",
        table="csms_run",
        prefix="OCPP_CSMS_RUN_",
        description="Run scenarios as a CSMS: against the station that connects, or against our own.",
        examples=EXAMPLES,
        groups=(*GROUPS, LISTEN, PERSONA, FILES),
        command="python -m csms run",
        elsewhere=ELSEWHERE,
    )


def main(role: str, words: Sequence[str]) -> int:
    """Run the scenarios that `words` ask for; gives the exit status."""
    from shared.scenario.program import main as run

    options = parser().parse_args(words)
    if options.persona is not None and options.persona.name == LIST:
        say(sys.stdout, listing())
        return OK
    return run(options, role)


ELSEWHERE = {
    "--csms": "a CSMS listens (--host, --port); dial one under test with python -m charge_point run --csms URL",
    "--password": "a CSMS knows many passwords: --passwords FILE",
    "--ca": "a CSMS shows its own certificate: --tls-cert and --tls-key",
}

EXAMPLES = """\
examples:
  python -m csms run --pair happy_path
  python -m csms run happy_path/remote_start_stop --port 9000 --operator ./plug.sh
  python -m csms run --pair happy_path/complete_session --persona slow_answers
"""
