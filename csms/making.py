"""From the options to the things that act by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from csms.admission import Admission, read_passwords
from csms.authority import authority_of
from csms.authorizer import Authorizer, TokenPolicy
from csms.conductor import conduct
from csms.ledger import Ledger
from csms.numbered import NumberedLedger
from csms.option_values import Scheduled
from csms.option_values import command as _command
from csms.payments import Payments
from csms.persona import AS_IT_SHOULD, PLAIN, Persona
from csms.persona_keys import BEFORE_BOOT_ANSWER, BOOT, MOMENTS
from csms.policies import Policies
from csms.registrar import Registrar
from csms.revocation import Revocations
from csms.server import Csms
from csms.tariff import Tariff
from csms.timetable import Step, Timetable, Timetables
from csms.vendors import Vendors
from shared.chance import fresh_run_id
from shared.option_fields import UsageError

if TYPE_CHECKING:
    import socket
    import ssl

    from csms.files import Library
    from csms.options import CsmsOptions
    from shared.journal.journal import Journal


def csms_of(options: CsmsOptions, journal: Journal) -> Csms:
    """The CSMS that the options ask for; it does not listen yet. Raises UsageError."""
    csms = _kind(options)(
        policies_of(options),
        journal,
        timetable=timetable_of(options),
        seed=options.seed,
        run_id=options.run_id or fresh_run_id(),
        schema=options.schema,
        timeout=options.message_timeout,
    )
    csms.socket = options.persona.socket if options.persona else PLAIN
    for injection in (*(options.persona.faults if options.persona else ()), *options.inject):
        csms.faults.add(injection)
    _try_out(csms, options)
    return csms


def _try_out(csms: Csms, options: CsmsOptions) -> None:
    """What the commands of the options say that no version has is told now. Raises UsageError."""
    texts = [("command", options.command.text)] if options.command else []
    texts += [("commands", each.text) for each in options.commands]
    if texts:
        from csms.commands.trial import try_out

        try_out(csms, texts, options.versions)


def _kind(options: CsmsOptions) -> Callable[..., Csms]:
    """What makes the CSMS: one that answers, or with `--forward` one that hands on. Raises UsageError."""
    if options.forward is None:
        return Csms
    from csms.central import central_of
    from csms.forwarding import ForwardingCsms

    return partial(ForwardingCsms, central=central_of(options))


async def listen(
    csms: Csms,
    options: CsmsOptions,
    admission: Admission,
    tls: ssl.SSLContext | None = None,
    sockets: Sequence[socket.socket] = (),
) -> int:
    """Have `csms` accept stations where the options say, or on `sockets`; gives the port. Raises OSError."""
    return await csms.listen(
        options.host,
        options.port,
        admission,
        tls=tls,
        compression=options.compression,
        max_frame=options.max_message_size,
        ping_interval=options.ping_interval,
        sockets=sockets,
    )


def library_of(options: CsmsOptions, csms: Csms) -> Library:
    """The files that the options have `csms` serve. Raises UsageError for a signing pair that cannot be used."""
    from pathlib import Path

    from csms import files_signing
    from csms.files import Library

    signer = None
    if options.signing_cert and options.signing_key:
        pair = files_signing.given(options.signing_cert, options.signing_key)
        signer = lambda: pair  # noqa: E731
    return Library(
        Path(options.files) if options.files else None,
        seed=options.seed,
        faults=options.files_fault,
        credentials=options.files_password or "",
        limit=options.files_limit,
        signer=signer,
        now=csms.clock.time,
        tell=lambda station, what, words: csms.journal.note(station, what, words, end="csms"),
    )


def policies_of(options: CsmsOptions) -> Policies:
    """What the CSMS decides by. Raises UsageError for values that no policy can have."""
    upstream = options.compat == "upstream"
    ids = options.persona.transaction_ids if options.persona else ()
    ledger = NumberedLedger(ids) if ids else Ledger(upstream=upstream)
    stations = options.stations
    try:
        tariff = Tariff(options.total_cost, per_kwh=options.price_per_kwh, upstream=upstream)
    except ValueError as problem:
        raise UsageError(f"--total-cost: {problem}") from None
    authority = authority_of(options, options.seed)
    return Policies(
        registrar=Registrar(
            options.boot_statuses,
            per_station={name: own.boot_statuses for name, own in stations.items() if own.boot_statuses},
            heartbeat=options.heartbeat_interval,
            retry=options.retry_interval,
            registration=options.registration,
            upstream=upstream,
        ),
        authorizer=Authorizer(
            TokenPolicy(
                mode=options.auth_mode,
                whitelist=options.whitelist,
                blacklist=options.blacklist,
                statuses=options.tokens,
                at_station={name: own.tokens for name, own in stations.items() if own.tokens},
                group=options.auth_group_id or "",
                groups=options.groups,
                cache_for=options.auth_cache_expiry,
                offline=options.offline,
                concurrent_tx=options.concurrent_tx,
                certificate=options.certificate_status or "",
            ),
            ledger,
            Revocations(authority, options.certificate_status or "", asks=options.check_revocation),
        ),
        ledger=ledger,
        tariff=tariff,
        vendors=Vendors(options.vendors, upstream=upstream),
        payments=Payments(options.balances, options.vat_numbers, options.receipts),
        upstream=upstream,
        options=options,
        authority=authority,
    )


def timetable_of(options: CsmsOptions) -> Timetables | None:
    """When commands go out; None when there are none."""
    own = _timetable(options)
    tables = [*([own] if own else ()), *(_habits(options.persona) if options.persona else ())]
    return Timetables(*tables) if tables else None


def _habits(persona: Persona) -> list[Timetable]:
    """What a persona sends by itself, a timetable for each moment that it waits for."""
    found = []
    for moment in MOMENTS:
        steps = tuple(
            Step(words.name, words.options, command.after, command.raw, command.wait, command.versions)
            for command in persona.commands
            if command.when == moment
            for words in [_command(command.text) if command.text else Scheduled("call")]
        )
        if steps:  # before the answer to the boot: that is held back for them
            start = BOOT if moment == BEFORE_BOOT_ANSWER else moment
            found.append(Timetable(steps, conduct, start_on=start))
    return found


def _timetable(options: CsmsOptions) -> Timetable | None:
    """What the options say is to be sent. Raw calls go first, at once."""
    raw = tuple(Step("call", raw=text) for text in options.call)
    timed = tuple(Step(step.name, step.options, step.delay) for step in options.steps)
    if not raw and not timed:
        return None
    return Timetable(
        raw + timed,
        conduct,
        period=options.period if options.command is not None else None,  # --commands has its own delays
        start_on=options.start_on,
        rearm=options.rearm or options.compat == "upstream",
    )


def admission_of(options: CsmsOptions) -> Admission:
    """Who may come in. Raises UsageError when the file of passwords cannot be used."""
    persona: Persona | None = getattr(options, "persona", None)  # a replay has none
    try:
        passwords = read_passwords(options.passwords) if options.passwords else None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise UsageError(f"--passwords: {reason}") from None
    return Admission(
        options.versions,
        passwords=passwords,
        no_subprotocol=options.no_subprotocol,
        lenient=options.lenient_subprotocol,
        handshake=persona.handshake if persona else AS_IT_SHOULD,
    )


def tls_of(options: CsmsOptions) -> ssl.SSLContext | None:
    """The certificate to serve wss:// with, None for ws://. Raises UsageError when it cannot be used."""
    if not options.tls_cert:
        return None
    import ssl

    from shared.tls import server_context

    try:
        return server_context(options.tls_cert, options.tls_key)
    except ssl.SSLError as problem:
        raise UsageError(f"--tls-cert, --tls-key: {_unusable(options, problem)}") from None
    except OSError as problem:
        raise UsageError(f"--tls-cert: {options.tls_cert}: {problem.strerror}") from None


def _unusable(options: CsmsOptions, problem: ssl.SSLError) -> str:
    """What is wrong with certificate and key, and what to try."""
    if "MISMATCH" in str(problem):
        return "the key does not belong to the certificate"
    if options.tls_key is None:
        return (
            f"{options.tls_cert} does not hold a certificate and its key (PEM); give the key with --tls-key"
        )
    return f"no usable PEM ({problem.reason or problem})"
