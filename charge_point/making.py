"""From the options to a station and the way to its CSMS."""

from __future__ import annotations

import ssl
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from charge_point.device_model import DeviceModel
from charge_point.ev import vehicle
from charge_point.outbox import Store
from charge_point.setup import StationSetup
from shared.dialer import Backoff, Target
from shared.option_fields import UsageError
from shared.tls import client_context

if TYPE_CHECKING:
    from charge_point.catalogue import Topology
    from charge_point.options import ChargePointOptions
    from charge_point.station import Station


def setup_of(options: ChargePointOptions, run_id: str) -> StationSetup:
    """What kind of station the options describe."""
    evses = (tuple(range(1, options.connectors + 1)),) * options.evses
    backoff: dict[str, int | str] = {
        "RetryBackOffWaitMinimum": ceil(options.reconnect_min),
        "RetryBackOffRandomRange": ceil(options.reconnect_random),
        "RetryBackOffRepeatTimes": options.reconnect_repeat,
    }
    base = StationSetup()
    if options.persona is not None:
        from charge_point.persona import setup

        base = setup(options.persona.settings)
        shape = (len(base.evses), max(map(len, base.evses)))
        if shape == (options.evses, options.connectors):  # the options say no other
            evses = base.evses
    return replace(
        base,
        vendor=options.vendor,
        model=options.model,
        serial=options.serial or "",
        firmware=options.firmware,
        evses=evses,
        connectors=base.connectors if evses == base.evses else (),
        csms=options.csms,
        current=options.current,
        phases=options.phases,
        amps=options.amps,
        power=options.power or 0.0,
        tethered=options.tethered,
        ev=vehicle(options.ev, base.ev),
        status_by="notification" if options.status_by == "notification" else "event",
        boot_on_reconnect=options.boot_on_reconnect,
        heartbeat=options.heartbeat_interval or 0.0,
        seed=options.seed,
        run_id=run_id,
        variables={**base.variables, **backoff, **_presets(options, evses)},
    )


def _presets(options: ChargePointOptions, evses: Topology) -> dict[str, str]:
    """The `--set` options; each version takes those that it has. UsageError for a name that no version has, or a
    value that it cannot have."""
    for name, value in options.set.items():
        for version in options.ocpp_version:
            try:
                DeviceModel(version, evses, {name: value})
            except ValueError as fault:
                raise UsageError(f"--set: {fault}") from None
    return options.set


def backoff_of(options: ChargePointOptions, station: Station) -> Backoff:
    """How long to wait before dialling again: as the station's variables say, which the CSMS may have set.

    They hold whole seconds (2.x part 4 §8.1); where they are still as the options set them, the options' own
    fractions hold.
    """
    asked = Backoff(options.reconnect_min, options.reconnect_random, options.reconnect_repeat)
    model = station.model
    minimum = model.seconds("RetryBackOffWaitMinimum")
    spread = model.seconds("RetryBackOffRandomRange")
    return Backoff(
        asked.minimum if minimum == ceil(asked.minimum) else minimum,
        asked.spread if spread == ceil(asked.spread) else spread,
        model.integer("RetryBackOffRepeatTimes"),
    )


def store_of(options: ChargePointOptions) -> Store | None:
    """Where the station keeps what must survive a restart; nowhere without `--state`."""
    return Store(Path(options.state)) if options.state else None


def target_of(options: ChargePointOptions) -> Target:
    """Where the station dials. Raises UsageError for files that cannot be used."""
    return Target(
        options.csms,
        options.id,
        options.ocpp_version,
        password=options.password_bytes(),
        headers=options.header,
        tls=_tls(options),
        compression=options.compression,
        max_frame=options.max_message_size,
        ping_interval=options.ping_interval,
        trust=partial(_context, options),
    )


def trust_files(options: ChargePointOptions, station: Station) -> None:
    """Let the station trust file servers by the same certificates as its CSMS (N01.FR.15). Raises UsageError."""
    from charge_point.transfer import Network, Transfers

    station.part(Transfers).through = Network(_context(options))


def _tls(options: ChargePointOptions) -> ssl.SSLContext | None:
    return _context(options) if options.csms.startswith("wss:") else None


def _context(options: ChargePointOptions) -> ssl.SSLContext:
    """What servers are checked with. Raises UsageError for a file that cannot be used."""
    try:
        return client_context(options.ca, insecure=options.insecure)
    except ssl.SSLError as problem:
        raise UsageError(f"--ca: {options.ca}: not a usable PEM file ({problem.reason or problem})") from None
    except OSError as problem:
        raise UsageError(f"--ca: {options.ca}: {problem.strerror}") from None
