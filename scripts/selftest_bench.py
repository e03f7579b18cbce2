"""What a case of the self-test works with: both programs, their journal, and what must be seen in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from scripts.processes import ROOT, WITHIN, Program, TooLate, environment, eventually, url_of
from scripts.verdict import ANY, Exchange, Row, exchanges, judge
from shared.versions import V16, V201, Version


class Wrong(Exception):
    """Something did not happen as it must; the text says what."""


class Commands(NamedTuple):
    """How the two programs are started."""

    csms: Sequence[str]
    charge_point: Sequence[str]


class Bench:
    """One case on one version. Programs that it starts are gone when it is left; `seen` counts what was checked."""

    def __init__(self, version: Version, folder: Path, commands: Commands, patience: float = WITHIN) -> None:
        self.version = version
        self.folder = folder
        self.seen = 0
        self._commands = commands
        self._patience = patience
        self._running = ExitStack()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()

    @property
    def is_16(self) -> bool:
        """Whether OCPP 1.6 is spoken."""
        return self.version is V16

    @property
    def journal(self) -> Path:
        """The journal file of every CSMS of this case."""
        return self.folder / "csms.jsonl"

    # --- programs ----------------------------------------------------------------------------------------

    def csms(
        self, *options: str, port: int = 0, stdin: object = None, strict: bool = True, **env: str
    ) -> Program:
        """A CSMS that listens. `strict` makes it end with 1 when the station broke a rule."""
        argv = [*self._commands.csms, "--port", str(port), "--journal", str(self.journal), *options]
        argv += ["--strict"] * strict
        program = self._start(argv, stdin, env)
        url_of(program)
        return program

    def station(
        self, csms: Program | str, *options: str, stdin: object = None, strict: bool = True, **env: str
    ) -> Program:
        """A station that dials `csms`. `strict` makes it end with 1 when the CSMS broke a rule."""
        url = csms if isinstance(csms, str) else url_of(csms)
        argv = [*self._commands.charge_point, "--csms", url, "--ocpp-version", self.version.name]
        argv += ["--reconnect-min", "0.2", "--reconnect-random", "0.1", "--give-up-after", "15"]
        argv += [*options, *["--strict"] * strict]
        return self._start(argv, stdin, env)

    def _start(self, argv: Sequence[str], stdin: object, env: dict[str, str]) -> Program:
        if argv[0] == sys.executable:  # from this tree; a command that was given finds its own packages
            env = {"PYTHONPATH": str(ROOT)} | env
        return self._running.enter_context(
            Program(argv, stdin=stdin, env=environment(**env), cwd=self.folder)
        )

    # --- what must be so ---------------------------------------------------------------------------------

    def check(self, holds: object, what: str) -> None:
        """`what` holds, or the case fails."""
        if not holds:
            raise Wrong(what)
        self.seen += 1

    def happened(self) -> list[Exchange]:
        """Every answered call so far."""
        return exchanges(self.journal) if self.journal.exists() else []

    def see(self, *rows: Row) -> list[Exchange]:
        """Wait until each of `rows` has happened after the one before; gives the exchanges that met them."""
        verdict = judge(rows, [])

        def all_met() -> bool:
            nonlocal verdict
            verdict = judge(rows, self.happened())
            return all(exchange is not None for _, exchange in verdict)

        try:
            eventually(all_met, str, self._patience)
        except TooLate:
            missing = "; ".join(str(row) for row, exchange in verdict if exchange is None)
            raise Wrong(f"did not happen: {missing}") from None
        self.seen += len(rows)
        return [exchange for _, exchange in verdict if exchange is not None]

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait until `look()` is true."""
        try:
            eventually(lambda: bool(look()), lambda: what, self._patience)
        except TooLate:
            raise Wrong(f"did not come true: {what}") from None
        self.seen += 1

    def ends(self, program: Program, status: int, signum: int | None = None) -> None:
        """The program ends with `status`, by itself or after a signal."""
        if signum is not None:
            program.send(signum)
        ended = program.end(self._patience)
        if ended != status:
            last = "; ".join(program.err[-4:])
            raise Wrong(f"{self._name(program)} ended with {ended} instead of {status}: {last}")
        self.seen += 1

    def stops(self, *programs: Program) -> None:
        """Each ends with 0 when told to stop: it served, and its peer broke no rule."""
        for program in programs:
            self.ends(program, 0, signal.SIGTERM)

    def _name(self, program: Program) -> str:
        return "the station" if "--csms" in program.argv else "the CSMS"

    # --- the versions' words -------------------------------------------------------------------------------

    def booted(self, status: str, interval: object = ANY, **asked: object) -> Row:
        """A BootNotification with this answer."""
        vendor = "chargePointVendor" if self.is_16 else "chargingStation.vendorName"
        return Row("BootNotification", {vendor: ANY} | asked, {"status": status, "interval": interval})

    def status(self, status: str) -> Row:
        """A report of the first connector; `status` in the version's own words."""
        if self.is_16:
            return Row("StatusNotification", {"connectorId": 1, "status": status})
        if self.version is V201:
            return Row("StatusNotification", {"evseId": 1, "connectorId": 1, "connectorStatus": status})
        return Row("NotifyEvent", {"eventData.0.component.evse.id": 1, "eventData.0.actualValue": status})

    def authorized(self, token: str, status: str) -> Row:
        """An Authorize with this answer."""
        if self.is_16:
            return Row("Authorize", {"idTag": token}, {"idTagInfo.status": status})
        return Row("Authorize", {"idToken.idToken": token}, {"idTokenInfo.status": status})

    def started(self, transaction: object = ANY, **more: object) -> Row:
        """A transaction that begins; `transaction` is its id."""
        if self.is_16:
            return Row("StartTransaction", {"connectorId": 1} | more, {"transactionId": transaction})
        members = {"eventType": "Started", "seqNo": 0, "transactionInfo.transactionId": transaction}
        return Row("TransactionEvent", members | more)

    def metered(self, transaction: object = ANY) -> Row:
        """A meter value of a transaction."""
        if self.is_16:
            return Row("MeterValues", {"transactionId": transaction, "meterValue": ANY})
        members = {"eventType": "Updated", "triggerReason": "MeterValuePeriodic"}
        return Row("TransactionEvent", members | {"transactionInfo.transactionId": transaction})

    def stopped(self, transaction: object = ANY, reason: str | None = None) -> Row:
        """A transaction that ends, for `reason` unless that is left out as the default is."""
        if self.is_16:
            why = {"reason": reason} if reason else {}
            return Row("StopTransaction", {"transactionId": transaction, "meterStop": ANY} | why)
        why = {"transactionInfo.stoppedReason": reason} if reason else {}
        members = {"eventType": "Ended", "transactionInfo.transactionId": transaction}
        return Row("TransactionEvent", members | why)

    def metering(self, seconds: int) -> list[str]:
        """The options of a station that reads its meter so often."""
        key = "MeterValueSampleInterval" if self.is_16 else "SampledDataCtrlr.TxUpdatedInterval"
        return ["--set", f"{key}={seconds}"]

    # --- TLS -----------------------------------------------------------------------------------------------

    def certificate(self) -> tuple[str, str]:
        """The files of a self-signed certificate for 127.0.0.1 and its key, made with openssl."""
        return make_certificate(self.folder)


def make_certificate(folder: Path) -> tuple[str, str]:
    """The files of a self-signed certificate for 127.0.0.1 and its key, made with openssl in `folder`."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    openssl = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    )
    subprocess.run(
        [*openssl.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
        env={**os.environ, "OPENSSL_CONF": os.devnull},
    )
    return str(certificate), str(key)


def in_order(found: Iterable[float]) -> bool:
    """Whether the numbers never fall."""
    numbers = list(found)
    return numbers == sorted(numbers)
