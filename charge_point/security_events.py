"""Security events: told when they happen, kept while the CSMS cannot be told, delivered in their order.

A04.FR.02 of 2.x, and of the 1.6 security whitepaper alike: while the station is offline they are queued, and their
delivery is guaranteed. They wait for the answer to the one before, and for the registration.
"""

from __future__ import annotations

from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING

from charge_point.waiting import Waiting
from shared.peer import CallFailed, CallRefused, InvalidAnswer
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.station import Station

MOST = 1000
"""Events that are kept; of more the oldest go, with a note."""


def security_event(station: Station, type: str, words: str = "") -> None:
    """A security event of `type` (2.x part 2 appendix 1; 1.6 whitepaper §7) has happened; `words` are its techInfo."""
    station.part(SecurityEvents).tell(type, words)


_VERSION = (
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "WRONG_SSL_VERSION",
)
_SUITE = ("NO_SHARED_CIPHER", "WRONG_CIPHER_RETURNED", "UNKNOWN_CIPHER_RETURNED", "NO_CIPHERS_AVAILABLE")
"""The reasons of OpenSSL for which no TLS came about: the version, the cipher suites."""


def handshake_failed(station: Station, problem: BaseException | None) -> None:
    """The CSMS could not be dialled: if that is due to its TLS, it is told of once there is a connection.

    A00.FR.310, .316, .323, .413, .419, .426; 1.6 whitepaper §7. Once, however often it is dialled meanwhile.
    """
    if not isinstance(problem, SSLError):
        return
    if isinstance(problem, SSLCertVerificationError):
        type = "InvalidCentralSystemCertificate" if station.version is V16 else "InvalidCsmsCertificate"
    elif problem.reason in _VERSION:
        type = "InvalidTLSVersion"
    elif problem.reason in _SUITE:
        type = "InvalidTLSCipherSuite"
    else:
        return
    if not any(event["type"] == type for event in station.part(SecurityEvents).waiting):
        security_event(station, type, str(problem))


class SecurityEvents(Waiting):
    """The payloads that the CSMS has not confirmed."""

    __slots__ = ()

    name = "security events"

    def tell(self, type: str, words: str = "") -> None:
        """One more."""
        event = {"type": type, "timestamp": self.station.clock.now()}
        if len(self.waiting) >= MOST:
            del self.waiting[0]
            self.station.note("thinned", f"more than {MOST} security events wait; the oldest was dropped")
        self.wait(event | ({"techInfo": words[:255]} if words else {}))

    async def deliver(self) -> None:
        """One at a time, each when the one before was answered."""
        station = self.station
        while self.waiting and station.may_send:
            event = self.waiting[0]
            try:
                await station.call("SecurityEventNotification", event)
            except (CallRefused, InvalidAnswer) as refused:  # it was delivered, whatever became of it there
                station.note("call_failed", str(refused))
            except CallFailed:
                return  # it is told with the next one, or on the next connection
            if self.waiting and self.waiting[0] is event:
                del self.waiting[0]
