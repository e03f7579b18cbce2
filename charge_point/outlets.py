"""What hangs on a connector: the kind of plug, and the current behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONNECTOR_TYPES = tuple(
    # 2.0.1 part 2 ConnectorEnumType; 2.1 appendix ConnectorEnumStringType and errata 2025-09
    "bBatterySlot cCCS1 cCCS1-NACS cCCS2 cChaoJi cG105 cGBT cGBT-DC cLECCS cMCS cNACS cNACS-CCS1 cTesla cType1 cType2"
    " cUltraChaoJi s309-1P-16A s309-1P-32A s309-3P-16A s309-3P-32A sBS1361 sCEE-7-7 sType1 sType2 sType3 wInductive"
    " wResonant OppCharge Other1PhMax16A Other1PhOver16A Other3Ph Pan Undetermined Unknown".split()
)

CHADEMO = "cG105"
"""The connector of a station that talks CHAdeMO with its cars."""

DIRECT = frozenset(
    "cCCS1 cCCS1-NACS cCCS2 cChaoJi cG105 cGBT-DC cLECCS cMCS cNACS-CCS1 cUltraChaoJi OppCharge Pan".split()
)
"""The types through which direct current flows."""


class Outlet(NamedTuple):
    """A connector's electrics: `amps` per phase or of the DC cable, `phases` of AC (0: DC), the most `watts`."""

    kind: str
    tethered: bool
    amps: float
    phases: int
    watts: float

    @property
    def is_dc(self) -> bool:
        """Whether it delivers direct current."""
        return self.phases == 0

    @property
    def current(self) -> str:
        """AC or DC."""
        return "DC" if self.is_dc else "AC"

    @property
    def transfer_modes(self) -> tuple[str, ...]:
        """The EnergyTransferModeEnumTypes that it is capable of."""
        if self.is_dc:
            return "DC", "DC_BPT"
        ways = ("AC_single_phase", "AC_two_phase", "AC_three_phase")[: self.phases]
        return (*ways, "AC_BPT", "AC_BPT_DER")

    @property
    def rotation(self) -> str:
        """Its PhaseRotation."""
        return ("", "Rxx", "RSx", "RST")[self.phases]


def outlet(kind: str, *, amps: float, phases: int, dc_amps: float, dc_watts: float) -> Outlet:
    """The outlet behind a connector of the type `kind`: with a cable of its own, or a socket; AC or DC."""
    if kind in DIRECT:
        return Outlet(kind, True, dc_amps or dc_watts / 400.0, 0, dc_watts)
    if "1P" in kind or kind in ("sCEE-7-7", "sBS1361", "sType1", "cType1"):
        phases = 1
    return Outlet(kind, kind.startswith("c"), amps, phases, amps * 230.0 * phases)


def laid_out(
    evses: Iterable[tuple[int, ...]], kinds: Iterable[tuple[str, ...]], made: Mapping[str, Outlet]
) -> dict[tuple[int, int], Outlet]:
    """(EVSE id, connector id) -> its outlet."""
    places = [(at, id) for at, ids in enumerate(evses, 1) for id in ids]
    return dict(zip(places, (made[kind] for several in kinds for kind in several), strict=True))


VAR_SHARE = 0.44
"""Reactive power of an inverter for each VA of its rating (IEEE 1547-2018 table 7, category B)."""


def nameplate(watts: float) -> dict[str, float]:
    """The ratings of an inverter that delivers `watts`, as DCDERCtrlr has them."""
    excited = round(0.9 * watts)
    return {
        "MaxW": watts,
        "OverExcitedW": excited,
        "UnderExcitedW": excited,
        "MaxVA": watts,
        "MaxVar": round(VAR_SHARE * watts),
        "MaxVarNeg": round(VAR_SHARE * watts),
        "MaxChargeRateW": watts,
        "MaxChargeRateVA": watts,
    }
