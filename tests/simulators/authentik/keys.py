# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's certificate and key: made once a process, for a real signature is what a test of signatures needs."""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

NAME = "authentik Self-signed Certificate"


@dataclass(frozen=True)
class KeyPair:
    """A private key with its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @functools.cached_property
    def pem(self) -> bytes:
        """The private key as text."""
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def kid(self, short: bool) -> str:
        """Return the key's id: an MD5 in hexadecimal until 2025.10, a SHA-512 in base64 since 2026.5."""
        if short:
            return hashlib.md5(self.pem, usedforsecurity=False).hexdigest()
        return _base64url(hashlib.sha512(self.pem).digest())

    @functools.cached_property
    def private(self) -> RSAKey:
        """The key that signs."""
        return RSAKey.import_key(self.pem)

    def jwk(self, kid: str) -> dict[str, Any]:
        """Return the entry of the JWKS document."""
        public = self.private.as_dict(private=False)
        return {
            "alg": "RS256",
            "kid": kid,
            "kty": "RSA",
            "use": "sig",
            "n": public["n"],
            "e": public["e"],
            "x5c": [base64.b64encode(self.der).decode()],
            "x5t": _base64url(hashlib.sha1(self.der, usedforsecurity=False).digest()),
            "x5t#S256": _base64url(hashlib.sha256(self.der).digest()),
        }

    def fingerprint(self, algorithm: str) -> str:
        """Return the certificate's digest as authentik shows it."""
        return hashlib.new(algorithm, self.der, usedforsecurity=False).digest().hex(":")

    def expiry(self) -> str:
        """Return the time at which the certificate expires."""
        return self.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.cache
def key_pair() -> KeyPair:
    """Return the self-signed pair of a fresh install."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, NAME),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "authentik"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Self-signed"),
        ]
    )
    today = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(key, certificate)
