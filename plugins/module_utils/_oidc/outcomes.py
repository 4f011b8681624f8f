# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a login can end.

PRIVATE to this collection.
"""

from __future__ import annotations

LOGGED_IN = "logged_in"

# How a login can end, for people. The names are those of a login's ``outcome``.
OUTCOMES = {
    "unreachable": "a server gave no answer",
    "certificate_expired": "a server's certificate has expired",
    "certificate_unknown": "a server's certificate cannot be verified",
    "no_document": "the issuer has no discovery document",
    "client_id_refused": 'authentik shows "Client ID Error"',
    "redirect_refused": 'authentik shows "Redirect URI Error"',
    "permission_denied": 'authentik shows "Permission denied"',
    "authorization_refused": "authentik sends the person back with an error",
    "password_refused": "authentik does not take the password",
    "netbird_password_refused": "NetBird does not take the password of its own user",
    "denied_by_flow": "authentik's flow denies access",
    "code_needed": "authentik asks for a second factor",
    "code_refused": "authentik does not take the second factor",
    "stage_unknown": "authentik's flow asks for something that needs a browser",
    "flow_failed": "authentik's flow does not answer as a flow",
    "endless": "the redirects do not end",
    "connector_failed": 'NetBird shows "Connector failed to initialize"',
    "callback_failed": 'NetBird shows "Authentication failed"',
    "netbird_redirect_refused": "NetBird does not know the dashboard's URL",
    "server_failed": "a server answers with an error of its own",
    "page_failed": "a server shows a page that does not belong to a login",
    "device_page_missing": "authentik has no page for a device's code",
    "state_differs": "the answer belongs to another request",
    "token_refused": "no token is given for the code",
    "token_wrong": "the id_token is not right",
    "token_invalid": "NetBird answers 401 to the person's token",
    "user_blocked": "NetBird answers 403 to the person's token",
    "api_failed": "NetBird's API fails",
}
