"""Certificates, hashes and a signature to send when nobody named any: genuine ones, of nobody in particular.

A root made for the purpose and two certificates (EC P-256), a station's and a firmware signer's. Their private
keys were thrown away, so a station that trusts the root is no worse off; remove it all the same.
"""

from __future__ import annotations

from typing import Any

ROOT = """\
-----BEGIN CERTIFICATE-----
MIIBuzCCAWCgAwIBAgIFWhfA3gEwCgYIKoZIzj0EAwIwMjEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxFzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MB4XDTI2MTEyMTAy
MzUzOFoXDTQ2MTExNjAyMzUzOFowMjEXMBUGA1UECgwOT0NQUCBtb2NrIHBhaXIx
FzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAE1lRBOYjYIgaBYA01ekymieo8GCqQjfyIVknYJHvnwJJ5PfCOLonRLH8FnM8T
McMK/P6PWjgAnVUDviqPl24PzKNjMGEwHQYDVR0OBBYEFM9Y7cg9q1Ia9QQwHdAU
1wwRnOmoMB8GA1UdIwQYMBaAFM9Y7cg9q1Ia9QQwHdAU1wwRnOmoMA8GA1UdEwEB
/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0kAMEYCIQDOQ/RW
h+XlBUXBcMTBwg1ygk1svtWpkBLtD0WB6lc+JwIhAOR2A8h6B4o9Y1j6WBl45NpT
3cs6763FYXy+1G+5ys8m
-----END CERTIFICATE-----
"""
"""A self-signed root, `CN=Mock CSMS root`."""

STATION = """\
-----BEGIN CERTIFICATE-----
MIIBwTCCAWegAwIBAgIFWhfA3gIwCgYIKoZIzj0EAwIwMjEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxFzAVBgNVBAMMDk1vY2sgQ1NNUyByb290MB4XDTI2MTEyMTAy
MzUzOFoXDTQ2MTExNjAyMzUzOFowJzEXMBUGA1UECgwOT0NQUCBtb2NrIHBhaXIx
DDAKBgNVBAMMA0NQMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGfnd4AGx36l
206bMctlHyy6onoqCVKeg3bshOjIaxGNtwpVJ/BAG7s+9/yWmRNtt+Ad5Fx9zcHH
cw9IS29oOFWjdTBzMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1Ud
JQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQWBBRBSgAWoFPzitFTpDvpTlGuOzK+CTAf
BgNVHSMEGDAWgBTPWO3IPatSGvUEMB3QFNcMEZzpqDAKBggqhkjOPQQDAgNIADBF
AiEAiMQaVlpqH9tY9lNMZbaT77JQ5QUz216AvvBc0B2xFTgCIFioQNq8QPUY4Tgd
4muQtBULk2YDhOlQWkKel/lT2uXn
-----END CERTIFICATE-----
"""
"""A client certificate for `CN=CP1` under `ROOT`. It matches no station's key, which is what a station checks."""

SIGNER = """\
-----BEGIN CERTIFICATE-----
MIIB2TCCAYCgAwIBAgIFWhfA3gMwCgYIKoZIzj0EAwIwOTEXMBUGA1UECgwOT0NQ
UCBtb2NrIHBhaXIxHjAcBgNVBAMMFU1vY2sgZmlybXdhcmUgc2lnbmluZzAeFw0y
NjExMjEwMjM1MzhaFw00NjExMTYwMjM1MzhaMDkxFzAVBgNVBAoMDk9DUFAgbW9j
ayBwYWlyMR4wHAYDVQQDDBVNb2NrIGZpcm13YXJlIHNpZ25pbmcwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAATYqdEffLpQaRgWGkxKPTYQVC08q5PnC/ekSqfzjzmu
Z9Ikx10Rs/aA62rgqFAK6A78+hmKdD7AisapYXfLKySXo3UwczAdBgNVHQ4EFgQU
rWGJ2FZ2MskebnFaMLpd4KmRcKcwHwYDVR0jBBgwFoAUrWGJ2FZ2MskebnFaMLpd
4KmRcKcwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYI
KwYBBQUHAwMwCgYIKoZIzj0EAwIDRwAwRAIgW4b1KFSSXaFaRmPwS9a+aChVujxV
H1GtFdW4L3/IaWUCIFAPMpp4GszcaoTQdFAAfzv3ODLg+tjhi/2jo19rGkKJ
-----END CERTIFICATE-----
"""
"""A self-signed certificate for code signing, `CN=Mock firmware signing`."""

SIGNATURE = "MEYCIQC1ZIF56WYVpdvgczVny9uSlki6pbdgLf2sLOjAKsc1ywIhAK4qWABNuSDHUmLaY9CeocSnzpMsKBHpM62iTNrcMwNz"
"""An ECDSA signature over eight bytes, `firmware`, by the key of `SIGNER`, in base64."""

CHECKSUM = "74b5b5e9570efc5c0553bb327cd41940"
"""The MD5 of the same eight bytes."""

ROOT_HASHES: dict[str, Any] = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "64e4030b390825893bc729f0b1ab4b0c2fee66ed03f873c989a88242782bb415",
    "issuerKeyHash": "9890fda347dd65889481ed6cbaa92721dfac0e97a528b600cee2bb00ff3d8c8c",
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
