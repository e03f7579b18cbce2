"""Who may charge: the local list, the cache, and what to do when the CSMS cannot be asked.

`Authorizer.local` decides without the CSMS, or says that it has to be asked. The list goes before the cache
(C13.FR.01, C14.FR.01; 1.6 §3.5.3). Ids are compared case-insensitively (1.6 CiString20Type; 2.x identifierString),
in 2.x with their type (C01.FR.25).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.clock import parse
from shared.versions import V16, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from charge_point.device_model import DeviceModel
    from charge_point.station import Station

ACCEPTED = "Accepted"
ENTRY_BYTES = 64
"""What an entry of the cache takes, by `AuthCacheCtrlr.Storage`."""
MAX_CACHED = 1024
"""Entries of a cache that tells no limit of its storage: 1.6 has no key for it."""
DEFAULT_TYPE = "ISO14443"
UNCACHED = frozenset({"Central", "NoAuthorization"})
"""Types of token that are never kept in the cache (C02.FR.03, C03.FR.02, C05.FR.02)."""


class Token(NamedTuple):
    """What a driver presents. `type` is an IdTokenEnumType of 2.x; 1.6 knows none."""

    id: str
    type: str = DEFAULT_TYPE
    details: tuple[tuple[str, str], ...] = ()
    """additionalInfo of 2.x: type and value of each."""

    @property
    def key(self) -> str:
        """The form in which tokens are compared: id in any case, and type (C01.FR.25)."""
        return self.id.lower() if self.type == DEFAULT_TYPE else f"{self.id.lower()}\t{self.type}"

    @property
    def shown(self) -> str:
        """The id as it may stand in a log: never a key code (C04.FR.04)."""
        return "a key code" if self.type == "KeyCode" else self.id


def token_of(key: str) -> Token:
    """A token that `key` is the key of."""
    id, _, kind = key.partition("\t")
    return Token(id, kind or DEFAULT_TYPE)


class TokenInfo(NamedTuple):
    """What is known of a token: its status, its group (1.6 parentIdTag), until when that holds (Unix s), and at which
    EVSEs it is good (none named: at all of them)."""

    status: str
    group: str = ""
    expires: float | None = None
    evses: tuple[int, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it may charge."""
        return self.status == ACCEPTED

    def is_good_at(self, evse: int) -> bool:
        """Whether it may charge at this EVSE (C01.FR.19-.21)."""
        return self.accepted and (not self.evses or evse in self.evses)


def same_group(one: str, other: str) -> bool:
    """Whether two groups are one; no group is none (identifierString and CiString20 know no case)."""
    return bool(one) and one.lower() == other.lower()


class Entry(NamedTuple):
    """What the cache holds of a token: what was said, when it was last used, and how often."""

    info: TokenInfo
    used: float
    uses: int = 0


def info_of(wire: object) -> TokenInfo:
    """The meaning of a 1.6 idTagInfo or a 2.x idTokenInfo; of what is none (with a lenient schema), Invalid."""
    if not isinstance(wire, dict):
        return TokenInfo("Invalid")
    group = wire.get("groupIdToken", wire.get("parentIdTag", ""))
    if isinstance(group, dict):
        group = group.get("idToken", "")
    until = wire.get("cacheExpiryDateTime", wire.get("expiryDate"))
    try:
        expires = parse(until) if isinstance(until, str) else None
    except ValueError:
        expires = None
    named = wire.get("evseId")
    evses = tuple(int(id) for id in named) if isinstance(named, list) else ()
    return TokenInfo(str(wire.get("status", "Invalid")), str(group), expires, evses)


class Authorizer:
    """A station's own knowledge of tokens. Owns the cache and the local list; both are empty until needed."""

    __slots__ = ("cache", "listed", "version")

    def __init__(self) -> None:
        self.cache: dict[str, Entry] | None = None
        """Key -> what is known; in the order of their coming."""
        self.listed: dict[str, TokenInfo] | None = None
        self.version = 0
        """The local list's version as it was last given; 0 before the first."""

    # --- deciding -----------------------------------------------------------------------------------------

    def local(self, token: Token, model: DeviceModel, now: float, *, online: bool) -> TokenInfo | None:
        """The decision of the station alone; None when the CSMS has to be asked (only when `online`)."""
        if model.has("AuthCtrlr.Enabled") and not model.flag("AuthCtrlr.Enabled"):
            return TokenInfo(ACCEPTED)  # C01.FR.01: without AuthEnabled nobody is asked
        if token.type == "NoAuthorization":
            return TokenInfo(ACCEPTED)  # C02.FR.01: whoever presses the button may
        known, post = self._known(token, model, now)
        if not online:
            return self._offline(known, token, model)
        return self._online(known, post, token, model)

    def _online(
        self, known: TokenInfo | None, post: bool, token: Token, model: DeviceModel
    ) -> TokenInfo | None:
        if known is not None and model.flag("LocalPreAuthorize") and token.type != "Local":  # C06.FR.02
            if known.accepted:
                return known  # C12.FR.02, C14.FR.02; 1.6 §9.1.13
            if not post:
                return known  # DisablePostAuthorize
        if model.flag("AuthCtrlr.DisableRemoteAuthorization"):
            return known or TokenInfo("Unknown")
        return None  # C01.FR.02, C10.FR.03, C14.FR.03

    def _offline(self, known: TokenInfo | None, token: Token, model: DeviceModel) -> TokenInfo:
        if token.type == "eMAID" and not model.flag("ISO15118Ctrlr.ContractValidationOffline"):
            return TokenInfo("Invalid")  # C07.FR.07: its contract cannot be looked at
        if model.flag("LocalAuthListEnabled") and self._is_listed(token) and known is None:
            return TokenInfo("Expired")  # listed, and past its time: not unknown (C13.FR.06; 1.6 §3.5.4)
        if known is not None and (model.flag("LocalAuthorizeOffline") or not known.accepted):
            return known  # C13.FR.02; 1.6 §9.1.12
        if known is None and model.flag("AllowOfflineTxForUnknownId"):
            return TokenInfo(ACCEPTED)  # C15.FR.08; 1.6 §3.5.4
        return TokenInfo("Invalid")

    def _known(self, token: Token, model: DeviceModel, now: float) -> tuple[TokenInfo | None, bool]:
        """What list or cache say, and whether a refusal of theirs may be checked with the CSMS."""
        if model.flag("LocalAuthListEnabled") and self.listed:
            entry = self.listed.get(token.key)
            post = not model.flag("LocalAuthListCtrlr.DisablePostAuthorize")
            if entry is not None:  # C13.FR.01: whatever the cache says
                return (None if _is_over(entry, model, now) else entry), post  # C14.FR.05
        cached = self.cached(token, model, now)
        return cached, not model.flag("AuthCacheCtrlr.DisablePostAuthorize")

    def _is_listed(self, token: Token) -> bool:
        return bool(self.listed) and token.key in (self.listed or {})

    def known(self, token: Token, model: DeviceModel, now: float) -> TokenInfo | None:
        """What list or cache say of `token`; None when it is in neither."""
        return self._known(token, model, now)[0]

    # --- the cache ----------------------------------------------------------------------------------------

    def cached(self, token: Token, model: DeviceModel, now: float) -> TokenInfo | None:
        """The cache's entry, if the cache is on; what has expired is removed, in 1.6 it says so (C10.FR.08-.13)."""
        if not self.cache or not model.flag("AuthCacheEnabled"):
            return None
        found = self.cache.get(token.key)
        if found is None:
            return None
        info = found.info
        life = model.seconds("AuthCacheCtrlr.LifeTime") if model.has("AuthCacheCtrlr.LifeTime") else 0.0
        if info.expires is not None and now >= info.expires and model.version is V16:
            info = info._replace(status="Expired") if info.accepted else info  # 1.6 §3.5.1
        elif now >= info.expires if info.expires is not None else bool(life) and now >= found.used + life:
            del self.cache[token.key]
            return None
        self.cache[token.key] = Entry(info, now, found.uses + 1)
        return info

    def learn(self, token: Token, info: TokenInfo, model: DeviceModel, now: float) -> None:
        """Take up what the CSMS said of `token` (C10.FR.04, .05; 1.6 §3.5.1, §3.5.3: not what the list holds)."""
        if not model.flag("AuthCacheEnabled") or self._is_listed(token) or token.type in UNCACHED:
            return
        if self.cache is None:
            self.cache = {}
        before = self.cache.get(token.key)
        if info.expires is not None and info.expires <= now and model.version is not V16:
            self.cache.pop(token.key, None)  # C10.FR.10: it is not to be kept
            return
        policy = model.text(POLICY) if model.has(POLICY) else "CUSTOM"
        if before is None:
            self._make_room(policy, _capacity(model))
        elif policy == "CUSTOM":
            del self.cache[token.key]  # the oldest is the one that was not heard of for longest
        self.cache[token.key] = Entry(info, now, before.uses if before is not None else 0)

    def _make_room(self, policy: str, capacity: int) -> None:
        """Let go of as many entries as leave room for one more (C10.FR.07)."""
        cache = self.cache or {}
        while cache and len(cache) >= capacity:
            if policy == "CUSTOM":  # refused ones first, then the oldest (1.6 §3.5.1)
                refused = (key for key, entry in cache.items() if not entry.info.accepted)
                del cache[next(refused, next(iter(cache)))]
            elif policy == "LRU":
                del cache[min(cache, key=lambda key: cache[key].used)]
            elif policy == "LFU":
                del cache[min(cache, key=lambda key: (cache[key].uses, cache[key].used))]
            else:  # FIFO
                del cache[next(iter(cache))]

    def clear_cache(self, model: DeviceModel) -> bool:
        """Forget the cache; False when it is switched off (C11.FR.04) or the station has none."""
        if not model.flag("AuthCacheEnabled"):
            return False
        self.cache = None
        return True

    # --- the local list -----------------------------------------------------------------------------------

    def update_list(
        self, version: int, entries: dict[Token, TokenInfo | None], *, full: bool, limit: int = 0
    ) -> str:
        """Replace or change the local list: Accepted, VersionMismatch or Failed (1.6 §5.15; D01.FR.15-19).

        In a differential update None removes the token. `limit` is the most entries that the station holds.
        """
        if not full and version <= self.version:
            return "VersionMismatch"  # D01.FR.19; 1.6 §5.15
        listed = {} if full else dict(self.listed or {})
        for token, info in entries.items():
            if info is None:
                listed.pop(token.key, None)
            else:
                listed[token.key] = info
        if limit and len(listed) > limit:
            return "Failed"
        self.listed = listed or None
        self.version = version
        return ACCEPTED

    def list_version(self, version: Version) -> int:
        """What GetLocalListVersion answers: in 1.6 0 for an empty list (§5.10), in 2.x what was given (D01.FR.04)."""
        return 0 if version is V16 and not self.listed else self.version


POLICY = "AuthCacheCtrlr.Policy"


def _capacity(model: DeviceModel) -> int:
    """The most entries that the cache holds: its storage's limit (2.x AuthCacheCtrlr.Storage), by what one takes."""
    high = (
        model.slot("AuthCacheCtrlr.Storage").definition.high if model.has("AuthCacheCtrlr.Storage") else None
    )
    return max(1, int(high) // ENTRY_BYTES) if high else MAX_CACHED


def _is_over(entry: TokenInfo, model: DeviceModel, now: float) -> bool:
    """Whether the time of an entry of the local list has passed, where the station looks at that (C13.FR.02-.06)."""
    name = "LocalAuthListCtrlr.SupportsExpiryDateTime"
    looks = model.flag(name) if model.has(name) else model.version is V16
    return looks and entry.expires is not None and entry.expires <= now


def unsupported(station: Station, token: Token) -> str:
    """Why this station has nothing to do with tokens of this type; empty when it has (2.x SupportedIdTokenTypes)."""
    name = "AuthCtrlr.SupportedIdTokenTypes"
    if not station.model.has(name) or token.type in station.model.members(name):
        return ""
    return f"this station takes no tokens of type {token.type}"


def note_unsupported(station: Station, tokens: Iterable[Token], what: str) -> None:
    """Note tokens that were accepted and that nobody can ever present here: nothing lets a station refuse a reservation
    (H01.FR.04, .23) or a list (D01.FR.15, .16) for their types."""
    kinds = sorted({token.type for token in tokens if unsupported(station, token)})
    if kinds:
        station.note(
            "unsupported_token_type", f"{what} of {', '.join(kinds)}, which this station takes no tokens of"
        )
