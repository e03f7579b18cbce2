"""Which token may charge. Decisions know no OCPP version; two functions at the end spell them for the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from csms.option_values import CERTIFICATE_STATUSES
from csms.revocation import Revocations
from shared.clock import text
from shared.dispatch import Payload
from shared.versions import V16, V201, Version

if TYPE_CHECKING:
    from csms.ledger import Ledger

ACCEPTED = "Accepted"

STATUS_ON_16 = {
    "Accepted": "Accepted",
    "Blocked": "Blocked",
    "ConcurrentTx": "ConcurrentTx",
    "Expired": "Expired",
    "Invalid": "Invalid",
    "NoCredit": "Blocked",
    "NotAllowedTypeEVSE": "Blocked",
    "NotAtThisLocation": "Blocked",
    "NotAtThisTime": "Blocked",
    "Unknown": "Invalid",  # 1.6 §7.2: Invalid is "unknown"
}
"""Each status of 2.x (part 2 AuthorizationStatusEnumType), and the one of 1.6 §7.2 that comes nearest."""

STATUSES = tuple(STATUS_ON_16)

NORMAL = "normal"
WHITELIST = "whitelist"
BLACKLIST = "blacklist"
RATE_LIMIT = "rate_limit"
MODES = (NORMAL, WHITELIST, BLACKLIST, RATE_LIMIT)

LONGEST_GROUP = {V16: 20, V201: 36}
"""How long a group id may be on the wire (1.6 §7.28 IdToken, 2.0.1 IdTokenType); on 2.1 it is 255."""


class Decision(NamedTuple):
    """What is known of a token: `status` in 2.x's words, its group, and until when (Unix s) it may be cached."""

    status: str
    group: str = ""
    expires: float | None = None


@dataclass(frozen=True)
class TokenPolicy:
    """How tokens are judged. Tokens do not differ by case (1.6 CiString20; 2.x identifierString).

    `statuses` gives tokens a status of their own, `at_station` gives them one at single stations; both come
    before `mode`. `group` is every token's, but those in `groups`. `cache_for` (s) limits how long an answer
    may be cached. `offline` fails every Authorize. `concurrent_tx` refuses a token that already charges elsewhere.
    `certificate` is what every contract certificate is answered; empty: what is known of it (`csms/revocation.py`).
    """

    mode: str = NORMAL
    whitelist: tuple[str, ...] = ("valid_token", "test_token", "authorized_user")
    blacklist: tuple[str, ...] = ("blocked_token", "invalid_user")
    statuses: Mapping[str, str] = field(default_factory=dict)
    at_station: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    group: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    cache_for: float | None = None
    offline: bool = False
    concurrent_tx: bool = False
    certificate: str = ""

    def __post_init__(self) -> None:
        _one_of(self.mode, MODES, "authorization mode")
        _one_of(self.certificate, ("", *CERTIFICATE_STATUSES), "certificate status")
        for table in (self.statuses, *self.at_station.values()):
            for token, status in table.items():
                _one_of(status, STATUSES, f"status of token {token!r}:")
        if self.cache_for is not None and not 0 < self.cache_for < float("inf"):
            raise ValueError(f"the cache expiry is {self.cache_for} s; it must be more than 0")
        for group in (self.group, *self.groups.values()):
            if len(group) > 255:
                raise ValueError(f"the group id {group[:20]!r}... is longer than 255 characters")


class Authorizer:
    """Decides on tokens. A token's status can be changed while it runs with `set_status`."""

    __slots__ = (
        "_at_station",
        "_blacklist",
        "_groups",
        "_ledger",
        "_plain",
        "_statuses",
        "_whitelist",
        "policy",
        "revocations",
    )

    def __init__(
        self,
        policy: TokenPolicy | None = None,
        ledger: Ledger | None = None,
        revocations: Revocations | None = None,
    ) -> None:
        self.policy = policy = policy or TokenPolicy()
        self.revocations = revocations or Revocations(None, policy.certificate)
        """What is known of the certificates that come with a token."""
        self._ledger = ledger
        self._whitelist = _folded(policy.whitelist)
        self._blacklist = _folded(policy.blacklist)
        self._statuses = {token.lower(): status for token, status in policy.statuses.items()}
        self._at_station: dict[str, dict[str, str]] = {}
        for station, table in policy.at_station.items():
            for token, status in table.items():
                self.set_status(token, status, station)
        self._groups = {token.lower(): group for token, group in policy.groups.items()}
        self._plain = Decision(ACCEPTED)

    @property
    def offline(self) -> bool:
        """Whether Authorize fails as if the network behind us did."""
        return self.policy.offline

    def decide(
        self,
        token: str,
        *,
        station: str,
        now: float,
        kind: str = "",
        transaction: int | str | None = None,
        starts: bool = True,
    ) -> Decision:
        """What `token` is worth at `station` at `now` (Unix s).

        `kind` is the token's type in 2.x. `transaction` is the one that it was presented for: all others of the
        token count as concurrent when the policy forbids them; without one, those of other stations do. `starts`
        is False where no transaction can follow from the answer, so that concurrent ones do not matter.
        """
        folded = token.lower()
        if kind == "NoAuthorization":
            return self._plain  # C02.FR.02: SHALL be Accepted; C02.FR.03: is never cached
        status = self._status(folded, station)
        policy = self.policy
        if (
            starts
            and policy.concurrent_tx
            and status == ACCEPTED
            and self._is_concurrent(folded, station, transaction)
        ):
            status = "ConcurrentTx"
        group = self._groups.get(folded, policy.group)
        if policy.cache_for is None:
            return Decision(status, group)
        return Decision(status, group, now + policy.cache_for)

    def set_status(self, token: str, status: str | None, station: str | None = None) -> None:
        """Give `token` a status from now on, at one `station` or at all; None takes its own status away."""
        if status is not None:
            _one_of(status, STATUSES, f"status of token {token!r}:")
        table = self._statuses if station is None else self._table_of(station)
        if status is None:
            table.pop(token.lower(), None)
        else:
            table[token.lower()] = status

    def _table_of(self, station: str) -> dict[str, str]:
        """The statuses at one station, filed under its identity as given and in lower case."""
        table = self._at_station.get(station)
        if table is None:
            table = self._at_station[station] = {}
            self._at_station.setdefault(station.lower(), table)
        return table

    def _status(self, folded: str, station: str) -> str:
        if self._at_station:
            own = self._at_station.get(station) or self._at_station.get(station.lower())
            if own is not None and folded in own:
                return own[folded]
        if self._statuses and folded in self._statuses:
            return self._statuses[folded]
        mode = self.policy.mode
        if mode == RATE_LIMIT:
            return "NotAtThisTime"
        if mode == WHITELIST:
            return ACCEPTED if folded in self._whitelist else "Blocked"
        if mode == BLACKLIST:
            return "Blocked" if folded in self._blacklist else ACCEPTED
        return ACCEPTED

    def _is_concurrent(self, folded: str, station: str, transaction: int | str | None) -> bool:
        if not self.policy.concurrent_tx or self._ledger is None:
            return False
        return self._ledger.charges_elsewhere(folded, station, transaction)


def id_tag_info(decision: Decision) -> Payload:
    """`decision` as 1.6's IdTagInfo (§7.27). A group longer than the 20 characters that fit is left out."""
    info: Payload = {"status": STATUS_ON_16[decision.status]}
    if decision.group and len(decision.group) <= LONGEST_GROUP[V16]:
        info["parentIdTag"] = decision.group
    if decision.expires is not None:
        info["expiryDate"] = text(decision.expires)
    return info


def id_token_info(decision: Decision, version: Version) -> Payload:
    """`decision` as 2.x's IdTokenInfoType. A group longer than fits in 2.0.1 is left out (C01.FR.06)."""
    info: Payload = {"status": decision.status}
    if decision.group and len(decision.group) <= LONGEST_GROUP.get(version, 255):
        info["groupIdToken"] = {"idToken": decision.group, "type": "Central"}
    if decision.expires is not None:
        info["cacheExpiryDateTime"] = text(decision.expires)
    return info


def _folded(tokens: Iterable[str]) -> frozenset[str]:
    return frozenset(token.lower() for token in tokens)


def _one_of(value: str, allowed: Iterable[str], what: str) -> None:
    if value not in allowed:
        raise ValueError(f"{what} {value!r} is not one of {', '.join(allowed)}")
