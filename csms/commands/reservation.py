"""Holding a connector for somebody."""

from __future__ import annotations

from csms.commands.defaults import chosen, connector_16, evse_2x, flags, id_token, moment, only, present
from csms.commands.registry import Sent, Session, command
from shared.versions import V2X, V16


@command("ReserveNow")
def reserve_now(
    to: Session,
    *,
    token: str | None = None,
    reservation: int | None = None,
    evse: int | None = None,
    connector: int | None = None,
    expires: str | None = None,
    group: str | None = None,
    token_type: str | None = None,
    connector_type: str | None = None,
) -> Sent:
    """Reserve a connector or an EVSE for a token.

    token: default `--reserve-id-token` (1.6: `--reserve-id-tag`). reservation: its id, default `--reservation-id`.
    evse, connector: default `--reserve-evse-id` (1.6: `--reserve-connector-id`); 0 is any of them: connector 0 in
    1.6 (§5.16), no evseId in 2.x. expires: seconds from now or a timestamp, default one hour. group: the parent or
    group token. connector_type: 2.x. token_type: default Central (2.x).
    """
    said = flags(to)
    until = moment(to, expires, 3600)
    id = chosen(reservation, said.reservation_id)
    if to.version is V16:
        only(to, V2X, connector_type=connector_type, token_type=token_type)
        unnamed = evse is None and connector is None
        return {
            "connectorId": said.reserve_connector_id if unnamed else connector_16(to, evse, connector),
            "expiryDate": until,
            "idTag": chosen(token, said.reserve_id_tag),
            "reservationId": id,
        } | present(parentIdTag=group)
    return {
        "id": id,
        "expiryDateTime": until,
        "idToken": id_token(to, token, token_type, said.reserve_id_token),
    } | present(
        evseId=evse_2x(evse, connector, said.reserve_evse_id) or None,  # none named: any EVSE (H01.FR.04)
        connectorType=connector_type,
        groupIdToken=None if group is None else id_token(to, group, None),
    )


@command("CancelReservation")
def cancel_reservation(to: Session, *, reservation: int | None = None) -> Sent:
    """Cancel a reservation.

    reservation: its id, default `--reservation-id`.
    """
    return {"reservationId": chosen(reservation, flags(to).reservation_id)}
