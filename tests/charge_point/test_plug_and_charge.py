"""Cars that pay by their contract, and have it installed; the statuses of certificates. The ids are the OCTT's."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from charge_point.authorization import Token, TokenInfo
from charge_point.certificate_statuses import WEEK, CertificateStatuses
from charge_point.certificates import Certificates
from charge_point.ev import vehicle
from charge_point.plug_and_charge import PlugAndCharge
from csms.authority import CertificateAuthority
from csms.contracts import answer
from csms.revocation import Revocations
from shared import signing
from shared.clock import text
from shared.iso15118 import decoded
from shared.versions import V2X, V16, V21, V201, Version
from tests.charge_point.authority import Authority, authority, named
from tests.charge_point.wired import Wired

Payload = dict[str, Any]

CONTRACT = "DEABC123456789"
DAY = 86_400.0
ROOTS = ("V2GRootCertificate", "MORootCertificate")


def written(folder: Path, chain: str, holder: Authority) -> str:
    """A PEM file with a contract."""
    key = holder.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "contract.pem").write_text(chain + key.decode())
    return str(folder / "contract.pem")


class Site(Wired):
    """A station to which a car comes that has a contract under a provider's root."""

    def __init__(self, version: Version, folder: Path, *, days: float = 3650, **setup: Any) -> None:
        super().__init__(version, **setup)
        now = self.station.clock.time() // DAY * DAY
        self.root = authority("MO root", now)
        self.sub = authority("MO sub", now, above=self.root)
        self.leaf = authority(CONTRACT, now, days, above=self.sub, ca=False)
        self.chain = self.leaf.pem + self.sub.pem
        self.file = written(folder, self.chain, self.leaf)
        self.script |= {
            "NotifyEVChargingNeeds": lambda request: {
                "status": "NoChargingProfile" if version is V21 else "Rejected"
            },
            "GetCertificateChainStatus": lambda request: self.statuses_of(request, "Good"),
        }

    def statuses_of(self, request: Payload, word: str, days: float = 3) -> Payload:
        until = text(self.station.clock.time() + days * DAY)
        return {
            "certificateStatus": [
                {
                    "certificateHashData": one["certificateHashData"],
                    "source": one["source"],
                    "status": word,
                    "nextUpdate": until,
                }
                for one in request["certificateStatusRequests"]
            ]
        }

    async def trusting(self) -> Site:
        """Started, with the provider's root installed."""
        await self.start()
        request = {"certificateType": "MORootCertificate", "certificate": self.root.pem}
        assert (await self.ask("InstallCertificate", request))["status"] == "Accepted"
        self.forget()
        return self

    async def comes(self, **more: Any) -> None:
        self.station.plug_in(1, ev=vehicle({"contract": self.file, "iso15118": "2"} | more))
        await self.settle(2)

    async def leaves(self) -> None:
        if self.station.evses[0].is_authorized:
            await self.station.present(Token(CONTRACT, "eMAID"), 1)
        self.station.unplug(1)
        await self.settle(2)

    def issues(self, contracts: int = 1) -> None:
        """The CSMS has a pool of contracts."""
        made = CertificateAuthority(7, contracts=contracts)
        known = Revocations(made)
        self.script["Get15118EVCertificate"] = lambda request: answer(
            made, known, request, self.station.clock.time()
        )

    @property
    def charges(self) -> bool:
        one = self.station.evses[0]
        return one.transaction is not None and one.is_authorized

    def why(self) -> str:
        """Why the last car could not pay by its contract."""
        notes = [str(entry) for entry in self.journal if entry.note == "no_plug_and_charge"]
        return notes[-1] if notes else ""


def refuses(status: str, certificate: str) -> Any:
    return lambda request: {"idTokenInfo": {"status": status}, "certificateStatus": certificate}


# --- authorization (C07) --------------------------------------------------------------------------------------


async def test_tc_c_50_a_contract_under_an_installed_root_is_shown_by_its_hashes(
    version_2x: Version, tmp_path: Path
) -> None:
    site = await Site(version_2x, tmp_path).trusting()
    await site.comes()
    (asked,) = site.of("Authorize")
    assert asked["idToken"] == {"idToken": CONTRACT, "type": "eMAID"}
    assert "certificate" not in asked
    serials = [one["serialNumber"] for one in asked["iso15118CertificateHashData"]]
    assert serials == [f"{one.certificate.serial_number:x}" for one in (site.leaf, site.sub)]
    assert site.charges
    (started,) = [one for one in site.of("TransactionEvent") if "idToken" in one]
    assert started["idToken"]["type"] == "eMAID"
    await site.end()


@pytest.mark.parametrize(
    ("case", "status", "certificate"),
    [("TC_C_51", "Invalid", "ContractCancelled"), ("TC_C_53", "Invalid", "CertificateRevoked")],
)
async def test_a_contract_that_the_csms_refuses_starts_nothing(
    version_2x: Version, tmp_path: Path, case: str, status: str, certificate: str
) -> None:
    site = Site(version_2x, tmp_path)
    site.script["Authorize"] = refuses(status, certificate)
    await (site.trusting() if case == "TC_C_51" else site.start())
    await site.comes()
    (asked,) = site.of("Authorize")
    assert ("iso15118CertificateHashData" in asked) == (case == "TC_C_51")
    assert not site.charges
    assert f"{CONTRACT} is Invalid" in site.why()
    assert all(one[1] not in ("Authorized", "ChargingStateChanged") for one in site.events())
    await site.end()


async def test_tc_c_52_without_the_root_the_csms_gets_the_chain(version_2x: Version, tmp_path: Path) -> None:
    site = Site(version_2x, tmp_path)
    await site.start()
    await site.comes()
    (asked,) = site.of("Authorize")
    assert [one.serial_number for one in x509.load_pem_x509_certificates(asked["certificate"].encode())] == [
        site.leaf.certificate.serial_number,
        site.sub.certificate.serial_number,
    ]
    assert site.charges
    await site.end()


async def test_without_root_and_leave_to_send_it_on_nobody_is_asked(tmp_path: Path) -> None:  # C07.FR.06
    site = Site(V201, tmp_path, variables={"ISO15118Ctrlr.CentralContractValidationAllowed": False})
    await site.start()
    await site.comes()
    assert (site.of("Authorize"), site.charges) == ([], False)
    assert "CentralContractValidationAllowed is false" in site.why()
    await site.end()


OFFLINE: list[tuple[str, dict[str, Any], str, bool]] = [
    ("TC_C_54", {}, "unknown", True),  # C07.FR.12
    ("TC_C_54", {"OfflineTxForUnknownIdEnabled": False}, "cached", True),  # C07.FR.11
    ("TC_C_54", {"OfflineTxForUnknownIdEnabled": False}, "listed", True),  # C07.FR.10
    ("TC_C_54", {"OfflineTxForUnknownIdEnabled": False}, "unknown", False),
    ("TC_C_55", {"ISO15118Ctrlr.ContractValidationOffline": False}, "cached", False),  # C07.FR.07
    ("C07.FR.08 rootless", {}, "cached", False),
    ("C07.FR.08 expired", {}, "cached", False),
]


@pytest.mark.parametrize(
    ("case", "variables", "known", "charges"), OFFLINE, ids=[f"{one[0]}-{one[2]}" for one in OFFLINE]
)
async def test_offline_the_station_looks_at_the_contract_itself(
    version_2x: Version, tmp_path: Path, case: str, variables: dict[str, Any], known: str, charges: bool
) -> None:
    settings = {
        "OfflineTxForUnknownIdEnabled": True,
        "LocalAuthorizeOffline": True,
        "AuthCacheEnabled": True,
        "LocalAuthListEnabled": True,
    } | variables
    site = Site(version_2x, tmp_path, days=2 if "expired" in case else 3650, variables=settings)
    await (site.start() if "rootless" in case else site.trusting())
    own, token = site.station.authorizer, Token(CONTRACT, "eMAID")
    if known == "cached":
        own.learn(token, TokenInfo("Accepted"), site.station.model, site.station.clock.time())
    if known == "listed":
        own.update_list(1, {token: TokenInfo("Accepted")}, full=True)
    await asyncio.sleep(3 * DAY if "expired" in case else 0)
    site.station.disconnected()
    site.forget()
    await site.comes()
    assert site.charges == charges
    assert site.of("Authorize") == []
    await site.tasks.end()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"ISO15118Ctrlr.PnCEnabled": False}, ""),
        ({"ISO15118Ctrlr.Enabled": False}, ""),
        ({"ISO15118Ctrlr.SupportedProviders": "NLABC,FRXYZ"}, "not one of the supported providers"),
    ],
)
async def test_a_station_that_takes_no_contracts_asks_nobody(
    tmp_path: Path, settings: dict[str, Any], why: str
) -> None:
    site = await Site(V21, tmp_path, variables=settings).trusting()
    await site.comes()
    assert (site.of("Authorize"), site.charges) == ([], False)
    assert why in site.why()
    await site.end()


async def test_1_6_knows_no_contracts(tmp_path: Path) -> None:
    site = Site(V16, tmp_path)
    await site.start()
    await site.comes()
    assert "Authorize" not in site.actions()
    await site.end()


async def test_a_chain_that_does_not_hold_together_is_not_shown(tmp_path: Path) -> None:
    site = Site(V201, tmp_path)
    stranger = authority("stranger", site.station.clock.time() // DAY * DAY)
    site.file = written(tmp_path, site.leaf.pem + stranger.pem, site.leaf)
    await site.start()
    await site.comes()
    assert site.of("Authorize") == []
    assert "not signed by the next" in site.why()
    await site.end()


@pytest.mark.parametrize("content", ["", "no", "-----BEGIN CERTIFICATE-----\nPRIVATE"])
async def test_a_file_without_a_contract_is_told_at_the_plug(tmp_path: Path, content: str) -> None:
    site = Site(V201, tmp_path)
    (tmp_path / "wrong.pem").write_text(content)
    await site.start()
    with pytest.raises(ValueError, match=r"wrong\.pem holds no certificates and private key"):
        await site.comes(contract=str(tmp_path / "wrong.pem"))
    with pytest.raises(ValueError, match=r"none\.pem: No such file"):
        await site.comes(contract=str(tmp_path / "none.pem"))
    site.file = written(tmp_path, site.sub.pem, site.leaf)
    with pytest.raises(ValueError, match="not that of its first certificate"):
        await site.comes(contract=site.file)
    await site.tasks.end()


# --- installing contracts (M01, M02) --------------------------------------------------------------------------------


async def test_tc_m_26_a_car_without_a_contract_has_one_installed(
    version_2x: Version, tmp_path: Path
) -> None:
    site = Site(version_2x, tmp_path)
    site.issues()
    await site.start()
    await site.comes(contract="install")
    (asked,) = site.of("Get15118EVCertificate")
    assert asked["action"] == "Install"
    assert "maximumContractCertificateChains" not in asked  # M01.FR.02
    assert decoded(asked["exiRequest"]).name == "CertificateInstallationReq"
    assert [one["idToken"]["type"] for one in site.of("Authorize")] == ["eMAID"]
    assert site.charges
    await site.station.present(Token(site.of("Authorize")[0]["idToken"]["idToken"], "eMAID"), 1)
    site.station.unplug(1)
    await site.settle(2)
    site.forget()
    await site.comes(contract="install")  # it has it now
    assert site.of("Get15118EVCertificate") == []
    assert site.charges
    await site.end()


@pytest.mark.parametrize(("case", "wants"), [("TC_M_27", "install"), ("TC_M_29", "update")])
async def test_where_none_is_given_no_contract_is_shown(
    version_2x: Version, tmp_path: Path, case: str, wants: str
) -> None:
    site = await Site(version_2x, tmp_path).trusting()
    if wants == "update":
        await site.comes()
        await site.leaves()
        site.forget()
    site.script["Get15118EVCertificate"] = lambda request: {"status": "Failed", "exiResponse": ""}
    await site.comes(contract=wants)
    assert [one["action"].lower() for one in site.of("Get15118EVCertificate")] == [wants]
    assert (site.of("Authorize"), site.charges) == ([], False)
    await site.end()


async def test_a_car_that_came_while_the_station_was_offline_pays_when_it_is_back(tmp_path: Path) -> None:
    site = Site(V201, tmp_path)
    site.issues()
    await site.start()
    peer = site.station.peer
    assert peer is not None
    site.station.disconnected()
    await site.comes(contract="install")
    assert not site.charges
    site.station.connected(peer)
    await site.settle(2)
    assert site.charges
    await site.station.present(Token(site.of("Authorize")[0]["idToken"]["idToken"], "eMAID"), 1)
    site.station.disconnected()
    site.station.connected(peer)  # whoever has ended it does not begin anew
    await site.settle(2)
    assert not site.charges
    await site.end()


async def test_tc_m_28_a_contract_is_renewed(version_2x: Version, tmp_path: Path) -> None:
    site = Site(version_2x, tmp_path)
    site.issues()
    await site.start()
    await site.comes(contract="install")
    (before,) = site.of("Authorize")
    await site.station.present(Token(before["idToken"]["idToken"], "eMAID"), 1)
    site.station.unplug(1)
    await site.settle(2)
    site.forget()
    await site.comes(contract="update")
    (asked,) = site.of("Get15118EVCertificate")
    assert (asked["action"], decoded(asked["exiRequest"]).name) == ("Update", "CertificateUpdateReq")
    (after,) = site.of("Authorize")
    assert after["idToken"] == before["idToken"]
    assert after["certificate"] != before["certificate"]
    await site.end()


async def test_tc_m_100_a_car_of_iso_15118_20_gets_all_its_contracts(tmp_path: Path) -> None:
    site = Site(V21, tmp_path)
    site.issues(3)
    await site.start()
    await site.comes(contract="install", iso15118="20")
    asked = site.of("Get15118EVCertificate")
    assert asked == [asked[0]] * 3  # M01.FR.06: the same again
    assert (asked[0]["action"], asked[0]["maximumContractCertificateChains"]) == ("Install", 3)
    assert len({one.emaid for one in site.station.part(PlugAndCharge).held["20"]}) == 3
    assert site.charges
    await site.leaves()
    site.forget()
    site.station.part(PlugAndCharge).held["20"] = site.station.part(PlugAndCharge).held["20"][:1]
    site.station.evses[0].end_authorization("StopAuthorized", "Local")
    site.station.unplug(1)
    await site.settle()
    await site.comes(contract="update", iso15118="20")  # M02.FR.02
    assert {one["action"] for one in site.of("Get15118EVCertificate")} == {"Install"}
    await site.end()


async def test_what_does_not_open_is_no_contract(tmp_path: Path) -> None:
    site = Site(V201, tmp_path)
    site.script["Get15118EVCertificate"] = lambda request: {"status": "Accepted", "exiResponse": "gJgC"}
    await site.start()
    await site.comes(contract="install")
    assert site.of("Authorize") == []
    assert "EXI cannot be read here" in site.why()
    await site.end()


@pytest.mark.parametrize("online", [True, False], ids=["switched off", "offline"])
async def test_a_station_that_may_not_install_does_not_ask(tmp_path: Path, online: bool) -> None:
    settings = {"ISO15118Ctrlr.ContractCertificateInstallationEnabled": not online}
    site = Site(V201, tmp_path, variables=settings)
    site.issues()
    await site.start()
    if not online:
        site.station.disconnected()
    await site.comes(contract="install")
    assert site.of("Get15118EVCertificate") == []
    assert ("is false" if online else "offline") in site.why()
    await site.tasks.end()


# --- statuses (M06, M07) ----------------------------------------------------------------------------------------------


async def signed_v2g(site: Site, made: CertificateAuthority) -> None:
    """The station has a certificate towards cars, of two, under an installed root."""
    now = site.station.clock.time()
    root = {"certificateType": "V2GRootCertificate", "certificate": made.root(now)}
    assert (await site.ask("InstallCertificate", root))["status"] == "Accepted"
    site.script["SignCertificate"] = lambda request: {"status": "Accepted"}
    site.forget()
    await site.ask("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
    (request,) = site.of("SignCertificate")
    chain = made.sign(request["csr"], now, "V2GCertificate")
    given = {"certificateChain": chain, "certificateType": "V2GCertificate"}
    assert (await site.ask("CertificateSigned", given))["status"] == "Accepted"


def responding(site: Site, made: CertificateAuthority) -> Any:
    """The CSMS gives the OCSP responses of its authority."""

    def status(request: Payload) -> Payload:
        found = Revocations(made)._of_our_own(request["ocspRequestData"], site.station.clock.time())
        assert found is not None
        return {"status": "Accepted", "ocspResult": base64.b64encode(found.der).decode()}

    return status


async def test_tc_m_24_the_statuses_of_its_chain_to_cars_are_kept_and_renewed_each_week(
    version_2x: Version, tmp_path: Path
) -> None:
    site, made = Site(version_2x, tmp_path), CertificateAuthority(5)
    site.script["GetCertificateStatus"] = responding(site, made)
    await site.start()
    await signed_v2g(site, made)
    asked = [one["ocspRequestData"] for one in site.of("GetCertificateStatus")]
    assert len(asked) == len({one["serialNumber"] for one in asked}) == 2  # leaf and authority
    assert all(one["responderURL"].startswith("http") for one in asked)
    known = site.station.part(CertificateStatuses)
    first = [known.status(one) for one in asked]
    assert [one.word for one in first if one] == ["Good", "Good"]
    site.forget()
    await site.settle(WEEK - DAY)
    assert site.of("GetCertificateStatus") == []
    await site.settle(DAY)
    assert [one["ocspRequestData"] for one in site.of("GetCertificateStatus")] == asked  # M06.FR.10
    assert known.as_kept() is not None
    again = CertificateStatuses(site.station)
    again.restore(known.as_kept())
    assert again.known == known.known
    await site.end()


async def test_tc_m_25_a_status_that_was_not_given_is_asked_for_again_the_next_day(
    version_2x: Version, tmp_path: Path
) -> None:
    site, made = Site(version_2x, tmp_path), CertificateAuthority(5)
    site.script["GetCertificateStatus"] = lambda request: {"status": "Failed"}
    await site.start()
    await signed_v2g(site, made)
    assert len(site.of("GetCertificateStatus")) == 2
    assert site.station.part(CertificateStatuses).known == {}
    site.script["GetCertificateStatus"] = lambda request: {"status": "Accepted", "ocspResult": "MAA="}
    await site.settle(DAY)
    assert len(site.of("GetCertificateStatus")) == 4
    assert site.station.part(CertificateStatuses).known == {}
    site.script["GetCertificateStatus"] = responding(site, made)
    await site.settle(DAY)
    assert len(site.station.part(CertificateStatuses).known) == 2
    await site.tasks.end()


async def test_tc_a_12_the_certificate_towards_cars_is_renewed(version_2x: Version, tmp_path: Path) -> None:
    site, made = Site(version_2x, tmp_path), CertificateAuthority(5)
    site.script["GetCertificateStatus"] = responding(site, made)
    await site.start()
    for _ in range(2):
        await signed_v2g(site, made)
    (asked,) = site.of("SignCertificate")
    assert asked["certificateType"] == "V2GCertificate"
    answer = await site.ask("GetInstalledCertificateIds", {"certificateType": ["V2GCertificateChain"]})
    (chain,) = answer["certificateHashDataChain"]
    assert len(chain["childCertificateHashData"]) == 1
    await site.end()


async def test_tc_a_13_one_certificate_may_serve_both_ways(version_2x: Version, tmp_path: Path) -> None:
    site, made = Site(version_2x, tmp_path), CertificateAuthority(5)
    site.script["GetCertificateStatus"] = responding(site, made)
    site.script["SignCertificate"] = lambda request: {"status": "Accepted"}
    await site.start()
    now = site.station.clock.time()
    root = {"certificateType": "V2GRootCertificate", "certificate": made.root(now)}
    assert (await site.ask("InstallCertificate", root))["status"] == "Accepted"
    asked = {"requestedMessage": "SignCombinedCertificate"}
    assert (await site.ask("TriggerMessage", asked))["status"] == "Accepted"
    (request,) = site.of("SignCertificate")
    assert "certificateType" not in request
    name = x509.load_pem_x509_csr(request["csr"].encode()).subject.rfc4514_string()
    assert name.startswith(f"CN={site.station.part(Certificates).common_name},")
    stranger = site.root.sign(request["csr"], now)
    assert (await site.ask("CertificateSigned", {"certificateChain": stranger}))["status"] == "Rejected"
    await site.ask("TriggerMessage", asked)
    request = site.of("SignCertificate")[-1]
    given = {"certificateChain": made.sign(request["csr"], now, "V2GCertificate")}
    assert (await site.ask("CertificateSigned", given))["status"] == "Accepted"
    own = site.station.part(Certificates).own
    assert own["ChargingStationCertificate"] == own["V2GCertificate"]
    assert len(site.of("GetCertificateStatus")) == 2
    await site.end()


async def test_where_v2g_certificates_are_switched_off_none_is_asked_for(tmp_path: Path) -> None:
    settings = {"ISO15118Ctrlr.V2GCertificateInstallationEnabled": False}
    site = Site(V21, tmp_path, variables=settings)
    await site.start()
    for message in ("SignV2GCertificate", "SignV2G20Certificate", "SignCombinedCertificate"):
        assert (await site.ask("TriggerMessage", {"requestedMessage": message}))["status"] == "Rejected"
    assert "SignCertificate" not in site.actions()
    await site.end()


async def test_the_request_for_a_v2g_certificate_says_who_the_station_is_to_cars(tmp_path: Path) -> None:
    names = {"SeccId": "DEABCS1", "CountryName": "DE", "OrganizationName": "Example CPO of cars"}
    site = Site(V21, tmp_path, variables={f"ISO15118Ctrlr.{name}": value for name, value in names.items()})
    site.script["SignCertificate"] = lambda request: {"status": "Accepted"}
    await site.start()
    await site.ask("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
    (request,) = site.of("SignCertificate")
    asked = x509.load_pem_x509_csr(request["csr"].encode())
    assert asked.subject.rfc4514_string() == "CN=DEABCS1,O=Example CPO of cars,C=DE"
    await site.end()


async def test_the_chain_of_a_vehicle_is_asked_about_once_until_its_next_update(tmp_path: Path) -> None:
    site = await Site(V21, tmp_path).trusting()  # M07.FR.09-.11
    await site.comes(iso15118="20")
    (asked,) = site.of("GetCertificateChainStatus")
    assert [one["source"] for one in asked["certificateStatusRequests"]] == ["OCSP"]
    assert site.charges
    for days, more in ((2, 1), (2, 2)):
        await site.leaves()
        await asyncio.sleep(days * DAY)
        await site.comes(iso15118="20")
        assert len(site.of("GetCertificateChainStatus")) == more
    await site.end()


@pytest.mark.parametrize(
    ("word", "charges"), [("Revoked", False), ("Unknown", True), ("Failed", True), ("Good", True)]
)
async def test_a_revoked_vehicle_pays_by_no_contract(tmp_path: Path, word: str, charges: bool) -> None:
    site = await Site(V21, tmp_path).trusting()
    site.script["GetCertificateChainStatus"] = lambda request: site.statuses_of(request, word)
    await site.comes(iso15118="20")
    assert site.charges == charges
    assert ("revoked" in site.why()) != charges
    await site.end()


def listed(site: Site, *urls: str) -> x509.Certificate:
    """The certificate of a vehicle that names revocation lists, and no responder."""
    start = datetime.fromtimestamp(site.station.clock.time(), UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named("WMIV1234567890ABCDEX"))
        .issuer_name(site.root.certificate.subject)
        .public_key(site.leaf.key.public_key())
        .serial_number(77 if urls else 78)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9))
    )
    if urls:
        names = [x509.UniformResourceIdentifier(url) for url in urls]
        point = x509.DistributionPoint(names, None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return signing.certificate(builder, site.root.key)


@pytest.mark.parametrize(("word", "revoked"), [("Revoked", True), ("Good", False)])
async def test_a_vehicle_without_a_responder_is_looked_for_in_revocation_lists(
    tmp_path: Path, word: str, revoked: bool
) -> None:
    site = await Site(V21, tmp_path).trusting()  # M07.FR.04
    site.script["GetCertificateChainStatus"] = lambda request: site.statuses_of(request, word)
    known = site.station.part(CertificateStatuses)
    urls = [f"http://lists.example/{at}.crl" for at in range(7)]
    for _ in range(2):  # the second time it is known (M07.FR.10)
        assert await known.revoked([listed(site, *urls)], [site.root.certificate]) == revoked
    (asked,) = site.of("GetCertificateChainStatus")
    (one,) = asked["certificateStatusRequests"]
    assert (one["source"], one["urls"]) == ("CRL", urls[:5])
    assert one["certificateHashData"]["serialNumber"] == "4d"
    site.forget()
    assert not await known.revoked([listed(site)], [site.root.certificate])
    assert site.of("GetCertificateChainStatus") == []  # it names nothing that could be asked
    await site.end()


async def test_tc_m_101_the_root_of_a_car_maker_is_installed_and_listed(tmp_path: Path) -> None:
    site = Site(V21, tmp_path)
    await site.start()
    request = {"certificateType": "OEMRootCertificate", "certificate": site.root.pem}
    assert (await site.ask("InstallCertificate", request))["status"] == "Accepted"
    answer = await site.ask("GetInstalledCertificateIds", {"certificateType": ["OEMRootCertificate"]})
    (found,) = answer["certificateHashDataChain"]
    assert found["certificateType"] == "OEMRootCertificate"
    assert found["certificateHashData"]["serialNumber"] == f"{site.root.certificate.serial_number:x}"
    await site.end()


# --- what is known of a customer (N09, N10) -----------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_n_63_a_customer_is_known_by_the_hashes_of_the_contract(
    version: Version, tmp_path: Path
) -> None:
    site = await Site(version, tmp_path, variables={"AuthCacheEnabled": True}).trusting()
    await site.comes()
    hashes = dict(site.of("Authorize")[0]["iso15118CertificateHashData"][0])
    del hashes["responderURL"]
    await site.leaves()

    async def known(**more: Any) -> str:
        site.forget()
        request = {"requestId": 5, "report": True, "clear": False, "customerCertificate": hashes} | more
        assert (await site.ask("CustomerInformation", request))["status"] == "Accepted"
        return "".join(one["data"] for one in site.of("NotifyCustomerInformation"))

    found = await known(clear=True)
    assert f"{CONTRACT}: authorization cache: Accepted" in found
    assert f"{CONTRACT}: contract certificate: seen" in found
    assert await known() == "no data found"
    assert await known(customerCertificate=hashes | {"serialNumber": "1"}) == "no data found"
    await site.end()


async def test_contracts_outlive_the_process(tmp_path: Path) -> None:
    site = await Site(V201, tmp_path).trusting()
    await site.comes()
    part = site.station.part(PlugAndCharge)
    again = PlugAndCharge(site.station)
    again.restore(part.as_kept())
    assert (again.held, again.seen) == (part.held, part.seen)
    assert again.seen[0][1] == CONTRACT
    await site.end()
