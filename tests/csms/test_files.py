"""The files of a CSMS: what is served and taken, what goes wrong on request, what commands say of a file."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from csms import files_signing
from csms.commands import build
from csms.files import MADE_UP_BYTES, Library
from csms.files_faults import FAULTS, file_fault, file_faults
from csms.files_memory import MemoryNetwork
from csms.files_uploads import Refused, no_room
from csms.options import resolve
from shared.option_fields import UsageError
from shared.transfer import Failure, TransferFailed
from shared.versions import V16, V201, Version
from tests.csms.dialled import tries
from tests.csms.office import Office

URL = "http://files.pair/"


def library(*faults: str, folder: Path | None = None, **more: Any) -> Library:
    now = asyncio.get_running_loop().time
    return Library(folder, faults=file_faults(faults), now=now, **more)


async def fetched(files: Library, path: str, **parts: str) -> bytes:
    url = f"http://{parts.get('user', '')}files.pair/{path}"
    return b"".join([piece async for piece in MemoryNetwork(files).fetch(url)])


async def failure(files: Library, path: str, **parts: str) -> TransferFailed:
    with pytest.raises(TransferFailed) as caught:
        await fetched(files, path, **parts)
    return caught.value


# --- what is served ------------------------------------------------------------------------------------------


async def test_a_file_of_the_folder_is_served_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a b.bin").write_bytes(b"x" * 200_000)
    files = library(folder=tmp_path)
    assert files.names() == ["sub/a b.bin"]
    assert await fetched(files, "sub/a%20b.bin") == b"x" * 200_000
    assert files.digests("sub/a b.bin").md5 == hashlib.md5(b"x" * 200_000).hexdigest()


@pytest.mark.parametrize(
    "path", ["../secret", "sub/../../secret", "/etc/passwd", "link", ".", "uploads", "a\0b"]
)
async def test_nothing_outside_of_the_folder_is_served(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Refused) as caught:
        library(folder=folder).offer(path)
    assert caught.value.status == 404


async def test_an_image_that_nobody_has_is_made_up_the_same_for_the_same_seed() -> None:
    one = await fetched(library(seed=1), "fw-2.0.0.bin")
    line, body = one.split(b"\n", 1)
    assert line.decode() == f"firmware 2.0.0 sha256={hashlib.sha256(body).hexdigest()}"
    assert len(body) == MADE_UP_BYTES
    assert one == await fetched(library(seed=1), "fw-2.0.0.bin")
    assert one != await fetched(library(seed=2), "fw-2.0.0.bin")
    assert b"fails=bricks" in await fetched(library(), "fw-2.0.0-bricks.bin")
    broken = await fetched(library(), "fw-2.0.0-broken.bin")
    assert hashlib.sha256(broken.split(b"\n", 1)[1]).hexdigest().encode() not in broken


@tries("files_password")
async def test_who_has_no_password_gets_and_brings_nothing() -> None:
    files = library(credentials="user:pa:ss")
    assert (await failure(files, "fw-1.0.bin")).failure is Failure.DENIED
    assert (await failure(files, "fw-1.0.bin", user="user:wrong@")).failure is Failure.DENIED
    assert await fetched(files, "fw-1.0.bin", user="user:pa%3Ass@")
    where = files.location("fw-1.0.bin", "ws://host:9000/CP1")
    assert where == "http://user:pa%3Ass@files.pair/fw-1.0.bin"
    with pytest.raises(TransferFailed):
        await MemoryNetwork(files).store(f"{URL}uploads/CP1/", "a.log", b"a")
    with pytest.raises(UsageError, match=r"--files-password: expected USER:PASSWORD"):
        resolve(["--files-password", "secret"], {})


# --- what goes wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("missing", Failure.FAILED),
        ("denied", Failure.DENIED),
        ("full", Failure.FAILED),
        ("redirect", Failure.FAILED),
        ("error:status=501", Failure.UNSUPPORTED),
        ("error:status=400", Failure.BAD),
        ("cut:after=100", Failure.FAILED),
    ],
)
@tries("files_fault")
async def test_a_fault_lets_a_transfer_fail_once(fault: str, kind: Failure) -> None:
    name, _, rest = fault.partition(":")
    files = library(f"{name}:{rest},times=1,path=fw-2*")
    assert await fetched(files, "fw-1.0.bin")
    problem = await failure(files, "fw-2.0.bin")
    assert problem.failure is kind
    assert problem.code == ("RedirectNotAllowed" if name == "redirect" else "")
    assert await fetched(files, "fw-2.0.bin")


async def test_a_truncated_file_ends_as_if_that_were_all() -> None:
    assert len(await fetched(library("truncated:after=1234"), "fw-2.0.bin")) == 1234


async def test_a_garbled_file_differs_in_one_bit() -> None:
    good, bad = await fetched(library(), "fw-2.0.bin"), await fetched(library("garbled"), "fw-2.0.bin")
    assert sum((a ^ b).bit_count() for a, b in zip(good, bad, strict=True)) == 1


async def test_a_slow_line_takes_its_time() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    content = await fetched(library("slow:rate=1000"), "fw-2.0.bin")
    assert loop.time() - began == pytest.approx(len(content) / 1000)


async def test_a_fault_that_lasts_is_over_after_a_while() -> None:
    files = library("error:status=503,lasts=60")
    await failure(files, "fw-2.0.bin")
    await asyncio.sleep(59)
    await failure(files, "fw-2.0.bin")
    await asyncio.sleep(2)
    assert await fetched(files, "fw-2.0.bin")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("misssing", "did you mean 'missing'"),
        ("cut:afer=1", "did you mean 'after'"),
        ("cut:after=x", "'x' is not a whole number"),
        ("slow:rate=0", "out of range"),
        ("error:status=99", "out of range"),
        ("missing:after=1", "not a setting of it"),
    ],
)
def test_a_fault_that_is_none_is_refused_in_one_clause(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        file_fault(text)


def test_each_fault_says_what_it_does() -> None:
    assert all(words and not words.endswith(".") for words, _ in FAULTS.values())


# --- uploads -------------------------------------------------------------------------------------------------


@tries("files_limit")
async def test_an_upload_lands_under_its_station_and_never_over_another(tmp_path: Path) -> None:
    files = library(folder=tmp_path, limit=1000)
    network = MemoryNetwork(files)
    for content in (b"one", b"two"):
        await network.store(f"{URL}uploads/CP1/", "a.log", content)
    assert (tmp_path / "uploads" / "CP1" / "a.log").read_bytes() == b"one"
    assert (tmp_path / "uploads" / "CP1" / "a-2.log").read_bytes() == b"two"
    with pytest.raises(TransferFailed, match="413"):
        await network.store(f"{URL}uploads/CP1/", "b.log", b"x" * 1001)
    assert sorted(os.listdir(tmp_path / "uploads" / "CP1")) == ["a-2.log", "a.log"]
    assert files.names() == []


@pytest.mark.parametrize("path", ["a.log", "uploads/a.log", "uploads/CP1/x/a.log", "other/CP1/a.log"])
async def test_an_upload_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(TransferFailed) as caught:
        await MemoryNetwork(library()).store(f"{URL}{path}", "a.log", b"a")
    assert caught.value.failure is Failure.DENIED


async def test_names_of_uploads_are_made_harmless() -> None:
    files = library()
    await MemoryNetwork(files).store(f"{URL}uploads/..CP%201/.a%20b%00.log", "", b"a")
    assert files.received == {"uploads/CP_1/a_b_.log": b"a"}
    with pytest.raises(TransferFailed):
        await MemoryNetwork(files).store(f"{URL}uploads/%2e%2e/..", "", b"a")


def test_a_full_disk_is_told_as_one() -> None:
    refused = no_room(OSError(errno.ENOSPC, "No space left on device"))
    assert (refused.status, str(refused)) == (507, "the disk of the file server is full")
    assert no_room(PermissionError(errno.EACCES, "Permission denied")).status == 500


# --- signatures ----------------------------------------------------------------------------------------------


def valid(files: Library, path: str, certificate: str, signature: str) -> bool:
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    content = files._made_up(path)
    try:
        key.verify(base64.b64decode(signature), content, ec.ECDSA(hashes.SHA256()))
    except Exception:
        return False
    return True


async def test_the_signature_is_that_of_the_file_and_the_same_each_time() -> None:
    files = library()
    certificate, signature = files.signed("fw-2.0.bin")
    assert valid(files, "fw-2.0.bin", certificate, signature)
    assert library().signed("fw-2.0.bin") == (certificate, signature)
    root = x509.load_pem_x509_certificate(files.signer.root.encode())
    x509.load_pem_x509_certificate(certificate.encode()).verify_directly_issued_by(root)


async def test_wrong_signatures_certificates_and_checksums_are_given_on_request() -> None:
    files = library("wrong_signature:times=1", "wrong_checksum:times=1")
    certificate, signature = files.signed("fw-2.0.bin")
    assert not valid(files, "fw-2.0.bin", certificate, signature)
    assert valid(files, "fw-2.0.bin", *files.signed("fw-2.0.bin"))
    md5 = files.digests("fw-2.0.bin").md5
    assert [files.checksum("fw-2.0.bin") == md5 for _ in range(2)] == [False, True]
    other = library("wrong_certificate").signed("fw-2.0.bin")[0]
    assert "Somebody else" in x509.load_pem_x509_certificate(other.encode()).subject.rfc4514_string()


@tries("signing_cert", "signing_key")
def test_the_signing_pair_can_be_the_users_own(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pair = files_signing.made(7, "Own")
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_text(pair.certificate)
    key.write_bytes(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    found = files_signing.given(str(certificate), str(key))
    assert found.sign(b"x" * 32) == pair.sign(b"x" * 32)
    for flags, words in (
        (["--signing-cert", str(certificate)], "needs --signing-key"),
        (["--signing-key", str(key)], "needs --signing-cert"),
    ):
        with pytest.raises(UsageError, match=words):
            resolve(flags, {})
    with pytest.raises(UsageError, match="not an unencrypted private key"):
        files_signing.given(str(certificate), str(certificate))
    with pytest.raises(UsageError, match="not a certificate"):
        files_signing.given(str(key), str(key))


# --- what commands make of it --------------------------------------------------------------------------------


def session(version: Version, *names: str, folder: Path | None = None) -> Any:
    office = Office()
    for name in names:
        assert folder is not None
        (folder / name).write_bytes(name.encode())
    office.csms.files = Library(folder)
    return office.station(version).session


def test_an_update_names_the_file_and_who_signed_it(version: Version) -> None:
    to = session(version)
    request = build(to, "update_firmware", "file=fw-2.0.0.bin")
    wanted = "http://files.pair/fw-2.0.0.bin"
    if version is V16:
        assert request.payload["location"] == wanted
        request = build(to, "update_firmware", "file=fw-2.0.0.bin,signed=true")
        assert request.action == "SignedUpdateFirmware"
    firmware = request.payload["firmware"]
    assert firmware["location"] == wanted
    assert (firmware["signingCertificate"], firmware["signature"]) == to.csms.files.signed("fw-2.0.0.bin")
    if version is not V16:
        unsigned = build(to, "update_firmware", "file=fw-2.0.0.bin,signed=false").payload["firmware"]
        assert set(unsigned) == {"location", "retrieveDateTime"}


def test_the_only_file_need_not_be_named(tmp_path: Path) -> None:
    to = session(V201, "only.bin", folder=tmp_path)
    assert build(to, "publish_firmware", "").payload["location"] == "http://files.pair/only.bin"
    assert build(to, "publish_firmware", "").payload["checksum"] == hashlib.md5(b"only.bin").hexdigest()
    assert build(to, "unpublish_firmware", "").payload == {"checksum": hashlib.md5(b"only.bin").hexdigest()}
    (tmp_path / "two.bin").write_bytes(b"")
    with pytest.raises(UsageError, match="file= is missing"):
        build(to, "publish_firmware", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("file=nothing.bin", "'nothing.bin' is not among the files that are served"),
        ("file=fw-1.0.bin,url=http://x/y", "two places"),
        ("", "file= is missing"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_one_clause(options: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(session(V201), "update_firmware", options)


def test_a_protocol_that_is_not_served_is_refused() -> None:
    to = session(V201)
    to.csms.files.ports["http"] = 8080
    assert build(to, "get_log", "").payload["log"]["remoteLocation"] == "http://127.0.0.1:8080/uploads/CP1/"
    with pytest.raises(UsageError, match=r"no ftp is served \(http\)"):
        build(to, "get_log", "over=ftp")
    to.csms.files = None
    with pytest.raises(UsageError, match="url= is missing"):
        build(to, "get_log", "")
    for options in ("over=ftp", "file=x"):
        with pytest.raises(UsageError, match="--files DIR"):
            build(to, "update_firmware", options)
