"""Signed meter values: what the meter of an EVSE says of its register, in OCMF with an ECDSA signature.

The key of a meter comes from the seed, and the signature from `shared/signing.py`: the same run signs the same bytes.
Each document has a number that is never used again (OCMF: pagination), so those are kept on disk.

Sources: OCMF 1.0; the OCA's application note "Signed Meter Values in OCPP" 1.0 for what goes where; 2.1 J02.FR.23 and
the same note §3.2.2 for the form of a public key.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from charge_point.measurands import REGISTER, Sample, Sampled, Signed
from charge_point.parts import Part
from shared import signing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from charge_point.evse import Evse
    from charge_point.station import Station

METHOD = "ECDSA-secp256r1-SHA256"

_ENDS = {"Local": "L", "Remote": "R", "EVDisconnected": "L", "StoppedByEV": "L", "PowerLoss": "P", "": "E"}
_TOKENS = {"ISO14443": "ISO14443", "ISO15693": "ISO15693", "eMAID": "EMAID", "Central": "CENTRAL"}


class SigningMeters(Part):
    """The meters of one station that sign. Owns their keys and the numbers of their documents."""

    __slots__ = ("_keys", "_pages")

    name = "signing"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self._keys: dict[int, EllipticCurvePrivateKey] = {}
        self._pages: dict[str, int] = {}

    def as_kept(self) -> Any:
        """The number of the last document of each meter."""
        return self._pages

    def restore(self, kept: Any) -> None:
        """Count on from where an earlier process was."""
        self._pages = dict(kept)

    def key(self, evse: int) -> EllipticCurvePrivateKey:
        """The private key of the meter of an EVSE."""
        if evse not in self._keys:
            self._keys[evse] = signing.private_key(self.station.stream(f"meter key {evse}").hex(64))
        return self._keys[evse]

    def public_key(self, evse: int) -> str:
        """The public key as OCPP carries it: base64 of `oca:base16:asn1:` and the hex digits of the DER structure."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        der = self.key(evse).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(f"oca:base16:asn1:{der.hex()}".encode()).decode()

    def document(self, evse: Evse, sample: Sample, value: Sampled) -> str:
        """The OCMF document of one reading of the register."""
        kind = "T" if evse.transaction is not None else "F"  # in a transaction, or fiscal
        name = f"{kind}{evse.id}"
        self._pages[name] = self._pages.get(name, 0) + 1
        self.keep()
        said = json.dumps(
            self._said(evse, sample, value, f"{kind}{self._pages[name]}"), separators=(",", ":")
        )
        signature = {"SA": METHOD, "SD": signing.signature(self.key(evse.id), said.encode()).hex()}
        return f"OCMF|{said}|{json.dumps(signature, separators=(',', ':'))}"

    def _said(self, evse: Evse, sample: Sample, value: Sampled, page: str) -> dict[str, Any]:
        setup, transaction = self.station.setup, evse.transaction
        token = None if transaction is None else transaction.starter
        return {
            "FV": "1.0",
            "GI": setup.model,
            "GS": setup.serial or self.station.id,
            "GV": self.station.firmware,
            "PG": page,
            "MV": setup.vendor,
            "MM": f"{setup.model} meter",
            "MS": f"{setup.serial or self.station.id}-{evse.id}",
            "MF": "1.0",
            "IS": token is not None,
            "IF": [],
            "IT": "NONE" if token is None else _TOKENS.get(token.type, "KEY_CODE"),
            "ID": "" if token is None else token.id,
            "CT": "EVSEID",
            "CI": f"{self.station.id}*{evse.id}",
            "RD": [
                {
                    "TM": _moment(self.station.clock.text(sample.time)),
                    "TX": _place(evse, sample.context),
                    "RV": value.value,
                    "RI": "1-b:1.8.0",  # OBIS: active energy imported, total
                    "RU": value.unit,
                    "RT": evse.outlet.current,
                    "EF": "" if evse.meter.fault is None else "E",
                    "ST": "G" if evse.meter.fault is None else "F",
                }
            ],
        }


def sign(evse: Evse, sample: Sample) -> Sample:
    """`sample` with the values of the import register signed: what the meter can sign (J02.FR.21)."""
    values = tuple(
        value._replace(signed=_signed(evse, sample, value))
        if value.measurand == REGISTER and not value.phase
        else value
        for value in sample.values
    )
    return sample._replace(values=values)


def _signed(evse: Evse, sample: Sample, value: Sampled) -> Signed:
    station, transaction = evse.station, evse.transaction
    meters = station.part(SigningMeters)
    when = station.model.text("OCPPCommCtrlr.PublicKeyWithSignedMeterValue")
    once = when == "OncePerTransaction" and transaction is not None and not transaction.key_told
    if once and transaction is not None:
        transaction.key_told = True
    told = once or when == "EveryMeterValue"
    return Signed(meters.document(evse, sample, value), meters.public_key(evse.id) if told else "")


def wire(signed: Signed) -> dict[str, str]:
    """A SignedMeterValueType; the method is in the OCMF document already, so it is empty (application note §4.2)."""
    return {
        "signedMeterData": base64.b64encode(signed.document.encode()).decode(),
        "signingMethod": "",
        "encodingMethod": "OCMF",
        "publicKey": signed.key,
    }


def _place(evse: Evse, context: str) -> str:
    """OCMF's TX: where in the transaction the reading was taken, at the end also why it ended."""
    if context == "Transaction.Begin":
        return "B"
    if context == "Transaction.End":
        stopping = evse.transaction.stopping if evse.transaction is not None else ""
        return _ENDS.get(stopping, "A")
    return "C"


def _moment(text: str) -> str:
    """An OCPP timestamp as OCMF writes it, said to be synchronized: `2026-01-01T00:00:00,000+0000 S`."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return f"{whole},{(rest + '000')[:3]}+0000 S"
