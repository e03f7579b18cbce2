"""What the CSMS answers: one module per functional block of OCPP, listed here by hand."""

from csms.blocks import (
    authorization,
    availability,
    battery_swap,
    certificates,
    data_transfer,
    der,
    diagnostics,
    display,
    firmware,
    meter_values,
    payment,
    provisioning,
    reservation,
    security,
    smart_charging,
    transactions,
)

MODULES = (
    provisioning,
    authorization,
    transactions,
    availability,
    meter_values,
    reservation,
    smart_charging,
    firmware,
    security,
    certificates,
    diagnostics,
    display,
    payment,
    data_transfer,
    der,
    battery_swap,
)
"""Every module with handlers, in the order of the catalogue."""
