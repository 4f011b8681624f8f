# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider says of itself: its discovery document and its keys."""

from __future__ import annotations

import json

from starlette.responses import Response

from . import claims
from .api import page
from .state import State
from .tokens import DEVICE_GRANT


def discovery(state: State, base: str, slug: str) -> Response:
    """Describe the provider of an application; one that does not exist is a page with status 404."""
    application = state.find("applications", slug=slug)
    provider = state.providers.get(application["provider"]) if application else None
    if provider is None:
        return page(404, "Not Found")
    root = f"{base}/application/o"
    newer = state.at_least("2026.5")
    signing = claims.key_pair(state, provider, "signing_key")
    algorithm = signing.algorithm if signing else "HS256"
    front = {"frontchannel_logout_supported": True, "frontchannel_logout_session_supported": True} if newer else {}
    body = {
        "issuer": claims.issuer(state, provider, base),
        "authorization_endpoint": f"{root}/authorize/",
        "token_endpoint": f"{root}/token/",
        "userinfo_endpoint": f"{root}/userinfo/",
        "end_session_endpoint": f"{root}/{slug}/end-session/",
        "introspection_endpoint": f"{root}/introspect/",
        "revocation_endpoint": f"{root}/revoke/",
        "device_authorization_endpoint": f"{root}/device/",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        **front,
        "response_types_supported": [
            "code",
            "id_token",
            "id_token token",
            "code token",
            "code id_token",
            "code id_token token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "jwks_uri": f"{root}/{slug}/jwks/",
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "implicit",
            "client_credentials",
            "password",
            DEVICE_GRANT,
        ],
        "id_token_signing_alg_values_supported": [algorithm],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "acr_values_supported": [claims.ACR],
        "scopes_supported": [state.mappings[pk]["scope_name"] for pk in provider["property_mappings"]],
        "request_parameter_supported": False,
        "claims_supported": claims.supported(state, provider),
        "claims_parameter_supported": False,
        "code_challenge_methods_supported": ["plain", "S256"],
    }
    return Response(json.dumps(body), 200, {"access-control-allow-origin": "*"}, "application/json")


def jwks(state: State, slug: str) -> Response:
    """Return the key that the provider signs with; without one an empty object."""
    application = state.find("applications", slug=slug)
    provider = state.providers.get(application["provider"]) if application else None
    # UNRECORDED: keys of an unknown application (a guess by its discovery)
    if provider is None:
        return page(404, "Not Found")
    signing, encryption = (claims.key_pair(state, provider, use) for use in ("signing_key", "encryption_key"))
    keys = [signing.jwk(claims.kid(state, signing))] if signing else []
    if encryption:
        # UNRECORDED: the key that encrypts (seen once on a 2026.5; authentik's source)
        keys.append({**encryption.jwk(claims.kid(state, encryption)), **claims.ENCRYPTION, "use": "enc"})
    return Response(json.dumps({"keys": keys} if keys else {}), 200, {"access-control-allow-origin": "*"}, "application/json")
