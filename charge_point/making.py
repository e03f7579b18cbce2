"""From the options to a station and the way to its CSMS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from charge_point.outbox import Store
from charge_point.setup import StationSetup
from shared.dialer import Target
from shared.option_fields import UsageError
from shared.tls import client_context

if TYPE_CHECKING:
    from charge_point.options import ChargePointOptions


def setup_of(options: ChargePointOptions, run_id: str) -> StationSetup:
    """What kind of station the options describe."""
    evse = tuple(range(1, options.connectors + 1))
    variables: dict[str, object] = {
        "RetryBackOffWaitMinimum": options.reconnect_min,
        "RetryBackOffRandomRange": options.reconnect_random,
        "RetryBackOffRepeatTimes": options.reconnect_repeat,
    }
    return StationSetup(
        vendor=options.vendor,
        model=options.model,
        serial=options.serial or "",
        firmware=options.firmware,
        evses=(evse,) * options.evses,
        status_by="notification" if options.status_by == "notification" else "event",
        boot_on_reconnect=options.boot_on_reconnect,
        seed=options.seed,
        run_id=run_id,
        variables=options.set,
    )


def store_of(options: ChargePointOptions) -> Store | None:
    """Where the station keeps what must survive a restart; nowhere without `--state`."""
    return Store(options.state) if options.state else None


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
    )


def _tls(options: ChargePointOptions) -> ssl.SSLContext | None:
    if not options.csms.startswith("wss:"):
        return None
    try:
        return client_context(options.ca, insecure=options.insecure)
    except ssl.SSLError as problem:
        raise UsageError(f"--ca: {options.ca}: not a usable PEM file ({problem.reason or problem})") from None
    except OSError as problem:
        raise UsageError(f"--ca: {options.ca}: {problem.strerror}") from None
