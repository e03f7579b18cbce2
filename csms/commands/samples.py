"""Certificates, hashes and a signature to send when nobody named any: genuine ones, of nobody in particular.

A root made for the purpose and two certificates (EC P-256), a station's and a firmware signer's. Their private
keys were thrown away, so a station that trusts the root is no worse off; remove it all the same.
"""

from __future__ import annotations

from typing import Any

ROOT = """\
-----BEGIN CERTIFICATE-----
MIIBujCCAWCgAwIBAgIFWhfA3gEwCgYIKoZIzj0EAwIwMjEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxFzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MB4XDTIwMDEwMTAw
MDAwMFoXDTQ5MTIzMTAwMDAwMFowMjEXMBUGA1UECgwOT0NQUCBtb2NrIHBhaXIx
FzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEHkpCe1PIMalV2GRKvpmzfBtHxuxUPJSES9u9ZJAcR4h9BVWPlJX77f8n/vwL
0g5O3QssaUeXUwhE/6utO3RWGaNjMGEwHQYDVR0OBBYEFL7GgFSdR1RkjaNTWj4r
eJA8wZbVMB8GA1UdIwQYMBaAFL7GgFSdR1RkjaNTWj4reJA8wZbVMA8GA1UdEwEB
/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0gAMEUCIQDaqHf7
rZJDFXtIrj1dcimRZMG41/GyQlZLO7rprt3epAIgB977Xk3iDjMKjSq4uYf5XPS+
H2umUHDNCuFFq6Nuf/Q=
-----END CERTIFICATE-----
"""
"""A self-signed root, `CN=Mock CSMS root`."""

STATION = """\
-----BEGIN CERTIFICATE-----
MIIBwDCCAWegAwIBAgIFWhfA3gIwCgYIKoZIzj0EAwIwMjEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxFzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MB4XDTIwMDEwMTAw
MDAwMFoXDTQ5MTIzMTAwMDAwMFowJzEXMBUGA1UECgwOT0NQUCBtb2NrIHBhaXIx
DDAKBgNVBAMMA0NQMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABP4rMlTbLNL/
l/8sfGGj9N411hDu669BreLN50iuk7NuVyaLTWc3clM/mQjGCezrbth+CdsqpaBx
ZaBAJx9qVS6jdTBzMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1Ud
JQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQWBBQ/khmYWLFpO2j3Bb4iLR3OdLBDszAf
BgNVHSMEGDAWgBS+xoBUnUdUZI2jU1o+K3iQPMGW1TAKBggqhkjOPQQDAgNHADBE
AiAlfPBwCePwLFsHadNOmeSsPaleh4sau6+B6kVbBwRFwAIgKGIJvxttto6o2ibr
6r5mXxoi/cPljuNMa3Fdv1XvDwA=
-----END CERTIFICATE-----
"""
"""A client certificate for `CN=CP1` under `ROOT`. It matches no station's key, which is what a station checks."""

SIGNER = """\
-----BEGIN CERTIFICATE-----
MIIB2jCCAYCgAwIBAgIFWhfA3gMwCgYIKoZIzj0EAwIwOTEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxHjAcBgNVBAMMFU1vY2sgZmlybXdhcmUgc2lnbmluZzAeFw0y
MDAxMDEwMDAwMDBaFw00OTEyMzEwMDAwMDBaMDkxFzAVBgNVBAoMDk9DUFAgbW9j
ayBwYWlyMR4wHAYDVQQDDBVNb2NrIGZpcm13YXJlIHNpZ25pbmcwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAASjz5JOmBWutUhB61Zwq9dSsb1DErKTN8g3+FwqLMNh
3V9r0sLIh9lg7O8/teLwAdkbWSl52u547BibO+yLg7FJo3UwczAdBgNVHQ4EFgQU
pMSloQMrp+18QljWZaVpdPldeNUwHwYDVR0jBBgwFoAUpMSloQMrp+18QljWZaVp
dPldeNUwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYI
KwYBBQUHAwMwCgYIKoZIzj0EAwIDSAAwRQIhAM81y/y0YQ40jvpqV7AkVAEjopps
XKuq5bOeo0MH2GkJAiB+omAs+WvOmEt4gU/1cwHb2tU9XrqNiBPU7COckqHoVQ==
-----END CERTIFICATE-----
"""
"""A self-signed certificate for code signing, `CN=Mock firmware signing`."""

SIGNATURE = "MEQCIBa2WHyzPxEtk6uZPeslioNkEmMdRAby08KqxNarlyLQAiBNHkB+lleLKdb8FmXERdJE0obRpzcfhT1XG7qlRUdMdQ=="
"""An ECDSA signature over eight bytes, `firmware`, by the key of `SIGNER`, in base64."""

CHECKSUM = "74b5b5e9570efc5c0553bb327cd41940"
"""The MD5 of the same eight bytes."""

ROOT_HASHES: dict[str, Any] = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "64e4030b390825893bc729f0b1ab4b0c2fee66ed03f873c989a88242782bb415",
    "issuerKeyHash": "15276fc7c61ad480b4e1470e962ab3caa7152f148e5210ce481e51e8828068ff",
    "serialNumber": "5a17c0de01",
}
"""How a station names `ROOT` (CertificateHashDataType): what InstallCertificate installs, DeleteCertificate finds."""

MOCK_HASHES: dict[str, Any] = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "mock_issuer_name_hash",
    "issuerKeyHash": "mock_issuer_key_hash",
    "serialNumber": "mock_serial_number",
}
"""Hashes that name no certificate: what `--compat upstream` has stations delete."""
