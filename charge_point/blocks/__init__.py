"""What the station answers and what it tells, one module per OCPP functional block."""

from charge_point.blocks import (
    authorization,
    availability,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    local_list,
    meter_values,
    monitoring,
    provisioning,
    refusals,
    remote_control,
    reservation,
    reset,
    smart_charging,
    smart_charging_21,
    transactions,
)

MODULES = (
    authorization,
    availability,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    local_list,
    meter_values,
    monitoring,
    provisioning,
    refusals,
    remote_control,
    reservation,
    reset,
    smart_charging,
    smart_charging_21,
    transactions,
)
"""Every module whose `@on` handlers and `@tells` tellers count; a new block is added here."""
