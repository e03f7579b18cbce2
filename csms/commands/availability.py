"""Taking a station, an EVSE or a connector out of service and back."""

from __future__ import annotations

from csms.commands.defaults import chosen, connector_16, evse_type, flags, present
from csms.commands.registry import Sent, Session, command
from shared.versions import V16


@command("ChangeAvailability")
def change_availability(
    to: Session, *, status: str | None = None, evse: int | None = None, connector: int | None = None
) -> Sent:
    """Make the station, an EVSE or a connector available or unavailable.

    status: Operative or Inoperative (default `--availability-status`, Operative). evse, connector: which one;
    default the whole station in 2.x, `--connector-id` in 1.6, where connector 0 is the whole station.
    """
    wanted = chosen(status, flags(to).availability_status or "Operative")
    if to.version is V16:
        return {"connectorId": connector_16(to, evse, connector), "type": wanted}
    return {"operationalStatus": wanted} | present(evse=evse_type(evse, connector))
