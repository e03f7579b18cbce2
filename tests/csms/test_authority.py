"""The certificate authority of the CSMS: what it signs, and what it needs for that."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from charge_point.certificate_forms import request
from csms.authority import CertificateAuthority, authority_of
from csms.options import CsmsOptions, resolve
from shared.option_fields import UsageError
from shared.signing import private_key
from tests.charge_point.authority import Authority, authority
from tests.csms.dialled import tries

NOW = 1_770_000_000.0
CSR = request(private_key("7" * 64), "CP1", "Example CPO")


def written(folder: Path, one: Authority) -> tuple[str, str]:
    """The root and its key as files."""
    key = one.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    name = one.certificate.subject.rfc4514_string().replace("=", "-")
    cert, secret = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_text(one.pem)
    secret.write_bytes(key)
    return str(cert), str(secret)


def test_what_it_signs_is_for_the_key_and_the_name_that_ask() -> None:
    made = CertificateAuthority(0)
    leaf = x509.load_pem_x509_certificate(made.sign(CSR, NOW).encode())
    root = x509.load_pem_x509_certificate(made.root(NOW).encode())
    leaf.verify_directly_issued_by(root)
    assert leaf.public_key() == x509.load_pem_x509_csr(CSR.encode()).public_key()
    assert leaf.subject.rfc4514_string() == "CN=CP1,O=Example CPO"
    assert leaf.not_valid_before_utc.timestamp() < NOW < leaf.not_valid_after_utc.timestamp()


def test_the_same_seed_makes_the_same_root() -> None:
    assert CertificateAuthority(1).root(NOW) == CertificateAuthority(1).root(NOW)
    assert CertificateAuthority(1).root(NOW) != CertificateAuthority(2).root(NOW)


@pytest.mark.parametrize("csr", ["", "no", CSR[:200], CSR.replace("M", "N", 1)])
def test_what_is_no_signing_request_is_not_signed(csr: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        CertificateAuthority(0).sign(csr, NOW)


@tries("certificate_authority", "ca_cert", "ca_key")
def test_a_root_can_come_from_files(tmp_path: Path) -> None:
    one = authority("given", NOW)
    cert, key = written(tmp_path, one)
    made = authority_of(resolve(["--ca-cert", cert, "--ca-key", key], {}), 0)
    assert made is not None
    assert made.root(NOW) == one.pem
    x509.load_pem_x509_certificate(made.sign(CSR, NOW).encode()).verify_directly_issued_by(one.certificate)


def test_a_wrong_file_is_told_at_once(tmp_path: Path) -> None:
    cert, key = written(tmp_path, authority("one", NOW))
    _, other = written(tmp_path, authority("other", NOW))
    for options, words in (
        (CsmsOptions(ca_cert=cert), "belong together"),
        (CsmsOptions(ca_cert=key, ca_key=key), "holds no certificate"),
        (CsmsOptions(ca_cert=cert, ca_key=cert), "holds no private key"),
        (CsmsOptions(ca_cert=cert, ca_key=other), "is not the key of"),
    ):
        with pytest.raises(UsageError, match=words):
            authority_of(options, 0)
    assert authority_of(CsmsOptions(), 0) is None
    assert authority_of(resolve(["--certificate-authority", "generated"], {}), 0) is not None
