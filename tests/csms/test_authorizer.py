from __future__ import annotations

from typing import Any

import pytest

from csms.authorizer import (
    STATUS_ON_16,
    STATUSES,
    Authorizer,
    Decision,
    TokenPolicy,
    id_tag_info,
    id_token_info,
)
from csms.option_values import CERTIFICATE_STATUSES
from shared.dispatch import Payload, Refuse
from shared.versions import V2X, V16, V21, V201, Version
from shared.wire.schema import document
from tests.csms.office import Office, status_of, token_of


def authorize(version: Version, token: str, policy: TokenPolicy | None = None) -> Payload:
    return Office(tokens=policy).station(version).ask("Authorize", token_of(version, token))


def decide(authorizer: Authorizer, token: str, station: str = "CP1", **more: Any) -> str:
    return authorizer.decide(token, station=station, now=0.0, **more).status


# --- modes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "token", "status"),
    [
        ("normal", "anything", "Accepted"),
        ("normal", "blocked_token", "Accepted"),
        ("whitelist", "valid_token", "Accepted"),
        ("whitelist", "VALID_Token", "Accepted"),
        ("whitelist", "stranger", "Blocked"),
        ("whitelist", "", "Blocked"),
        ("blacklist", "blocked_token", "Blocked"),
        ("blacklist", "Blocked_TOKEN", "Blocked"),
        ("blacklist", "stranger", "Accepted"),
        ("blacklist", "", "Accepted"),
        ("rate_limit", "valid_token", "NotAtThisTime"),
    ],
)
def test_each_mode_decides_in_every_version(version: Version, mode: str, token: str, status: str) -> None:
    expected = STATUS_ON_16[status] if version is V16 else status

    assert status_of(authorize(version, token, TokenPolicy(mode=mode))) == expected


@pytest.mark.parametrize("status", STATUSES)
def test_a_token_can_have_every_status(version: Version, status: str) -> None:
    answer = authorize(
        version, "t1", TokenPolicy(mode="blacklist", blacklist=("T1",), statuses={"T1": status})
    )

    assert status_of(answer) == (STATUS_ON_16[status] if version is V16 else status)


def test_the_table_to_1_6_knows_every_status_and_gives_only_what_1_6_has() -> None:
    of_16 = document(V16, "Authorize", answer=True)["properties"]["idTagInfo"]["properties"]["status"]["enum"]
    of_21 = document(V21, "Authorize", answer=True)["definitions"]["AuthorizationStatusEnumType"]["enum"]

    assert set(STATUS_ON_16) == set(of_21)
    assert set(STATUS_ON_16.values()) == set(of_16)


def test_a_status_at_one_station_comes_before_the_tokens_own(version: Version) -> None:
    policy = TokenPolicy(statuses={"T": "Expired"}, at_station={"cp2": {"t": "Accepted"}})
    office = Office(tokens=policy)

    at_one, at_two = (
        office.station(version, id).ask("Authorize", token_of(version, "T")) for id in ("CP1", "CP2")
    )

    assert (status_of(at_one), status_of(at_two)) == ("Expired", "Accepted")


def test_a_status_can_be_changed_while_it_runs() -> None:
    authorizer = Authorizer()

    authorizer.set_status("T", "Blocked")
    authorizer.set_status("T", "Expired", "CP2")
    assert (decide(authorizer, "t"), decide(authorizer, "T", "CP2")) == ("Blocked", "Expired")
    authorizer.set_status("T", None)
    authorizer.set_status("T", None, "CP2")
    assert (decide(authorizer, "T"), decide(authorizer, "T", "CP2")) == ("Accepted", "Accepted")


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_start_without_any_token_is_authorized_as_the_standard_says(version: Version) -> None:
    """C02.FR.02: SHALL be Accepted."""
    station = Office(tokens=TokenPolicy(mode="whitelist", group="G", cache_for=60)).station(version)

    answer = station.ask("Authorize", {"idToken": {"idToken": "", "type": "NoAuthorization"}})

    assert answer == {"idTokenInfo": {"status": "Accepted"}}


def test_offline_fails_authorize_only(version: Version) -> None:
    station = Office(tokens=TokenPolicy(offline=True)).station(version)

    with pytest.raises(Refuse) as caught:
        station.ask("Authorize", token_of(version, "T"))

    assert caught.value.code == "InternalError"
    assert station.ask("Heartbeat")


# --- group and expiry --------------------------------------------------------------------------------------


def test_a_group_and_an_expiry_come_with_every_status() -> None:
    policy = TokenPolicy(mode="rate_limit", group="G1", cache_for=90)

    assert authorize(V16, "T", policy)["idTagInfo"] == {
        "status": "Blocked",
        "parentIdTag": "G1",
        "expiryDate": "2026-01-01T10:01:30.000Z",
    }
    for version in V2X:
        assert authorize(version, "T", policy)["idTokenInfo"] == {
            "status": "NotAtThisTime",
            "groupIdToken": {"idToken": "G1", "type": "Central"},
            "cacheExpiryDateTime": "2026-01-01T10:01:30.000Z",
        }


def test_a_token_can_have_a_group_of_its_own() -> None:
    policy = TokenPolicy(group="G", groups={"T": "OWN"})

    assert authorize(V16, "t", policy)["idTagInfo"]["parentIdTag"] == "OWN"
    assert authorize(V16, "u", policy)["idTagInfo"]["parentIdTag"] == "G"


def test_neither_comes_unless_asked_for(version: Version) -> None:
    (info,) = authorize(version, "T").values()

    assert info == {"status": "Accepted"}


def test_a_group_that_does_not_fit_is_left_out() -> None:
    decision = Decision("Accepted", "g" * 40)

    assert id_tag_info(decision) == {"status": "Accepted"}
    assert id_token_info(decision, V201) == {"status": "Accepted"}
    assert id_token_info(decision, V21)["groupIdToken"]["idToken"] == "g" * 40


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "greylist"},
        {"statuses": {"T": "Acepted"}},
        {"at_station": {"CP1": {"T": "No"}}},
        {"certificate": "Fine"},
        {"cache_for": 0.0},
        {"cache_for": float("inf")},
        {"group": "g" * 256},
    ],
)
def test_a_policy_that_makes_no_sense_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TokenPolicy(**wrong)


# --- contract certificates ---------------------------------------------------------------------------------

HASHES = [
    {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "a",
        "issuerKeyHash": "b",
        "serialNumber": "1",
        "responderURL": "http://ocsp.example",
    }
]
CONTRACT = {"idToken": {"idToken": "DE8ACC12E46L89", "type": "eMAID"}, "iso15118CertificateHashData": HASHES}


@pytest.mark.parametrize("version", V2X, ids=str)
def test_a_contract_certificate_is_not_accepted_by_who_cannot_verify_it(version: Version) -> None:
    """C07.FR.17."""
    answer = Office().station(version).ask("Authorize", CONTRACT)

    assert answer == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}


@pytest.mark.parametrize("version", V2X, ids=str)
@pytest.mark.parametrize("certificate", CERTIFICATE_STATUSES)
def test_a_configured_certificate_status_decides_the_tokens(version: Version, certificate: str) -> None:
    answer = Office(tokens=TokenPolicy(certificate=certificate)).station(version).ask("Authorize", CONTRACT)

    expected = {"Accepted": "Accepted", "ContractCancelled": "Accepted", "CertificateExpired": "Expired"}
    assert answer["certificateStatus"] == certificate
    assert status_of(answer) == expected.get(certificate, "Invalid")


@pytest.mark.parametrize("version", V2X, ids=str)
@pytest.mark.parametrize(
    ("token", "certificate"), [("Unknown", "ContractCancelled"), ("NoCredit", "Accepted")]
)
def test_a_good_certificate_of_a_refused_token_is_a_cancelled_contract(
    version: Version, token: str, certificate: str
) -> None:
    """C07.FR.13, C07.FR.14."""
    policy = TokenPolicy(certificate="Accepted", statuses={CONTRACT["idToken"]["idToken"]: token})  # type: ignore[index]

    answer = Office(tokens=policy).station(version).ask("Authorize", CONTRACT)

    assert (status_of(answer), answer["certificateStatus"]) == (token, certificate)


@pytest.mark.parametrize("version", V2X, ids=str)
def test_upstream_looks_at_the_text_of_the_token_only(version: Version) -> None:
    station = Office(tokens=TokenPolicy(mode="whitelist"), upstream=True).station(version)

    assert station.ask("Authorize", CONTRACT) == {"idTokenInfo": {"status": "Blocked"}}
    empty = {"idToken": {"idToken": "", "type": "NoAuthorization"}}
    assert status_of(station.ask("Authorize", empty)) == "Blocked"


# --- one token, several transactions -----------------------------------------------------------------------


def test_a_second_transaction_is_concurrent_when_the_policy_forbids_it() -> None:
    office = Office(tokens=TokenPolicy(concurrent_tx=True))
    one, two = office.station(V16, "A"), office.station(V201, "B")
    start = {"connectorId": 1, "idTag": "Tag", "meterStart": 0, "timestamp": "2026-01-01T10:00:00Z"}

    first = one.ask("StartTransaction", start)
    assert status_of(first) == "Accepted"
    assert status_of(one.ask("StartTransaction", start)) == "Accepted"  # the same once more
    assert status_of(one.ask("StartTransaction", start, connectorId=2)) == "ConcurrentTx"
    assert status_of(two.event("Started", 0, token="TAG")) == "ConcurrentTx"
    assert status_of(two.ask("Authorize", token_of(V201, "tag"))) == "ConcurrentTx"
    assert status_of(one.ask("Authorize", {"idTag": "Tag"})) == "Accepted"  # 1.6 §7.2: only for a start


def test_a_token_is_free_again_when_its_transactions_end() -> None:
    station = Office(tokens=TokenPolicy(concurrent_tx=True)).station(V201)

    station.event("Started", 0, "TX1", token="T")
    station.event("Ended", 1, "TX1")

    assert status_of(station.event("Started", 0, "TX2", token="T")) == "Accepted"


def test_a_driver_who_charges_may_authorize_to_stop() -> None:
    station = Office(tokens=TokenPolicy(concurrent_tx=True)).station(V201)
    station.event("Started", 0, token="T")

    assert status_of(station.ask("Authorize", token_of(V201, "T"))) == "Accepted"


def test_concurrent_transactions_are_no_matter_by_default() -> None:
    station = Office().station(V201)
    station.event("Started", 0, "TX1", token="T")

    assert status_of(station.event("Started", 0, "TX2", token="T")) == "Accepted"
