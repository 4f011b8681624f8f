# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of test may use."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from ansible.release import __version__ as CORE
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulators import authentik, netbird
from support import VERSIONS, Servers


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path, begins: datetime.timedelta, ends: datetime.timedelta) -> tuple[str, str]:
    """The files of a certificate for 127.0.0.1 that no authority vouches for, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "certificate.pem"), str(folder / "key.pem")


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate that is valid today, and its key."""
    day = datetime.timedelta(days=1)
    return _certificate(tmp_path_factory.mktemp("tls"), -day, day)


@pytest.fixture(scope="session")
def expired_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """One that was valid until yesterday."""
    day = datetime.timedelta(days=1)
    return _certificate(tmp_path_factory.mktemp("tls"), -2 * day, -day)


# Each version of ansible-core meets one of authentik; a test that runs on one core alone meets all of them.
MET = {"2.19": VERSIONS[:1], "2.20": VERSIONS[1:2]}.get(".".join(CORE.split(".")[:2]), VERSIONS[2:])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for ``authentik_version`` each that it should meet; others use the fixture ``servers`` alone."""
    if "authentik_version" in metafunc.fixturenames:
        once = metafunc.definition.get_closest_marker("once")
        metafunc.parametrize("authentik_version", VERSIONS if once else MET)


def _start(request: pytest.FixtureRequest, folder: Path) -> Iterator[Servers]:
    versioned = "authentik_version" in request.fixturenames
    version = request.getfixturevalue("authentik_version") if versioned else VERSIONS[-1]
    folder.mkdir()
    with authentik.serve(version=version) as one, netbird.serve() as other:
        yield Servers(one, other, folder)


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """Fresh stand-ins of both services, of the test's version of authentik where it names one."""
    yield from _start(request, tmp_path / "servers")


@pytest.fixture
def other_servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """A second pair of them."""
    yield from _start(request, tmp_path / "others")
