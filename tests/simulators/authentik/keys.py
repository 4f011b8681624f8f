# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys: the server's own is made once a process, for a real signature is what a test of signatures needs."""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

NAME = "authentik Self-signed Certificate"


@dataclass(frozen=True)
class KeyPair:
    """A private key with its certificate."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
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

    @property
    def algorithm(self) -> str:
        """What the key signs with."""
        # UNRECORDED: a key on a curve (authentik's source)
        return "ES256" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "RS256"

    @functools.cached_property
    def private(self) -> ECKey | RSAKey:
        """The key that signs."""
        return (ECKey if self.algorithm == "ES256" else RSAKey).import_key(self.pem)

    def jwk(self, kid: str) -> dict[str, Any]:
        """Return the entry of the JWKS document."""
        public = self.private.as_dict(private=False)
        numbers = ("x", "y", "crv") if self.algorithm == "ES256" else ("n", "e")
        return {
            "alg": self.algorithm,
            "kid": kid,
            "kty": public["kty"],
            "use": "sig",
            **{name: public[name] for name in numbers},
            "x5c": [base64.b64encode(self.der).decode()],
            "x5t": _base64url(hashlib.sha1(self.der, usedforsecurity=False).digest()),
            "x5t#S256": _base64url(hashlib.sha256(self.der).digest()),
        }

    def columns(self) -> dict[str, str]:
        """Return the pair as a certificate's row has it."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        return {"certificate_data": pem.decode().strip(), "key_data": self.pem.decode().strip()}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.cache
def parsed(pem: str) -> x509.Certificate:
    """Read a certificate; raises `ValueError`."""
    return x509.load_pem_x509_certificate(pem.encode())


def fingerprint(pem: str, algorithm: str) -> str:
    """Return a certificate's digest as authentik shows it."""
    return hashlib.new(algorithm, parsed(pem).public_bytes(serialization.Encoding.DER), usedforsecurity=False).digest().hex(":")


def expiry(pem: str) -> str:
    """Return the time at which a certificate expires."""
    return parsed(pem).not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def subject(pem: str) -> str:
    """Return whom a certificate is about."""
    return parsed(pem).subject.rfc4514_string()


def key_type(pem: str) -> str:
    """Return the kind of a certificate's key."""
    # UNRECORDED: other kinds than these two (authentik's source)
    return "ec" if isinstance(parsed(pem).public_key(), ec.EllipticCurvePublicKey) else "rsa"


@functools.cache
def read(certificate: str, key: str) -> KeyPair:
    """Read a pair from what a certificate's row has of it."""
    private = serialization.load_pem_private_key(key.encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return KeyPair(private, parsed(certificate))


def is_private_key(pem: str) -> bool:
    """Tell whether a text is a private key that needs no password."""
    try:
        serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        return False
    return True


@functools.cache
def key_pair() -> KeyPair:
    """Return the self-signed pair of a fresh install."""
    return made(NAME, days=365)


def made(name: str, *, days: int, curve: bool = False) -> KeyPair:
    """Make a self-signed pair, as authentik does."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "authentik"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Self-signed"),
        ]
    )
    today = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names)
        .issuer_name(names)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(key, certificate)
