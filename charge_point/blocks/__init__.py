"""What the station answers and what it tells, one module per OCPP functional block."""

from charge_point.blocks import (
    authorization,
    availability,
    diagnostics,
    firmware,
    meter_values,
    provisioning,
    transactions,
)

MODULES = (authorization, availability, diagnostics, firmware, meter_values, provisioning, transactions)
"""Every module whose `@on` handlers and `@tells` tellers count; a new block is added here."""
