#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_certificate
short_description: Manage a certificate-key pair in authentik
version_added: 0.2.0
description:
  - Imports, generates, replaces and removes one certificate-key pair of authentik, known by its O(name). Providers sign with the
    key of one, and brands serve one.
  - With O(certificate) the pair is that certificate, and another one takes its place, without a moment in which those who use
    the pair have none. Without it authentik generates a self-signed one, if there is none of this name.
  - Certificates are compared by their SHA-256 fingerprint. What was generated stays as it is.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  name:
    description: The pair's name. It identifies the pair.
    type: str
    required: true
  certificate:
    description:
      - The certificate, in PEM. Of a chain the first one counts.
    type: str
  key:
    description:
      - The private key, in PEM and without a password. authentik does not look whether it belongs to the certificate.
      - authentik does not tell it, so it is written when the pair is created and when the certificate changes, or with
        O(update_key=always).
    type: str
  update_key:
    description: When O(key) is written to a pair that exists and has this certificate already.
    type: str
    choices: [on_create, always]
    default: on_create
  validity_days:
    description: For how many days a generated certificate is valid.
    type: int
    default: 365
  subject_alt_names:
    description: Further names of a generated certificate.
    type: list
    elements: str
    default: []
  key_algorithm:
    description: The algorithm of a generated key.
    type: str
    choices: [rsa, ecdsa]
    default: rsa
seealso:
  - module: zerotrust.netbird_authentik.authentik_oauth2_provider
"""

EXAMPLES = r"""
- name: A key of its own for NetBird's tokens
  zerotrust.netbird_authentik.authentik_certificate:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: netbird
    validity_days: 730
"""

RETURN = r"""
certificate:
  description: The pair's id, name and fingerprint, as authentik's API calls them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 8b983186-d278-476e-a709-de0faedfd671
    name: netbird
    fingerprint_sha256: fd:ef:c3:be:e1:32:19:bc:98:a6:3f:10:3b:15:20:5e:81:c1:68:a7:33:5d:78:df:d5:41:a0:11:f4:20:40:25
"""

import hashlib
import ssl
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Failure,
    Field,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
    text,
)

PATH = "crypto/certificatekeypairs/"
BEGINS = "-----BEGIN CERTIFICATE-----"
ENDS = "-----END CERTIFICATE-----"


def fingerprint(value: str) -> str:
    """The SHA-256 fingerprint of a certificate, as authentik shows it; a fingerprint is its own."""
    if BEGINS not in value:
        return value
    pem = value[value.index(BEGINS) :].partition(ENDS)[0] + ENDS
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    return digest.hex(":")


def imported(body: dict[str, Any]) -> dict[str, Any]:
    """A certificate is written under another name than its fingerprint is read."""
    sent = {name: value for name, value in body.items() if name != "fingerprint_sha256"}
    return {**sent, "certificate_data": body["fingerprint_sha256"]} if "fingerprint_sha256" in body else sent


def generated(body: dict[str, Any]) -> dict[str, Any]:
    """A certificate is asked for by other names than it has."""
    names = ",".join(body["subject_alt_names"])
    return {
        "common_name": body["name"],
        "validity_days": body["validity_days"],
        "subject_alt_name": names,
        "alg": body["key_algorithm"],
    }


IMPORTED = Resource(
    kind="certificate",
    path=PATH,
    filter="name",
    fields=(
        Field("name", required=True),
        Field("certificate", api="fingerprint_sha256", canonical=fingerprint),
        Field("key", api="key_data", secret=True, readable=False, on_create=True, canonical=text),
    ),
    sending=imported,
)
GENERATED = Resource(
    kind="certificate",
    path=PATH,
    creation=f"{PATH}generate/",
    filter="name",
    fields=(
        Field("name", required=True),
        Field("validity_days", type="int", default=365, readable=False, on_create=True),
        Field("subject_alt_names", type="list", elements="str", default=[], readable=False, on_create=True),
        Field("key_algorithm", choices=("rsa", "ecdsa"), default="rsa", readable=False, on_create=True),
    ),
    sending=generated,
)
GENERATION = {field.name: {**field.argument(), "default": field.default} for field in GENERATED.fields[1:]}
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        **IMPORTED.arguments(),
        **GENERATION,
        "update_key": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        **STATE_ARGUMENT,
    },
    required_by={"key": ["certificate"]},
)


def run(context: Context) -> dict[str, Any]:
    certificate = context.params["certificate"]
    if certificate is not None:
        refuse_bad(certificate)
    resource = GENERATED if certificate is None else IMPORTED
    always = context.params["update_key"] == "always"
    return ensure_object(context, Authentik(context), resource, returns="certificate", update_secret=always)


def refuse_bad(certificate: str) -> None:
    """What is no certificate at all; the rest authentik looks at."""
    try:
        if BEGINS in certificate and ENDS in certificate:
            fingerprint(certificate)
            return
    except ValueError:
        pass
    raise Failure("certificate is no certificate in PEM. Nothing was changed.")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
