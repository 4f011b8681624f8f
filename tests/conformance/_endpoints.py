# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorded cases of tokens, log-outs, devices and permissions found, and what was done between their steps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from conformance._arrangements import PLAIN, browser_of, consented, waited
from conformance._flows import Arrange, Arrangement, Stage
from conformance._rules import JWT
from simulators.authentik.apps import GRANT_TYPES
from simulators.authentik.tokens import DEVICE_GRANT
from support.browser import DASHBOARD, authorization_request, challenge_of, segment, token_request

Json = Any
CALLBACK = "http://127.0.0.1:53111/callback"
EVERYTHING = "openid profile email offline_access"
CONFIDENTIAL = "flows-conf"
CONSENT = "/api/v3/flows/executor/default-provider-authorization-implicit-consent/"
INVALIDATION = "/api/v3/flows/executor/default-invalidation-flow/"
DEVICE = "/application/o/device/"
LOCAL, LOCAL_SCOPE = "flows-local@example.com", "openid profile email offline_access"
TOKEN = rf"eyJ{JWT}|\b[0-9A-Za-z]{{128}}\b|Ch[kl][\w-]{{69}}"
UNBUILT = "nothing here asks which roles hold a permission, or which objects a role is about"


def both(*arranges: Arrange) -> Arrange:
    """Do several things in turn."""

    def arrange(stage: Stage) -> None:
        for each in arranges:
            each(stage)

    return arrange


def provider(name: str = CONFIDENTIAL, **changes: Json) -> Arrange:
    """Change a provider; what a version does not know it ignores."""
    return lambda stage: stage.api("PATCH", f"providers/oauth2/{_recorded(stage, 'providers', name)}/", changes) and None


def _recorded(stage: Stage, kind: str, name: str) -> Any:
    """Return the recorded id of one of the fixtures."""
    return next(each["id"] for each in stage.recording["objects"][kind] if name in each["json"].values())


def log_out(stage: Stage) -> None:
    """End the browser's session at authentik."""
    assert stage.browser.get(stage.server.url + INVALIDATION, timeout=10).json()["component"] == "xak-flow-redirect"


# Codes and tokens of authentik


def _right_form(stage: Stage) -> Json:
    """Return the form of a case that brings a code and is right, or the last one where none is."""
    steps = [each for each in stage.case["steps"] if len((each.get("form") or {}).get("code", "")) in (25, 32)]
    return next((each for each in steps if each["status"] == 200), steps[-1])["form"]


def _code(stage: Stage, scope: str, verifier: str) -> str:
    query = authorization_request(CONFIDENTIAL, CALLBACK, scope, challenge_of(verifier), nonce="n")
    found = stage.browser.get(f"{stage.server.url}/application/o/authorize/", params=query, timeout=10, allow_redirects=False)
    return parse_qs(urlsplit(found.headers["location"]).query)["code"][0]


def code(scope: str = EVERYTHING) -> Arrange:
    """Let the browser get the code that the case exchanges."""

    def arrange(stage: Stage) -> None:
        form = _right_form(stage)
        stage.learn(form["code"], _code(stage, scope, form["code_verifier"]))

    return arrange


def tokens(stage: Stage) -> None:
    """Let the browser log in at the application, and learn the tokens that the case sends."""
    verifier = "v" * 43
    secret = stage.row("providers", client_id=CONFIDENTIAL)["client_secret"]
    form = token_request(CONFIDENTIAL, CALLBACK, _code(stage, EVERYTHING, verifier), verifier, client_secret=secret)
    _learn(stage, requests.post(f"{stage.server.url}/application/o/token/", data=form, timeout=10).json())


def _learn(stage: Stage, answer: Json) -> None:
    """Learn the tokens that a case sends and that none of its own answers gave."""
    given = ""
    for step in stage.case["steps"]:
        sent = json.dumps({part: step.get(part) for part in ("query", "form", "request_headers")})
        for token in re.findall(TOKEN, sent):
            if token not in given and token not in stage.learned.texts:
                stage.learn(token, answer[_kind(token)])
        given += json.dumps([step["body"], step["location"]])


def _kind(token: str) -> str:
    """Say which token of an answer one is: authentik's access token says `azp`, NetBird's id_token `c_hash`."""
    if not re.fullmatch(JWT, token):
        return "refresh_token"
    said = segment(token, 1)
    access = "c_hash" not in said if said["iss"].endswith("/oauth2") else "azp" in said
    return "access_token" if access else "id_token"


# Logins at NetBird


def netbird_tokens(stage: Stage) -> Json:
    """Let the browser, logged in at authentik, log in at NetBird, and learn the tokens that the case sends."""
    verifier, scope = "v" * 43, "openid profile email groups offline_access"
    connector = next(iter(stage.netbird.state.connectors))
    redirect = f"{stage.netbird.url}/nb-auth"
    form = token_request(DASHBOARD, redirect, _netbird_code(stage, connector, scope, _consent, verifier), verifier)
    answer = requests.post(f"{stage.netbird.url}/oauth2/token", data=form, timeout=10).json()
    _learn(stage, answer)
    return answer


def local_tokens(stage: Stage) -> None:
    """Make a person of NetBird's own and let them log in, for the code that the case exchanges."""
    local_person(stage)
    form = _right_form(stage)
    stage.learn(form["code"], _netbird_code(stage, "local", LOCAL_SCOPE, _sign_in, form["code_verifier"]))


def local_person(stage: Stage) -> None:
    """Make a person of NetBird's own, with the password that NetBird made up."""
    body = {"email": LOCAL, "name": "Flows Local", "role": "user", "auto_groups": [], "is_service_user": False}
    headers = {"Authorization": f"Token {stage.netbird.token}"}
    made = requests.post(f"{stage.netbird.url}/api/users", json=body, headers=headers, timeout=10).json()
    forms = [step["form"] for step in stage.case["steps"] if "password" in (step.get("form") or {})]
    stage.netbird.state.local_users[made["id"]]["password"] = forms[-1]["password"] if forms else made["password"]


def _netbird_code(stage: Stage, connector: str, scope: str, pass_through: Callable[[Stage, str], str], verifier: str) -> str:
    query = authorization_request(DASHBOARD, f"{stage.netbird.url}/nb-auth", scope, challenge_of(verifier))
    shown = stage.browser.get(f"{stage.netbird.url}/oauth2/auth/{connector}", params=query, timeout=10)
    return parse_qs(urlsplit(pass_through(stage, shown.url)).query)["code"][0]


def _consent(stage: Stage, url: str) -> str:
    """Consent on the page that is shown; return where that leads."""
    executor, query = stage.server.url + CONSENT, {"query": urlsplit(url).query}
    token = stage.browser.get(executor, params=query, timeout=10).json()["token"]
    headers = {"X-authentik-CSRF": stage.browser.cookies["authentik_csrf"]}
    done = stage.browser.post(executor, params=query, json={"token": token}, headers=headers, timeout=10).json()
    return stage.browser.get(done["to"], timeout=10).url


def _sign_in(stage: Stage, url: str) -> str:
    """Fill in NetBird's own form; return where that leads."""
    password = next(row["password"] for row in stage.netbird.state.local_users.values() if row["email"] == LOCAL)
    return stage.browser.post(url, data={"login": LOCAL, "password": password}, timeout=10).url


def logged_out(stage: Stage) -> None:
    """Let the browser log in at NetBird and out again; only 2026.5 leads it back from authentik."""
    answer = netbird_tokens(stage)
    hint = {"id_token_hint": answer["id_token"]}
    stage.browser.get(f"{stage.netbird.url}/oauth2/logout", params=hint, timeout=10, allow_redirects=False)
    if stage.version == "2026.5":
        stage.browser.get(f"{stage.netbird.url}/oauth2/logout/callback", timeout=10)


# The cases


def inactive(username: str) -> Arrange:
    """Deactivate a person."""
    return lambda stage: (
        stage.api("PATCH", f"core/users/{stage.row('users', username=username)['pk']}/", {"is_active": False}) and None
    )


def invalidating(client: str) -> Arrange:
    """Let the log-out of an application end the session at authentik."""
    return lambda stage: stage.row("providers", client_id=client).update(
        invalidation_flow=stage.row("flows", slug="default-invalidation-flow")["pk"]
    )


def no_logout_redirect(stage: Stage) -> None:
    """Take the redirects of type logout from NetBird's provider."""
    found = stage.row("providers", client_id="flows-netbird")
    found["redirect_uris"] = [each for each in found["redirect_uris"] if each.get("redirect_uri_type") != "logout"]


def without(grant_type: str) -> Arrange:
    """Take a grant type from the public provider."""
    return lambda stage: provider("flows-public", grant_types=[each for each in GRANT_TYPES if each != grant_type])(stage)


def keep_out(stage: Stage) -> None:
    """Bind the application to a policy that lets nobody in."""
    target = stage.row("applications", slug=CONFIDENTIAL)["pk"]
    policy = stage.row("policies", name="flows-no-entry")["pk"]
    stage.api("POST", "policies/bindings/", {"target": target, "policy": policy, "order": 0})


def brand(stage: Stage) -> None:
    """Give the brand the flow for codes of devices."""
    brand = stage.row("brands", default=True)
    stage.api("PATCH", f"core/brands/{brand['brand_uuid']}/", {"flow_device_code": stage.row("flows", slug="flows-device")["pk"]})


def begun(stage: Stage) -> None:
    """Begin as many logins of devices as are let, from the address of the case."""
    address = {"X-Forwarded-For": stage.case["steps"][0]["request_headers"]["X-Forwarded-For"]}
    for _ in range(19):
        requests.post(stage.server.url + DEVICE, data={"client_id": "flows-public"}, headers=address, timeout=10)


def role(change: str, *permissions: str) -> Arrange:
    """Give or take permissions of the role that the viewer has."""

    def arrange(stage: Stage) -> None:
        pk = stage.row("roles", name="flows-role")["pk"]
        method = {"assign": "POST", "unassign": "PATCH"}[change]
        path = f"rbac/permissions/assigned_by_roles/{pk}/{change}/"
        stage.api(method, path, {"permissions": list(permissions)})

    return arrange


def no_managed_role(stage: Stage) -> None:
    """Take the role of the outpost's account away, which the recorded 2025.10 did not have for want of a worker."""
    for pk, found in list(stage.state.roles.items()):
        if found["name"].startswith("ak-managed-role"):
            del stage.state.roles[pk]


def no_netbird(stage: Stage) -> None:
    """Take the application of NetBird away, which was made later."""
    stage.api("DELETE", "core/applications/flows-netbird/")


VIEWER = ("rbac: roles",)
PERMISSION = "authentik_core.view_application"
AT_NETBIRD = Arrangement(PLAIN, netbird_tokens)

ARRANGED: dict[str, Arrangement] = {
    "token: authorization_code, good, then the same code again": Arrangement(PLAIN, code()),
    "token: authorization_code, client by HTTP basic, with Origin": Arrangement(PLAIN, code()),
    "token: authorization_code, what is wrong": Arrangement(PLAIN, code()),
    "token: authorization_code, expired code": Arrangement(
        PLAIN, both(provider(access_code_validity="seconds=1"), code(), waited(2))
    ),
    "token: authorization_code, person logged out before the exchange": Arrangement(PLAIN, both(code(), log_out)),
    "token: authorization_code without offline_access": Arrangement(PLAIN, code("openid profile email")),
    "token: refresh_token, refresh_token_threshold as a new provider has it": Arrangement(PLAIN, tokens),
    "token: refresh_token, refresh_token_threshold hours=1": Arrangement(
        PLAIN, both(provider(refresh_token_threshold="hours=1"), tokens)
    ),
    "token: refresh_token of a person who is inactive since": Arrangement(PLAIN, both(tokens, inactive(PLAIN))),
    "token: refresh_token after the person's log-out": Arrangement(PLAIN, both(tokens, log_out)),
    "token: client_credentials, refused": Arrangement(before=inactive("flows-robot-idle")),
    "token: grant type client_credentials not among the provider's": Arrangement(before=without("client_credentials")),
    "token: grant type refresh_token not among the provider's": Arrangement(before=without("refresh_token")),
    "token: grant type password not among the provider's": Arrangement(before=without("password")),
    "userinfo": Arrangement(PLAIN, tokens),
    "introspect": Arrangement(PLAIN, tokens),
    "revoke": Arrangement(PLAIN, tokens),
    "end-session: logged in, nothing said": Arrangement(PLAIN, tokens),
    "end-session: logged in, id_token_hint": Arrangement(PLAIN, tokens),
    "end-session: logged in, id_token_hint and a registered post_logout_redirect_uri": Arrangement(PLAIN, tokens),
    "end-session: logged in, a registered post_logout_redirect_uri and state, no hint": Arrangement(PLAIN, tokens),
    "end-session: logged in, post_logout_redirect_uri that is not registered": Arrangement(PLAIN, tokens),
    "end-session: logged in, the login's redirect as post_logout_redirect_uri": Arrangement(PLAIN, tokens),
    "end-session: logged in, post_logout_redirect_uri with a forbidden scheme": Arrangement(PLAIN, tokens),
    "end-session: logged in, id_token_hint that is nonsense": Arrangement(PLAIN, tokens),
    "end-session: logged in, POST": Arrangement(PLAIN, tokens),
    "end-session: while another flow is begun in the session": Arrangement(PLAIN, tokens),
    "end-session: twice, without the flow's end in between": Arrangement(PLAIN),
    "end-session: person whom the application no longer lets in": Arrangement(PLAIN, keep_out),
    "end-session: the provider's invalidation flow is default-invalidation-flow": Arrangement(
        PLAIN, both(invalidating(CONFIDENTIAL), tokens)
    ),
    "end-session: the same without a post_logout_redirect_uri": Arrangement(PLAIN, both(invalidating(CONFIDENTIAL), tokens)),
    "end-session: front channel log-out of the provider": Arrangement(
        PLAIN, provider(logout_method="frontchannel", logout_uri="http://127.0.0.1:53111/frontchannel")
    ),
    "end-session: flow of authentik itself": Arrangement(PLAIN, tokens),
    "end-session: default-provider-invalidation-flow opened by itself": Arrangement(PLAIN),
    "device: the brand has no device code flow": Arrangement(steps={4: browser_of(PLAIN)}),
    "device: good, not logged in before": Arrangement(before=brand),
    "device: good, logged in, POST of the finish challenge": Arrangement(PLAIN, brand),
    "device: code typed in: wrong, then right": Arrangement(PLAIN, brand),
    "device: verification_uri_complete with a wrong code, logged in": Arrangement(PLAIN, brand),
    "device: explicit consent": Arrangement(PLAIN, both(brand, consented)),
    "device: person not let in by the application's binding": Arrangement("flows-outsider", brand),
    "device: expired": Arrangement(
        PLAIN, both(brand, provider("flows-public", access_code_validity="seconds=2")), steps={1: waited(3)}
    ),
    "device: poll, refused": Arrangement(steps={5: without(DEVICE_GRANT)}),
    "device: more than 20 begun within an hour from one address": Arrangement(steps={1: begun}),
    "rbac: roles": Arrangement(before=no_managed_role, excerpts=[25], unbuilt=dict.fromkeys((18, 19, 20), UNBUILT)),
    "check_access: as a user with view_application only": Arrangement(after=VIEWER, excerpts=[4]),
    "preview_user: as others": Arrangement(
        after=VIEWER,
        steps={
            2: role("assign", "authentik_providers_oauth2.view_oauth2provider"),
            4: role("assign", "authentik_core.view_user"),
            6: role("assign", "authentik_core.preview_user"),
        },
    ),
    "users: with authentik_core.view_user only": Arrangement(
        before=both(no_netbird, role("assign", "authentik_core.view_user"), role("unassign", PERMISSION)),
        after=VIEWER,
        excerpts=[1, 2, 3, 9, 10],
    ),
    "users: as a plain user": Arrangement(excerpts=[5]),
    "rbac: delete the role": Arrangement(after=VIEWER),
    "netbird: /oauth2/logout, GET, nothing said, logged in": AT_NETBIRD,
    "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird": AT_NETBIRD,
    "netbird: /oauth2/logout, POST, id_token_hint, post_logout_redirect_uri NetBird": AT_NETBIRD,
    "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird/": AT_NETBIRD,
    "netbird: /oauth2/logout, GET, id_token_hint": AT_NETBIRD,
    "netbird: /oauth2/logout, POST, id_token_hint": AT_NETBIRD,
    "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird/elsewhere": AT_NETBIRD,
    "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri http://127.0.0.1:9/bye": AT_NETBIRD,
    "netbird: /oauth2/logout, the provider in authentik has no logout redirect": Arrangement(
        PLAIN, both(no_logout_redirect, netbird_tokens)
    ),
    "netbird: /oauth2/logout, the provider's invalidation flow is default-invalidation-flow": Arrangement(
        PLAIN, both(invalidating("flows-netbird"), netbird_tokens)
    ),
    "netbird: /oauth2/logout, twice with the same hint": Arrangement(PLAIN, logged_out),
    "netbird: refresh token": AT_NETBIRD,
    "netbird: login again after the log-out": Arrangement(PLAIN, logged_out),
    "netbird: /oauth2/logout, id_token_hint, another browser": Arrangement(PLAIN, both(netbird_tokens, browser_of())),
    "netbird: logged out of authentik, what NetBird says": AT_NETBIRD,
    "netbird: /oauth2/logout, a person of NetBird's own": Arrangement(before=local_person),
    "netbird: refresh token of a person of NetBird's own, store in SQLite": Arrangement(before=local_tokens),
}
