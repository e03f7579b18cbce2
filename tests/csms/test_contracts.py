"""Contracts of cars and the revocation of certificates at the CSMS: what it issues, verifies, and asks others."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp

from csms.authority import CertificateAuthority
from csms.ocsp import WEEK, response
from shared import signing
from shared.clock import parse
from shared.iso15118 import Message, Unreadable, decoded, ders_of, encoded, unwrap, wrap
from shared.versions import V2X, V21, V201, Version
from tests.charge_point.authority import Authority, authority
from tests.csms.dialled import RawStation, Serving, tries

Payload = dict[str, Any]

NOW = 1_770_000_000.0


def asked_by(car: Authority, part: str = "2", action: str = "Install", **more: Any) -> Payload:
    """Get15118EVCertificate of a car."""
    name = "OEMProvisioningCert" if part == "2" else "OEMProvisioningCertificateChain"
    message = Message("CertificateInstallationReq", part, {name: ders_of(car.pem)})
    return request_of(message, action, **more)


def request_of(message: Message, action: str, **more: Any) -> Payload:
    from shared.iso15118 import NAMESPACES

    return {
        "iso15118SchemaVersion": NAMESPACES[message.part],
        "action": action,
        "exiRequest": encoded(message),
    } | more


def got(answer: Payload, key: ec.EllipticCurvePrivateKey) -> tuple[str, str, ec.EllipticCurvePrivateKey]:
    """eMAID, chain and key of the contract in an answer."""
    assert answer["status"] == "Accepted"
    message = decoded(answer["exiResponse"])
    own = unwrap(message.raw("ContractSignatureEncryptedPrivateKey"), message.raw("DHpublickey"), key)
    return message.one("eMAID"), message.certificates("ContractSignatureCertChain"), own


def named(
    certificate: x509.Certificate, issuer: x509.Certificate, url: str = "http://ocsp.invalid"
) -> Payload:
    """OCSPRequestDataType, as `cryptography` itself has the hashes."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": f"{request.serial_number:x}",
        "responderURL": url,
    }


def chain_of(serving: Serving, pem: str) -> list[x509.Certificate]:
    """The certificates of a chain, with the root of the CSMS at its end."""
    made = serving.csms.policies.authority
    assert made is not None
    return [*x509.load_pem_x509_certificates(pem.encode()), made.opened(NOW)[0]]


def data_of(chain: list[x509.Certificate]) -> list[Payload]:
    return [named(lower, upper) for lower, upper in pairwise(chain)]


def payment(emaid: str, **proof: Any) -> Payload:
    return {"idToken": {"idToken": emaid, "type": "eMAID"}} | proof


GENERATED = ("--certificate-authority", "generated")


async def contract(serving: Serving, station: RawStation) -> tuple[str, str, Authority]:
    """A car with a contract of ours: its eMAID, its chain, and what it has."""
    car = authority("WMIV1234567890ABCDEX", NOW, ca=False)
    emaid, chain, key = got(await station.call("Get15118EVCertificate", asked_by(car)), car.key)
    return emaid, chain, Authority(x509.load_pem_x509_certificates(chain.encode())[0], key)


# --- the messages ---------------------------------------------------------------------------------------------


def test_a_wrapped_key_is_had_by_its_receiver_alone() -> None:
    key, passing, mine, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
    encrypted, point = wrap(key, mine.public_key(), passing, bytes(16))
    assert len(encrypted) == 48
    assert unwrap(encrypted, point, mine).private_numbers() == key.private_numbers()
    try:
        assert unwrap(encrypted, point, other).private_numbers() != key.private_numbers()
    except Unreadable:
        pass


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\x80\x98\x02\x10", "EXI"),
        (b"<a/>", "no namespace"),
        (b'<a xmlns="urn:else"/>', "urn:else"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "declarations"),
    ],
)
def test_what_is_no_message_of_ours_is_told(raw: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        decoded(base64.b64encode(raw).decode())


# --- contracts (M01, M02) -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_m_26_csms_a_car_gets_a_contract_that_its_own_key_opens(version: Version) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        emaid, chain, holder = await contract(serving, station)
        leaf, sub, root = chain_of(serving, chain)
        leaf.verify_directly_issued_by(sub)
        sub.verify_directly_issued_by(root)
        assert leaf.subject.rfc4514_string() == f"CN={emaid}"
        assert holder.key.public_key() == leaf.public_key()


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_m_28_csms_a_contract_is_renewed_for_the_same_emaid(version: Version) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        emaid, chain, holder = await contract(serving, station)
        elements = {"ContractSignatureCertChain": ders_of(chain), "eMAID": [emaid]}
        asked = request_of(Message("CertificateUpdateReq", "2", elements), "Update")
        again, newer, key = got(await station.call("Get15118EVCertificate", asked), holder.key)
        assert again == emaid
        assert newer != chain
        assert key.public_key() == x509.load_pem_x509_certificates(newer.encode())[0].public_key()


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (
            {"iso15118SchemaVersion": "x", "action": "Install", "exiRequest": "gJgC"},
            "it is not XML, and EXI cannot be read here",
        ),
        (request_of(Message("SessionSetupReq", "2", {}), "Install"), "SessionSetupReq is not a request"),
        (request_of(Message("CertificateInstallationReq", "2", {}), "Install"), "has no OEMProvisioningCert"),
        (request_of(Message("CertificateInstallationReq", "2", {}), "Update"), "is no CertificateUpdateReq"),
    ],
)
async def test_a_request_that_cannot_be_read_fails_with_a_line_why(request_: Payload, why: str) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(V201)
        answer = await station.call("Get15118EVCertificate", request_)
        assert answer == {"status": "Failed", "exiResponse": ""}
        (note,) = serving.notes("no_contract")
        assert why in str(note)


async def test_a_contract_of_others_is_not_renewed() -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(V201)
        other = authority("DEABC123456789", NOW, ca=False)
        elements = {"ContractSignatureCertChain": ders_of(other.pem), "eMAID": ["DEABC123456789"]}
        asked = request_of(Message("CertificateUpdateReq", "2", elements), "Update")
        assert (await station.call("Get15118EVCertificate", asked))["status"] == "Failed"


@tries("contracts")
async def test_tc_m_100_csms_contracts_follow_each_other_until_none_remains() -> None:
    async with Serving([*GENERATED, "--contracts", "3"]) as serving:
        station = await serving.booted(V21)
        car = authority("WMIV1234567890ABCDEX", NOW, ca=False)
        asked = asked_by(car, "20", maximumContractCertificateChains=8)

        async def all_of(request: Payload) -> list[tuple[str, int]]:
            found: list[tuple[str, int]] = []
            while not found or found[-1][1]:
                answer = await station.call("Get15118EVCertificate", request)
                found.append((got(answer, car.key)[0], answer["remainingContracts"]))
            return found

        found = await all_of(asked)
        assert [left for _, left in found] == [2, 1, 0]
        assert len({emaid for emaid, _ in found}) == 3
        assert await all_of(asked) == found  # from the beginning
        few = await all_of(asked | {"maximumContractCertificateChains": 2})
        assert few == [(found[0][0], 1), (found[1][0], 0)]
        first = await all_of(asked | {"prioritizedEMAIDs": [found[2][0], "DEXXX000000000"]})
        assert [emaid for emaid, _ in first] == [found[at][0] for at in (2, 0, 1)]
        assert (await station.call("Get15118EVCertificate", asked | {"maximumContractCertificateChains": 0}))[
            "status"
        ] == "Failed"


# --- Authorize (C07) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_c_50_csms_the_hashes_of_a_contract_of_ours_are_accepted(version: Version) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        emaid, chain, _ = await contract(serving, station)
        data = data_of(chain_of(serving, chain))
        answer = await station.call("Authorize", payment(emaid, iso15118CertificateHashData=data))
        assert answer["certificateStatus"] == answer["idTokenInfo"]["status"] == "Accepted"
        data[0]["serialNumber"] = "77"  # C07.FR.17: nobody has issued that
        answer = await station.call("Authorize", payment(emaid, iso15118CertificateHashData=data))
        assert (answer["certificateStatus"], answer["idTokenInfo"]["status"]) == ("CertChainError", "Invalid")


@tries("certificate_status")
@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_c_51_csms_a_revoked_contract_is_invalid_wherever_it_is_asked_about(
    version: Version,
) -> None:
    async with Serving([*GENERATED, "--certificate-status", "CertificateRevoked"]) as serving:
        station = await serving.booted(version)
        emaid, chain, _ = await contract(serving, station)
        data = data_of(chain_of(serving, chain))
        answer = await station.call("Authorize", payment(emaid, iso15118CertificateHashData=data))
        assert (answer["certificateStatus"], answer["idTokenInfo"]["status"]) == (
            "CertificateRevoked",
            "Invalid",
        )
        answer = await station.call("GetCertificateStatus", {"ocspRequestData": data[0]})
        told = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
        assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_c_52_csms_a_whole_chain_is_verified(version: Version) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        emaid, chain, _ = await contract(serving, station)

        async def verdict(pem: str) -> tuple[str, str]:
            answer = await station.call("Authorize", payment(emaid, certificate=pem))
            return answer["certificateStatus"], answer["idTokenInfo"]["status"]

        assert await verdict(chain) == ("Accepted", "Accepted")
        leaf = chain.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
        assert await verdict(leaf) == ("CertChainError", "Invalid")  # C07.FR.17: a link is missing
        other = authority("DEABC123456789", NOW, ca=False).pem
        assert await verdict(other) == ("CertChainError", "Invalid")
        assert await verdict("no certificate") == ("CertChainError", "Invalid")


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_a_contract_that_is_over_is_expired_by_its_hashes_and_by_its_chain(version: Version) -> None:
    """C07.FR.15."""
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        emaid, chain, _ = await contract(serving, station)
        data = data_of(chain_of(serving, chain))
        await asyncio.sleep(366 * 86_400)
        for proof in ({"certificate": chain}, {"iso15118CertificateHashData": data}):
            answer = await station.call("Authorize", payment(emaid, **proof))
            assert (answer["certificateStatus"], answer["idTokenInfo"]["status"]) == (
                "CertificateExpired",
                "Expired",
            )


# --- statuses (M06, M07) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", V2X, ids=str)
async def test_tc_m_24_csms_the_status_of_our_own_is_a_signed_response(version: Version) -> None:
    async with Serving(GENERATED) as serving:
        station = await serving.booted(version)
        _, chain, _ = await contract(serving, station)
        leaf, sub, root = chain_of(serving, chain)
        for one, issuer in ((leaf, sub), (sub, root)):
            answer = await station.call("GetCertificateStatus", {"ocspRequestData": named(one, issuer)})
            told = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
            assert (answer["status"], told.certificate_status) == ("Accepted", ocsp.OCSPCertStatus.GOOD)
            assert told.serial_number == one.serial_number
            key = issuer.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(told.signature, told.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


def test_a_response_of_ours_is_the_same_each_time_and_of_the_time_of_the_run() -> None:
    def made(word: str) -> bytes:
        root, key = CertificateAuthority(5).opened(NOW)
        return response(named(root, root), word, (root, key), NOW)

    for word in ("Good", "Revoked", "Unknown"):
        assert made(word) == made(word)
        told = ocsp.load_der_ocsp_response(made(word))
        assert told.certificate_status.name == word.upper()
        assert {told.produced_at_utc, told.this_update_utc} == {datetime.fromtimestamp(NOW, UTC)}
    assert made("Good") != made("Unknown")


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 1024), ed25519.Ed25519PrivateKey.generate()],
    ids=("rsa", "ed25519"),
)
def test_an_authority_with_another_kind_of_key_says_the_same_each_time(tmp_path: Path, key: Any) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    start = datetime.fromtimestamp(NOW, UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9))
    root = signing.certificate(builder, key)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cert, secrets = tmp_path / "root.pem", tmp_path / "root.key"
    cert.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    secrets.write_bytes(secret)

    def made() -> tuple[str, bytes]:
        authority = CertificateAuthority(5, (str(cert), str(secrets)))
        chain = authority.contract("NLMCK1", NOW)[0]
        sub = x509.load_pem_x509_certificates(chain.encode())[1]
        return chain, response(named(sub, root), "Good", authority.opened(NOW), NOW)

    assert made() == made()
    told = ocsp.load_der_ocsp_response(made()[1])
    more = (padding.PKCS1v15(), hashes.SHA256()) if isinstance(key, rsa.RSAPrivateKey) else ()
    key.public_key().verify(told.signature, told.tbs_response_bytes, *more)


@asynccontextmanager
async def responding(*answers: tuple[str, Callable[[bytes], bytes]]) -> Any:
    """An HTTP server with an answer for each path; gives its address."""

    def handler(of: Callable[[bytes], bytes]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return web.Response(body=of(await request.read()))

        return handle

    app = web.Application()
    for path, of in answers:
        app.router.add_route("*", path, handler(of))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def responder(root: Authority, leaf: x509.Certificate, word: str) -> Callable[[bytes], bytes]:
    def answer(body: bytes) -> bytes:
        asked = ocsp.load_der_ocsp_request(body)
        assert asked.serial_number == leaf.serial_number
        now = datetime.now(UTC)
        builder = ocsp.OCSPResponseBuilder().add_response(
            leaf,
            root.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus[word],
            now,
            now + timedelta(days=1),
            now if word == "REVOKED" else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, root.certificate)
        return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    return answer


def revocation_list(root: Authority, *serials: int) -> bytes:
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.certificate.subject)
    builder = builder.last_update(now).next_update(now + timedelta(days=1))
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        )
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@tries("check_revocation")
@pytest.mark.sockets
async def test_others_are_asked_only_when_the_option_says_so() -> None:
    now = datetime.now(UTC).timestamp() // 86_400 * 86_400
    root = authority("another root", now)
    good, bad = (authority(name, now, above=root, ca=False) for name in ("good", "bad"))
    crl = revocation_list(root, bad.certificate.serial_number)
    async with responding(
        ("/good", responder(root, good.certificate, "GOOD")),
        ("/bad", responder(root, bad.certificate, "REVOKED")),
        ("/crl", lambda body: crl),
        ("/no", lambda body: b"no"),
    ) as url:
        entries = [
            ("OCSP", good, "/good"),
            ("OCSP", bad, "/bad"),
            ("CRL", good, "/crl"),
            ("CRL", bad, "/crl"),
        ]
        listed = [
            {
                "certificateHashData": {
                    name: value
                    for name, value in named(one.certificate, root.certificate).items()
                    if name != "responderURL"
                },
                "source": source,
                "urls": [url + path],
            }
            for source, one, path in entries
        ]
        emaid = payment(
            "DEABC123456789",
            iso15118CertificateHashData=[named(good.certificate, root.certificate, url + "/good")],
        )
        for flags, words in (
            ((), ["Failed"] * 4),
            (("--check-revocation",), ["Good", "Revoked", "Good", "Revoked"]),
        ):
            async with Serving(flags) as serving:
                station = await serving.booted(V21)
                assert (await station.call("Authorize", emaid))["certificateStatus"] == "CertChainError"
                answer = await station.call(
                    "GetCertificateChainStatus", {"certificateStatusRequests": listed}
                )
                assert [one["status"] for one in answer["certificateStatus"]] == words
                if flags:
                    assert parse(answer["certificateStatus"][0]["nextUpdate"]) <= now + WEEK
                    # C07.FR.05: by what is known now
                    assert (await station.call("Authorize", emaid))["certificateStatus"] == "Accepted"
                wrong = named(good.certificate, root.certificate, url + "/no") | {"serialNumber": "5"}
                answer = await station.call("GetCertificateStatus", {"ocspRequestData": wrong})
                assert answer == {"status": "Failed"}  # TC_M_25


def test_the_same_seed_makes_the_same_contract() -> None:
    first, second = (CertificateAuthority(3).contract("NLMCK000000001", NOW)[0] for _ in range(2))
    assert first == second
