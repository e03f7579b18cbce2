"""Certificates at the station: installed, named, deleted, asked for, handed over. The ids are the OCTT's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPRequestBuilder

from charge_point.certificates import Certificates
from charge_point.outbox import Store
from shared.versions import V2X, V16, V21, V201, Version
from tests.charge_point.authority import Authority, authority
from tests.charge_point.wired import Wired

Payload = dict[str, Any]

DAY = 86_400.0
CHECKED = {"SecurityCtrlr.AdditionalRootCertificateCheck": True}


def spelled(version: Version, type: str) -> str:
    return "CentralSystemRootCertificate" if version is V16 and type.startswith("CSMS") else type


async def install(wired: Wired, pem: str, type: str = "CSMSRootCertificate") -> str:
    request = {"certificateType": spelled(wired.version, type), "certificate": pem}
    return str((await wired.ask("InstallCertificate", request))["status"])


async def named_by(wired: Wired, *types: str) -> list[Payload] | str:
    """The hashes of the certificates of some types, or the status when there are none."""
    if wired.version is V16:
        answer = await wired.ask("GetInstalledCertificateIds", {"certificateType": spelled(V16, types[0])})
        return answer.get("certificateHashData") or str(answer["status"])
    answer = await wired.ask("GetInstalledCertificateIds", {"certificateType": list(types)} if types else {})
    chain = answer.get("certificateHashDataChain")
    return [one["certificateHashData"] for one in chain] if chain else str(answer["status"])


def hashes_of(certificate: x509.Certificate, issuer: x509.Certificate) -> Payload:
    """The same hashes as an OCSP request of `cryptography` has them."""
    from cryptography.hazmat.primitives.hashes import SHA256

    request = OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{request.serial_number:x}",
    }


def root(wired: Wired, name: str = "root", **more: Any) -> Authority:
    return authority(name, wired.station.clock.time() // DAY * DAY, **more)


# --- installing, naming, deleting (M03 to M05) ----------------------------------------------------------------


@pytest.mark.parametrize("type", ["CSMSRootCertificate", "ManufacturerRootCertificate"])
async def test_an_installed_root_is_named_by_its_hashes(version: Version, type: str) -> None:
    wired = await Wired(version).start()  # TC_M_01, TC_M_02, TC_M_12, TC_M_13, TC_075_1_CS, TC_075_2_CS
    assert await named_by(wired, type) == "NotFound"  # TC_M_19
    one = root(wired)
    assert await install(wired, one.pem, type) == "Accepted"
    assert await named_by(wired, type) == [hashes_of(one.certificate, one.certificate)]
    name = "CertificateStoreMaxLength" if version is V16 else "SecurityCtrlr.CertificateEntries"
    assert wired.station.model.text(name) == ("20" if version is V16 else "1")
    await wired.end()


async def test_types_are_told_apart_and_together(version_2x: Version) -> None:  # TC_M_03, _04, _14, _16-_18
    wired = await Wired(version_2x).start()
    types = ["V2GRootCertificate", "MORootCertificate", "ManufacturerRootCertificate", "CSMSRootCertificate"]
    for type in types:
        assert await install(wired, root(wired, type).pem, type) == "Accepted"
    for type in types:
        one = root(wired, type).certificate
        assert await named_by(wired, type) == [hashes_of(one, one)]
    assert len(await named_by(wired)) == 4
    assert len(await named_by(wired, *types[2:])) == 2
    await wired.end()


@pytest.mark.parametrize("what", ["expired", "not yet", "leaf", "text", "two"])
async def test_what_is_no_valid_root_is_rejected(version: Version, what: str) -> None:  # TC_M_07, TC_078_CS
    wired = await Wired(version).start()
    now = wired.station.clock.time()
    pem = {
        "expired": authority("old", now - 100 * DAY, days=50).pem,
        "not yet": authority("young", now + 100 * DAY).pem,
        "leaf": authority("leaf", now, ca=False).pem,
        "text": "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n",
        "two": root(wired).pem + root(wired, "other").pem,
    }[what]
    assert await install(wired, pem) == "Rejected"
    await wired.settle(1)
    events = [event["type"] for event in wired.of("SecurityEventNotification")]
    assert events == (["InvalidCentralSystemCertificate"] if version is V16 else [])
    assert await named_by(wired, "CSMSRootCertificate") == "NotFound"
    await wired.end()


async def test_the_same_root_again_takes_its_own_place_and_the_store_has_an_end(version: Version) -> None:
    wired = await Wired(version).start()  # M05.FR.06, .17
    for at in range(20):
        assert await install(wired, root(wired, f"root {at}").pem) == "Accepted"
    assert await install(wired, root(wired, "root 3").pem) == "Accepted"
    assert await install(wired, root(wired, "root 20").pem) == "Rejected"
    assert len(await named_by(wired, "CSMSRootCertificate")) == 20
    await wired.end()


async def test_a_checked_root_has_to_be_signed_by_the_one_before(version: Version) -> None:  # TC_M_09
    wired = await Wired(version, variables=CHECKED).start()
    first = root(wired)
    assert await install(wired, first.pem) == "Accepted"
    assert await install(wired, root(wired, "stranger").pem) == "Rejected"
    assert await named_by(wired, "CSMSRootCertificate") == [hashes_of(first.certificate, first.certificate)]
    heir = root(wired, "heir", above=first)
    assert await install(wired, heir.pem) == "Accepted"
    assert len(await named_by(wired, "CSMSRootCertificate")) == 2  # the old one for a while (M05.FR.09)
    assert wired.station.part(Certificates).fallback == first.pem  # M05.FR.12
    await wired.end()


async def test_a_root_is_deleted_by_its_hashes(version: Version) -> None:  # TC_M_20, TC_M_22, TC_076_CS
    wired = await Wired(version).start()
    await install(wired, root(wired).pem)
    found = await named_by(wired, "CSMSRootCertificate")
    assert isinstance(found, list)
    other = found[0] | {"serialNumber": "123"}
    assert (await wired.ask("DeleteCertificate", {"certificateHashData": other}))["status"] == "NotFound"
    upper = {name: value.upper() if name != "hashAlgorithm" else value for name, value in found[0].items()}
    assert (await wired.ask("DeleteCertificate", {"certificateHashData": upper}))["status"] == "Accepted"
    assert await named_by(wired, "CSMSRootCertificate") == "NotFound"
    await wired.end()


async def test_certificates_survive_the_end_of_the_process(version: Version, tmp_path: Path) -> None:
    store = Store(tmp_path)
    wired = await Wired(version, store=store).start()
    await install(wired, root(wired).pem)
    before = await named_by(wired, "CSMSRootCertificate")
    await wired.tasks.end()
    again = await Wired(version, store=store).start()
    assert await named_by(again, "CSMSRootCertificate") == before
    await again.end()


# --- certificates of the station (A02, A03) -------------------------------------------------------------------


async def asks(wired: Wired, answer: str = "Accepted") -> Payload:
    """The CSMS wants a new certificate to be asked for; gives the SignCertificateRequest."""
    wired.script["SignCertificate"] = lambda request: {"status": answer}
    wired.forget()
    if wired.version is V16:
        action, message = "ExtendedTriggerMessage", "SignChargePointCertificate"
    else:
        action, message = "TriggerMessage", "SignChargingStationCertificate"
    assert (await wired.ask(action, {"requestedMessage": message}))["status"] == "Accepted"
    return wired.of("SignCertificate")[-1]


async def hand_over(wired: Wired, pem: str, **more: Any) -> str:
    request = {"certificateChain": pem} | more
    return str((await wired.ask("CertificateSigned", request))["status"])


async def test_a_signing_request_is_real_and_its_certificate_is_taken(version: Version) -> None:
    wired = await Wired(version, serial="SN-1").start()  # TC_A_11, TC_074_CS
    ca = root(wired)
    await install(wired, ca.pem)
    request = await asks(wired)
    csr = x509.load_pem_x509_csr(request["csr"].encode())
    assert csr.is_signature_valid
    assert csr.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "SN-1"
    assert ("certificateType" in request, "requestId" in request) == (version is not V16, version is V21)
    more = {"requestId": request["requestId"]} if version is V21 else {}
    assert await hand_over(wired, ca.sign(request["csr"], wired.station.clock.time()), **more) == "Accepted"
    await wired.settle(1000)
    assert len(wired.of("SignCertificate")) == 1
    if version is not V16:  # TC_M_23: the station's own cannot be deleted
        own = x509.load_pem_x509_certificate(
            wired.station.part(Certificates).own["ChargingStationCertificate"].chain.encode()
        )
        request = {"certificateHashData": hashes_of(own, ca.certificate)}
        assert (await wired.ask("DeleteCertificate", request))["status"] == "Failed"
    await wired.end()


@pytest.mark.parametrize(
    "what", ["another key", "another name", "another root", "expired", "unasked", "text"]
)
async def test_a_certificate_that_is_not_valid_is_rejected_with_an_event(version: Version, what: str) -> None:
    wired = await Wired(version).start()  # TC_077_CS, TC_A_14, A02.FR.07
    ca, now = root(wired), wired.station.clock.time()
    await install(wired, ca.pem)
    csr = (await asks(wired))["csr"]
    if what == "unasked":
        await asks(wired, "Rejected")
    pem = {
        "another key": ca.sign((await asks(wired))["csr"] if what != "another key" else csr, now),
        "another name": ca.sign(csr, now, name="somebody"),
        "another root": root(wired, "stranger").sign(csr, now),
        "expired": ca.sign(csr, now - 100 * DAY, days=50),
        "unasked": ca.sign(csr, now),
        "text": "no",
    }[what]
    if what == "another key":
        await asks(wired)
    wired.forget()
    assert await hand_over(wired, pem) == "Rejected"
    await wired.settle(1000)
    box = "ChargePoint" if version is V16 else "ChargingStation"
    assert [one["type"] for one in wired.of("SecurityEventNotification")] == [f"Invalid{box}Certificate"]
    assert "SignCertificate" not in wired.actions()  # A02.FR.20
    await wired.end()


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_who_gets_no_certificate_asks_again_later_each_time(
    version: Version,
) -> None:  # TC_A_23, A02.FR.17-.19
    presets = {"SecurityCtrlr.CertSigningWaitMinimum": 100, "SecurityCtrlr.CertSigningRepeatTimes": 2}
    wired = await Wired(version, variables=presets).start()
    first = await asks(wired)
    for wait, count in ((98, 1), (4, 2), (195, 2), (5, 3), (5000, 3)):
        await wired.settle(wait)
        assert len(wired.of("SignCertificate")) == count
    assert {one["csr"] for one in wired.of("SignCertificate")} == {first["csr"]}
    await wired.end()


async def test_a_rejected_request_is_not_repeated(version: Version) -> None:  # TC_A_15
    wired = await Wired(version).start()
    await asks(wired, "Rejected")
    await wired.settle(5000)
    assert len(wired.of("SignCertificate")) == 1
    await wired.end()


async def test_an_unknown_request_and_too_long_a_chain_are_rejected() -> None:  # A02.FR.16, .26
    wired = await Wired(V21, variables={"SecurityCtrlr.MaxCertificateChainSize": 100}).start()
    request = await asks(wired)
    ca = root(wired)
    signed = ca.sign(request["csr"], wired.station.clock.time())
    assert await hand_over(wired, signed, requestId=request["requestId"] + 1) == "Rejected"
    assert await hand_over(wired, signed) == "Rejected"
    assert "SecurityEventNotification" not in wired.actions()
    await wired.end()


async def test_a_certificate_is_renewed_a_month_before_its_end() -> None:  # A03.FR.02
    wired = await Wired(V201).start()
    ca = root(wired)
    request = await asks(wired)
    assert await hand_over(wired, ca.sign(request["csr"], wired.station.clock.time(), days=35)) == "Accepted"
    wired.forget()
    await wired.settle(3.5 * DAY)
    assert "SignCertificate" not in wired.actions()
    await wired.settle(DAY)
    assert wired.of("SignCertificate")[0]["csr"] != request["csr"]
    await wired.end()


async def test_a_chain_to_cars_is_named_with_what_is_between() -> None:  # TC_M_15, M03.FR.05
    wired = await Wired(V21).start()
    top = root(wired, "V2G root")
    between = root(wired, "CPO sub", above=top)
    await install(wired, top.pem, "V2GRootCertificate")
    wired.script["SignCertificate"] = lambda request: {"status": "Accepted"}
    wired.forget()
    await wired.ask("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
    request = wired.of("SignCertificate")[0]
    assert request["hashRootCertificate"] == hashes_of(top.certificate, top.certificate)  # A02.FR.27
    leaf = between.sign(request["csr"], wired.station.clock.time())
    assert await hand_over(wired, leaf + between.pem, certificateType="V2GCertificate") == "Accepted"
    answer = await wired.ask("GetInstalledCertificateIds", {"certificateType": ["V2GCertificateChain"]})
    (chain,) = answer["certificateHashDataChain"]
    own = x509.load_pem_x509_certificate(leaf.encode())
    assert chain["certificateHashData"] == hashes_of(own, between.certificate)
    assert chain["childCertificateHashData"] == [hashes_of(between.certificate, top.certificate)]
    delete = {"certificateHashData": chain["certificateHashData"]}
    assert (await wired.ask("DeleteCertificate", delete))["status"] == "Accepted"
    await wired.end()


async def test_the_same_seed_asks_with_the_same_bytes() -> None:
    found = []
    for seed in (1, 1, 2):
        wired = await Wired(V201, seed=seed).start()
        found.append((await asks(wired))["csr"])
        await wired.end()
    assert found[0] == found[1] != found[2]
