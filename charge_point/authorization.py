"""Who may charge: the local list, the cache, and what to do when the CSMS cannot be asked.

`Authorizer.local` decides without the CSMS, or says that it has to be asked. The list goes before the cache
(C13.FR.01, C14.FR.01; 1.6 §3.5.3). Ids are compared case-insensitively (1.6 CiString20Type; 2.x identifierString).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.clock import parse
from shared.versions import V16, Version

if TYPE_CHECKING:
    from charge_point.device_model import DeviceModel

ACCEPTED = "Accepted"
MAX_CACHED = 500
UNCACHED = frozenset({"Central", "NoAuthorization"})
"""Types of token that are never kept in the cache (C02.FR.03, C03.FR.02, C05.FR.02)."""


class Token(NamedTuple):
    """What a driver presents. `type` is an IdTokenEnumType of 2.x; 1.6 knows none."""

    id: str
    type: str = "ISO14443"

    @property
    def key(self) -> str:
        """The id in the form in which ids are compared."""
        return self.id.lower()


class TokenInfo(NamedTuple):
    """What is known of a token: its status, its group (1.6 parentIdTag), and until when that holds (Unix s)."""

    status: str
    group: str = ""
    expires: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether it may charge."""
        return self.status == ACCEPTED


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
    return TokenInfo(str(wire.get("status", "Invalid")), str(group), expires)


class Authorizer:
    """A station's own knowledge of tokens. Owns the cache and the local list; both are empty until needed."""

    __slots__ = ("cache", "listed", "version")

    def __init__(self) -> None:
        self.cache: dict[str, tuple[TokenInfo, float]] | None = None
        """Key -> what is known and when it was last used; the oldest first."""
        self.listed: dict[str, TokenInfo] | None = None
        self.version = 0
        """The local list's version as it was last given; 0 before the first."""

    # --- deciding -----------------------------------------------------------------------------------------

    def local(self, token: Token, model: DeviceModel, now: float, *, online: bool) -> TokenInfo | None:
        """The decision of the station alone; None when the CSMS has to be asked (only when `online`)."""
        if model.has("AuthCtrlr.Enabled") and not model.flag("AuthCtrlr.Enabled"):
            return TokenInfo(ACCEPTED)  # C01.FR.01: without AuthEnabled nobody is asked
        known, post = self._known(token, model, now)
        return (
            self._online(known, post, model)
            if online
            else self._offline(known, self._is_listed(token), model)
        )

    def _online(self, known: TokenInfo | None, post: bool, model: DeviceModel) -> TokenInfo | None:
        if known is not None and model.flag("LocalPreAuthorize"):
            if known.accepted:
                return known  # C12.FR.02, C14.FR.02; 1.6 §9.1.13
            if not post:
                return known  # DisablePostAuthorize
        if model.flag("AuthCtrlr.DisableRemoteAuthorization"):
            return known or TokenInfo("Unknown")
        return None  # C01.FR.02, C10.FR.03, C14.FR.03

    def _offline(self, known: TokenInfo | None, listed: bool, model: DeviceModel) -> TokenInfo:
        if known is not None and (model.flag("LocalAuthorizeOffline") or not known.accepted):
            return known  # C13.FR.02; 1.6 §9.1.12
        if known is None and model.flag("AllowOfflineTxForUnknownId"):
            return TokenInfo(ACCEPTED)  # C15.FR.08; 1.6 §3.5.4
        return TokenInfo("Invalid")

    def _known(self, token: Token, model: DeviceModel, now: float) -> tuple[TokenInfo | None, bool]:
        """What list or cache say, and whether a refusal of theirs may be checked with the CSMS."""
        if model.flag("LocalAuthListEnabled") and self.listed:
            entry = self.listed.get(token.key)
            if entry is not None and not (entry.expires is not None and entry.expires <= now):  # C14.FR.05
                return entry, not model.flag("LocalAuthListCtrlr.DisablePostAuthorize")
        cached = self.cached(token, model, now)
        return cached, not model.flag("AuthCacheCtrlr.DisablePostAuthorize")

    def _is_listed(self, token: Token) -> bool:
        return bool(self.listed) and token.key in (self.listed or {})

    def known(self, token: Token, model: DeviceModel, now: float) -> TokenInfo | None:
        """What list or cache say of `token`; None when it is in neither."""
        return self._known(token, model, now)[0]

    # --- the cache ----------------------------------------------------------------------------------------

    def cached(self, token: Token, model: DeviceModel, now: float) -> TokenInfo | None:
        """The cache's entry, if the cache is on and the entry has not expired (C10.FR.08, .10, .13)."""
        if not self.cache or not model.flag("AuthCacheEnabled"):
            return None
        found = self.cache.get(token.key)
        if found is None:
            return None
        info, used = found
        life = model.seconds("AuthCacheCtrlr.LifeTime") if model.has("AuthCacheCtrlr.LifeTime") else 0.0
        expired = now >= info.expires if info.expires is not None else bool(life) and now >= used + life
        if expired:
            del self.cache[token.key]
            return None
        self.cache[token.key] = (info, now)
        return info

    def learn(self, token: Token, info: TokenInfo, model: DeviceModel, now: float) -> None:
        """Take up what the CSMS said of `token` (C10.FR.04, .05; 1.6 §4.1: not what the local list holds)."""
        if not model.flag("AuthCacheEnabled") or self._is_listed(token) or token.type in UNCACHED:
            return
        if self.cache is None:
            self.cache = {}
        self.cache.pop(token.key, None)
        self.cache[token.key] = (info, now)
        while len(self.cache) > MAX_CACHED:  # C10.FR.07: refused ones first, then the oldest
            refused = (key for key, (entry, _) in self.cache.items() if not entry.accepted)
            del self.cache[next(refused, next(iter(self.cache)))]

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
