"""What the station still owes us of a transaction."""

from __future__ import annotations

from csms.commands.defaults import transaction as transaction_of
from csms.commands.registry import Sent, Session, command


@command("GetTransactionStatus")
def get_transaction_status(
    to: Session, *, transaction: str | None = None, evse: int | None = None, connector: int | None = None
) -> Sent:
    """Ask whether a transaction is going on and whether messages of it are still to come.

    transaction: its id (default: the station's oldest open one, of the evse and connector if named, else
    test_transaction_123; `{"transactionId": null}` asks about messages of any).
    """
    return {"transactionId": transaction_of(to, transaction, evse, connector)}
