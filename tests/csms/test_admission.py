"""Who comes in: the identity in the path, the choice among subprotocols, and Basic auth by its bytes."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus
from pathlib import Path

import pytest

from csms.admission import (
    CLOSE,
    REFUSE,
    Admission,
    Admitted,
    Refused,
    identity_of,
    read_passwords,
    remarks_on,
)
from csms.making import admission_of
from csms.options import resolve
from shared.option_fields import UsageError
from shared.versions import V16, V21, V201, VERSIONS, Version


def basic(user: bytes | str, password: bytes | str) -> str:
    raw = b":".join(part.encode() if isinstance(part, str) else part for part in (user, password))
    return f"Basic {b64encode(raw).decode()}"


def admitted(decision: Admitted | Refused) -> Admitted:
    assert isinstance(decision, Admitted), decision
    return decision


def refused(decision: Admitted | Refused) -> Refused:
    assert isinstance(decision, Refused), decision
    return decision


# --- identity -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP1", "CP1"),
        ("/ocpp/16/CP1", "CP1"),
        ("/CP1?token=x/y", "CP1"),
        ("/RDAM%7C123", "RDAM|123"),
        ("/RDAM%20123", "RDAM 123"),
        ("/a%2Fb", "a/b"),  # an encoded slash belongs to the identity
        ("/a%252Fb", "a%2Fb"),  # decoded once, not until nothing is left
        ("/a+b", "a+b"),  # a plus is a plus in a path
        ("/Z%C3%BCrich", "Zürich"),
        ("/%FF", "\N{REPLACEMENT CHARACTER}"),
        ("/", ""),
        ("/ocpp/", ""),
        ("/?id=CP1", ""),
    ],
)
def test_the_identity_is_the_last_segment_decoded_once(path: str, identity: str) -> None:
    assert identity_of(path) == identity


@pytest.mark.parametrize(
    ("path", "example"), [("/", "/CP1"), ("/ocpp/", "/ocpp/CP1"), ("/x/y/?q=1", "/x/y/CP1")]
)
def test_a_path_without_an_identity_is_not_found_and_shown_one(path: str, example: str) -> None:
    decision = refused(Admission().decide(path, None, ["ocpp1.6"]))

    assert decision.status == HTTPStatus.NOT_FOUND
    assert decision.text == (
        f"no station identity: the last segment of the path must be one, as in {example}"
    )


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("CP1", ""),
        ("A" * 48, ""),
        ("A" * 49, "49 characters; at most 48"),
        ("a*b-c_d=e+f|g@h.i", ""),
        ("a:b c", "' ' ':', which an identifierString must not"),
        ("Zürich", "'ü'"),
    ],
)
def test_an_identity_that_2x_does_not_allow_is_remarked_on_there_only(identity: str, words: str) -> None:
    for version in (V201, V21):
        assert words in remarks_on(identity, version)
        assert bool(words) == bool(remarks_on(identity, version))
    assert remarks_on(identity, V16) == ""


# --- the subprotocol ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["ocpp1.6"], V16),
        (["ocpp2.0.1"], V201),
        (["ocpp2.1"], V21),
        (["ocpp2.1", "ocpp1.6"], V21),
        (["ocpp1.6", "ocpp2.1"], V16),
        (["ocpp2.0.1", "ocpp2.1", "ocpp1.6"], V201),
        (["soap", "ocpp2.0", "ocpp1.5", "ocpp2.0.1"], V201),
    ],
)
def test_the_station_s_order_of_preference_decides_and_unknown_names_are_skipped(
    offered: list[str], chosen: Version
) -> None:
    assert admitted(Admission().decide("/CP1", None, offered)) == ("CP1", chosen)


@pytest.mark.parametrize(
    ("offered", "text"),
    [
        ([], "no Sec-WebSocket-Protocol header; this central system speaks ocpp1.6, ocpp2.0.1, ocpp2.1"),
        (
            ["ocpp1.5", "chat"],
            "none of the subprotocols ocpp1.5, chat is spoken here; "
            "this central system speaks ocpp1.6, ocpp2.0.1, ocpp2.1",
        ),
        (
            ["OCPP1.6"],  # RFC 6455 §1.9: subprotocol names are compared as they are written
            "none of the subprotocols OCPP1.6 is spoken here; "
            "this central system speaks ocpp1.6, ocpp2.0.1, ocpp2.1",
        ),
    ],
)
def test_without_a_common_subprotocol_the_refusal_says_what_is_spoken(offered: list[str], text: str) -> None:
    assert Admission().decide("/CP1", None, offered) == Refused(HTTPStatus.BAD_REQUEST, text)


@pytest.mark.parametrize("offered", [[], ["ocpp1.5"]])
def test_the_other_reading_comes_in_without_a_version(offered: list[str]) -> None:
    assert Admission(no_subprotocol=CLOSE).decide("/CP1", None, offered) == Admitted("CP1", None)


def test_lenient_takes_a_station_without_any_subprotocol_for_1_6_and_no_other() -> None:
    lenient = Admission(lenient=True, no_subprotocol=REFUSE)

    assert lenient.decide("/CP1", None, []) == Admitted("CP1", V16)
    assert refused(lenient.decide("/CP1", None, ["ocpp1.5"])).status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("only", VERSIONS, ids=str)
def test_a_narrowed_server_speaks_what_it_was_told_to(only: Version) -> None:
    admission = admission_of(resolve(["--versions", only.name], {}))
    others = [version.subprotocol for version in VERSIONS if version is not only]

    assert admitted(admission.decide("/CP1", None, [*others, only.subprotocol])).version is only
    assert refused(admission.decide("/CP1", None, others)).text.endswith(
        f"this central system speaks {only.subprotocol}"
    )


# --- Basic auth ---------------------------------------------------------------------------------------------

RAW = bytes(range(0xF0, 0x100)) + b"\x00\x01:\x02"
GUARDED = Admission(
    passwords={"CP1": b"secret", "colon": b"a:b:c", "uml": "pässwörd".encode(), "raw": RAW, "Case": b"x"}
)


def proven(identity: str, authorization: str | None) -> bool:
    decision = GUARDED.decide(f"/{identity}", authorization, ["ocpp1.6"])
    assert isinstance(decision, Admitted) or decision.status == HTTPStatus.UNAUTHORIZED
    return isinstance(decision, Admitted)


@pytest.mark.parametrize(
    ("identity", "authorization"),
    [
        ("CP1", basic("CP1", "secret")),
        ("CP1", basic("CP1", "secret").replace("Basic", "bAsIc")),  # RFC 9110 §11.1: case-insensitive
        ("CP1", basic("cp1", "secret")),
        ("CP1", basic("CP1", b"secret".hex())),
        ("CP1", basic("CP1", b"secret".hex().upper())),
        ("colon", basic("colon", "a:b:c")),  # RFC 7617 §2: the first colon ends the user name
        ("uml", basic("uml", "pässwörd")),
        ("raw", basic("raw", RAW)),  # SW16 A00.FR.205: 16 to 20 bytes of any kind
        ("raw", basic("raw", RAW.hex())),
        ("CASE", basic("case", "x")),  # 2.x part 2 §2.1.4: identities do not differ by case
    ],
)
def test_the_right_password_comes_in_as_text_as_bytes_and_as_hex(identity: str, authorization: str) -> None:
    assert proven(identity, authorization)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic Q1AxOnNlY3JldA",  # not padded
        f"Basic {b64encode(b'CP1secret').decode()}",
        f"Bearer {b64encode(b'CP1:secret').decode()}",
        basic("CP1", ""),
        basic("CP1", "Secret"),
        basic("CP1", "secret "),
        basic("CP1", b"\xff\xfe\x80"),
        basic("CP1", "sécret"),
        basic(b"\xff\xfe", "secret"),
        basic("CP2", "secret"),
        basic("", "secret"),
        "Basic é",
    ],
)
def test_anything_else_is_unauthorized_and_breaks_nothing(authorization: str | None) -> None:
    assert not proven("CP1", authorization)
    assert not proven("nobody", authorization)


def test_the_refusal_names_who_was_not_accepted_and_not_the_password() -> None:
    decision = refused(GUARDED.decide("/CP1", basic("CP1", "guess"), ["ocpp1.6"]))

    assert decision.text == "CP1: the identity and password were not accepted (Basic auth)"


def test_the_credentials_are_asked_for_before_the_subprotocol() -> None:
    # SW16 §2.3, A00.FR.207: who is not authenticated learns nothing else
    assert refused(GUARDED.decide("/CP1", None, [])).status == HTTPStatus.UNAUTHORIZED


def test_credentials_that_nobody_asked_for_are_no_matter() -> None:
    assert Admission().decide("/CP1", basic("other", b"\xff"), ["ocpp1.6"]) == Admitted("CP1", V16)


# --- the file of passwords ----------------------------------------------------------------------------------


def test_passwords_are_read_as_text_and_as_hex(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("\ufeff# stations\n\nCP1:secret\nCP2:a:b\n  CP3:hex:00fF10\nCP4:hexagon\n", "utf-8")

    assert read_passwords(str(file)) == {
        "CP1": b"secret",
        "CP2": b"a:b",
        "CP3": b"\x00\xff\x10",
        "CP4": b"hexagon",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"CP1", "1: expected IDENTITY:PASSWORD or IDENTITY:hex:DIGITS"),
        (b"# x\nCP1:\n", "2: expected IDENTITY:PASSWORD or IDENTITY:hex:DIGITS"),
        (b":secret", "1: expected IDENTITY:PASSWORD or IDENTITY:hex:DIGITS"),
        (b"CP1:hex:", "1: expected IDENTITY:PASSWORD or IDENTITY:hex:DIGITS"),
        (b"CP1:hex:0g", "1: the password of CP1 is not hexadecimal"),
        (b"CP1:\xff\xfe", " not UTF-8 text (write other bytes as IDENTITY:hex:DIGITS)"),
    ],
)
def test_a_line_that_is_no_password_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "passwords"
    file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        admission_of(resolve(["--passwords", str(file)], {}))
    assert str(caught.value) == f"--passwords: {file}:{message}"
