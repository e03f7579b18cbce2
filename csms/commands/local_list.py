"""The local authorization list."""

from __future__ import annotations

from csms.commands.defaults import chosen, flags, id_token, moment, present, two
from csms.commands.registry import Payload, Sent, Session, command


@command("GetLocalListVersion")
def get_local_list_version(to: Session) -> Sent:
    """Ask which version of the local authorization list the station holds."""
    return {}


@command("SendLocalList")
def send_local_list(
    to: Session,
    *,
    tokens: list[str] | None = None,
    kind: str | None = None,
    version: int | None = None,
    status: str | None = None,
    expires: str | None = None,
    group: str | None = None,
    token_type: str | None = None,
) -> Sent:
    """Send the local authorization list, whole or in part.

    tokens: separated by commas (default `--local-list-tokens`). kind: Full (default) or Differential.
    version: default 1 for a Full list, else one more than the station is known to hold. status: of each
    token, default Accepted. expires: seconds from now or a timestamp. group: their parent or group token.
    token_type: of the tokens (2.x), default Central.
    """
    wanted = tokens or list(flags(to).local_list_tokens)
    kind = chosen(kind, "Full")
    if version is None:
        held = to.station.local_list_version or 0
        version = held + 1 if kind == "Differential" else 1
    until = moment(to, expires)
    if two(to):
        entries = [_entry_2x(to, token, token_type, status, until, group) for token in wanted]
        return {"versionNumber": version, "updateType": kind} | (
            {"localAuthorizationList": entries} if entries else {}
        )
    entries = [
        {
            "idTag": token,
            "idTagInfo": {"status": chosen(status, "Accepted")}
            | present(expiryDate=until, parentIdTag=group),
        }
        for token in wanted
    ]
    return {"listVersion": version, "updateType": kind, "localAuthorizationList": entries}


def _entry_2x(
    to: Session, token: str, kind: str | None, status: str | None, until: str | None, group: str | None
) -> Payload:
    group_token = None if group is None else id_token(to, group, None)
    information = present(cacheExpiryDateTime=until, groupIdToken=group_token)
    return {
        "idToken": id_token(to, token, kind),
        "idTokenInfo": {"status": chosen(status, "Accepted")} | information,
    }
