"""The modules that declare commands: a new one is added here, by hand."""

from __future__ import annotations

from csms.commands import (
    authorization,
    availability,
    battery_swap,
    certificates,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    local_list,
    monitoring,
    payment,
    provisioning,
    remote_control,
    reservation,
    security,
    smart_charging,
    tariff,
    transactions,
    v2x,
)

MODULES = (
    provisioning,
    authorization,
    local_list,
    transactions,
    remote_control,
    availability,
    reservation,
    smart_charging,
    tariff,
    payment,
    firmware,
    security,
    certificates,
    diagnostics,
    monitoring,
    display,
    data_transfer,
    v2x,
    der,
    battery_swap,
)
"""The modules that declare commands, in the order of the documentation."""
