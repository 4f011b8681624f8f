#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: oidc_login
short_description: Log a person in without a browser, and look at what they get
version_added: 0.1.0
description:
  - Passes authentik's login as a person's browser does, with name, password, consent and, where authentik asks for it, the code
    of an authenticator app. It uses the authorization code with PKCE and checks state, nonce, issuer, audience, signature and
    times.
  - With O(via=netbird) the login begins at NetBird's embedded identity provider and takes the way through its connector.
    With O(netbird_url) the person's token is then shown to NetBird's API, as NetBird's dashboard would.
  - Returns the claims, and never a token.
  - The person logs out as from NetBird's dashboard. However that ends, the tokens are revoked and the sessions ended.
  - A first login makes the person a user of NetBird; O(cleanup) removes that user again. Apart from that the
    login leaves nothing.
  - In check mode nobody is logged in.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes
requirements:
  - PyJWT
options:
  via:
    description:
      - V(authentik) logs in at the issuer, for the client O(client_id).
      - V(netbird) logs in as NetBird's dashboard does, through the connector O(connector) of the embedded identity provider.
    type: str
    choices: [authentik, netbird]
    default: authentik
  grant:
    description:
      - V(authorization_code) is a login in a browser.
      - V(device_code) is one of a device that shows a code, such as C(netbird up --no-browser) does. The person opens the URL,
        logs in and enters the code. Only with O(via=authentik).
    type: str
    choices: [authorization_code, device_code]
    default: authorization_code
  issuer:
    description: The issuer, such as V(https://authentik.company/application/o/netbird/).
    type: str
  client_id:
    description: The client's id.
    type: str
  client_secret:
    description: The client's secret, unless it is a public client.
    type: str
  redirect_uri:
    description: Where the login is sent back to. Nothing has to listen there.
    type: str
    default: http://localhost:53000
  post_logout_redirect_uri:
    description:
      - Where a log-out is sent back to. With it the person also logs out as NetBird's dashboard does that, and RV(login.log_out)
        says how that ended. Nothing has to listen there. Only with O(via=authentik).
      - With O(via=netbird) the person always does, and NetBird's own address is named.
    type: str
  scopes:
    description: The scopes to ask for. The default are those that NetBird's clients ask authentik for.
    type: list
    elements: str
    default: [openid, profile, email, offline_access, entitlements, goauthentik.io/api]
  connector:
    description: Id of NetBird's identity provider, as M(zerotrust.netbird_authentik.netbird_info) has it.
    type: str
  username:
    description: The person's username in authentik.
    type: str
    required: true
  password:
    description: The person's password.
    type: str
    required: true
  totp_secret:
    description: The Base32 secret of the person's authenticator app, where authentik asks for a second factor.
    type: str
  netbird_url:
    description:
      - URL of NetBird, whose API is asked as the person.
      - In a NetBird with an identity provider of its own outside, the first person who does this becomes the owner.
    type: str
  netbird_token:
    description: Personal access token of a NetBird administrator, who can see which users there were before.
    type: str
  cleanup:
    description:
      - Whether a user of NetBird that this login made is removed again. Needs O(netbird_token).
      - Only with O(via=netbird). Without the embedded identity provider NetBird would delete the person in authentik as well.
    type: bool
    default: false
attributes:
  check_mode:
    support: partial
    details:
      - Nobody is logged in, so nothing is said about the login.
seealso:
  - module: zerotrust.netbird_authentik.netbird_login_check
    description: Says why a login does not work.
"""

EXAMPLES = r"""
- name: Which connectors are there
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
  register: netbird

- name: Alice logs in to NetBird through authentik
  zerotrust.netbird_authentik.oidc_login:
    via: netbird
    netbird_url: https://netbird.company
    connector: "{{ netbird.identity_providers[0].id }}"
    username: alice
    password: "{{ vault_password_of_alice }}"
  register: alice

- name: Alice logs in at authentik alone
  zerotrust.netbird_authentik.oidc_login:
    issuer: https://authentik.company/application/o/netbird/
    client_id: "{{ management_result.client_id }}"
    client_secret: "{{ management_result.client_secret }}"
    redirect_uri: "{{ management_result.redirect_url }}"
    username: alice
    password: "{{ vault_password_of_alice }}"
"""

RETURN = r"""
login:
  description: How the login ended.
  returned: when a login was tried
  type: dict
  contains:
    outcome:
      description: V(logged_in), or what stopped it, such as V(redirect_refused), V(permission_denied) or V(token_invalid).
      type: str
    said:
      description: The words of the server that stopped it.
      type: str
    where:
      description: The request that was answered with them, without its query.
      type: str
    request:
      description: What authentik was asked for, with C(client_id), C(redirect_uri), C(scope) and C(endpoint).
      type: dict
    header:
      description: The header of the id_token.
      type: dict
    claims:
      description: The claims of the id_token.
      type: dict
    access_claims:
      description: The claims of the access token.
      type: dict
    user:
      description: The person as NetBird's API has them.
      type: dict
    steps:
      description: Every exchange until the login ended, in its order.
      type: list
      elements: dict
      contains:
        method:
          description: The request's method.
          type: str
        server:
          description: Scheme, host and port of the server.
          type: str
        path:
          description: The path, without the query.
          type: str
        status:
          description: The answer's status; V(0) where there was none.
          type: int
        milliseconds:
          description: How long the answer took.
          type: int
        component:
          description: What authentik's flow asked for, such as V(ak-stage-password), where it asked.
          type: str
    log_out:
      description: How the person's log-out ended. Null where none was tried, because there was no login or nowhere to go back to.
      type: dict
      contains:
        outcome:
          description: V(logged_out), V(stranded) where authentik leaves the person on a page of its own, or what stopped it.
          type: str
        said:
          description: The words of the page at which it ended.
          type: str
        where:
          description: The address at which the browser was left, without its query.
          type: str
        session_ended:
          description: Whether authentik's session is gone. Null where that could not be seen.
          type: bool
    user_made:
      description: Whether this login made the user of NetBird. Known with O(netbird_token).
      type: bool
    user_removed:
      description: Whether that user was removed again.
      type: bool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    CONNECTION_ARGUMENTS,
    Context,
    Failure,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Person
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Tls
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import (
    STANDALONE_SCOPES,
    Client,
    Login,
    dashboard,
    log_in,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN, OUTCOMES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.catalogue import CAUSES

ARGUMENT_SPEC = {
    "argument_spec": {
        **CONNECTION_ARGUMENTS,
        "via": {"type": "str", "choices": ["authentik", "netbird"], "default": "authentik"},
        "grant": {"type": "str", "choices": ["authorization_code", "device_code"], "default": "authorization_code"},
        "issuer": {"type": "str"},
        "client_id": {"type": "str"},
        "client_secret": {"type": "str", "no_log": True},
        "redirect_uri": {"type": "str", "default": "http://localhost:53000"},
        "post_logout_redirect_uri": {"type": "str"},
        "scopes": {"type": "list", "elements": "str", "default": STANDALONE_SCOPES.split()},
        "connector": {"type": "str"},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "totp_secret": {"type": "str", "no_log": True},
        "netbird_url": {"type": "str"},
        "netbird_token": {"type": "str", "no_log": True},
        "cleanup": {"type": "bool", "default": False},
    },
    "required_if": [
        ("via", "authentik", ("issuer", "client_id")),
        ("via", "netbird", ("netbird_url", "connector")),
        ("cleanup", True, ("netbird_token",)),
    ],
}


class LoginFailed(Failure):
    """The login did not end as it should; the result says how."""

    def __init__(self, message: str, login: dict[str, Any]) -> None:
        super().__init__(message)
        self._login = login

    def result(self) -> dict[str, Any]:
        return {"login": self._login}


def run(context: Context) -> dict[str, Any]:
    params = context.params
    if params["cleanup"] and params["via"] != "netbird":
        raise Failure("cleanup is for via=netbird only: NetBird would delete the person in authentik as well.")
    if context.check_mode:
        return {"changed": False, "skipped": True, "msg": "A login is not tried in check mode."}
    netbird = Netbird(context) if params["netbird_token"] and params["netbird_url"] else None
    before = _users(netbird)
    person = Person(params["username"], params["password"], params["totp_secret"] or "")
    login = log_in(Tls(**context.connection), _client(params), person, params["netbird_url"] or "")
    result = login.result()
    if netbird and before is not None:
        result |= _netbird_user(netbird, login, before, params["cleanup"])
    if login.outcome != LOGGED_IN:
        raise LoginFailed(_message(params["username"], login), result)
    return {"changed": False, "login": result}


def _client(params: Any) -> Client:
    if params["via"] == "netbird":
        return dashboard(params["netbird_url"], params["connector"])
    scopes = " ".join(params["scopes"])
    return Client(
        issuer=params["issuer"],
        client_id=params["client_id"],
        redirect_uri=params["redirect_uri"],
        scopes=scopes,
        secret=params["client_secret"] or "",
        device=params["grant"] == "device_code",
        log_out=params["post_logout_redirect_uri"] or "",
    )


def _users(netbird: Netbird | None) -> dict[str, Any] | None:
    """NetBird's users by id; None where an administrator cannot see them, which is no reason not to try the login."""
    if netbird is None:
        return None
    try:
        return {row["id"]: row for row in netbird.fresh_rows("users")}
    except Failure:
        return None


def _netbird_user(netbird: Netbird, login: Login, before: Mapping[str, Any], cleanup: bool) -> dict[str, Any]:
    """The person as an administrator sees them, and without them again where that is asked for."""
    user = (_users(netbird) or {}).get(login.access_claims.get("sub"))
    made = user is not None and user["id"] not in before
    remove = bool(user and made and cleanup)
    if user and remove:
        netbird.write("DELETE", f"users/{user['id']}", None)
    return {"user": dict(user or login.user), "user_made": made, "user_removed": remove}


def _message(username: str, login: Login) -> str:
    known = "; ".join(cause.title.rstrip(".") for cause in CAUSES if login.outcome in cause.explains)
    message = f"The login of {username} ended: {OUTCOMES[login.outcome]} ({login.where}: {login.said})."
    return f"{message} This is known to come from one of these: {known}. netbird_login_check says which." if known else message


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
