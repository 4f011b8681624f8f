# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins that deal with tokens, log-outs, devices or permissions otherwise than recorded: a recorded case catches each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from conformance._endpoints import ARRANGED
from conformance._flows import Stage
from conformance._wrong import Spoil, Wrong, answered, put, stage_of
from simulators.authentik import access, actions, api, challenges, device_code, end_session, oauth, people, rbac, tokens
from simulators.authentik.browser import Visit
from simulators.authentik.spec import View
from simulators.authentik.state import Row, State
from simulators.netbird.grants import Grants
from simulators.netbird.sessions import Sessions

CODE = "token: authorization_code, what is wrong"
THRESHOLD = "token: refresh_token, refresh_token_threshold hours=1"
CREDENTIALS = "token: client_credentials, service account's app password"
REFUSED = "token: client_credentials, refused"
REGISTERED = "end-session: logged in, id_token_hint and a registered post_logout_redirect_uri"
POSTED = "end-session: logged in, POST"
TO_AUTHENTIK = "end-session: the provider's invalidation flow is default-invalidation-flow"
ROLES = "rbac: roles"
OUT = "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird"
USED_UP = {"authorization_code": "codes", "refresh_token": "refresh_tokens"}


def uncached(response: Response) -> Response:
    """Leave out that an answer is not to be kept."""
    del response.headers["cache-control"]
    return response


# Tokens


def asked(kind: str, change: Callable[[State, Row, dict[str, Any]], Any]) -> Spoil:
    """Change what a grant is asked for: the change sees the state, the provider and the form."""
    right = tokens.GRANTS[kind]

    def altered(state: State, provider: Row, secret: str, base: str, form: Any) -> Row:
        change(state, provider, form := dict(form))
        return right(state, provider, secret, base, form)

    return lambda patch: patch.setitem(tokens.GRANTS, kind, altered)


def kept(kind: str) -> Spoil:
    """Let what a grant uses up be used again."""
    right = tokens.GRANTS[kind]

    def altered(state: State, *args: Any) -> Row:
        before = dict(getattr(state, USED_UP[kind]))
        answer = right(state, *args)
        getattr(state, USED_UP[kind]).update(before)
        return answer

    return lambda patch: patch.setitem(tokens.GRANTS, kind, altered)


def burnt(state: State, _provider: Row, form: dict[str, Any]) -> None:
    """Use a code up, whether the rest is right or not."""
    if "code_verifier" not in form:
        state.codes.pop(form.get("code", ""), None)


def refreshing(patch: pytest.MonkeyPatch) -> None:
    """Give a refresh token with everything."""
    right = tokens._issue
    patch.setattr(tokens, "_issue", lambda state, base, grant, refresh: right(state, base, grant, True))


def active_alone(patch: pytest.MonkeyPatch) -> None:
    """Look whether a service account is active."""
    right = tokens._by_app_password

    def altered(state: State, username: str, password: str) -> Row | None:
        found = right(state, username, password)
        return found if found and found["is_active"] else None

    patch.setattr(tokens, "_by_app_password", altered)


def without_nonce(patch: pytest.MonkeyPatch) -> None:
    """Leave the nonce out of an answer."""
    right = oauth.reply
    patch.setattr(oauth, "reply", lambda body, *status: right({k: v for k, v in body.items() if k != "nonce"}, *status))


# Log-out


def beginning(change: Callable[[Visit], Any], *, after: bool = False) -> Spoil:
    """Do something before or after a log-out begins."""
    right = end_session.begin

    def begin(at: Visit, slug: str, form: Any) -> Response:
        if not after:
            change(at)
        answer = right(at, slug, form)
        if after:
            change(at)
        return answer

    return put(end_session, "begin", begin)


def ending(at: Visit) -> None:
    """End authentik's session with the application's."""
    challenges.planned(at)["kinds"].insert(0, "logout")


def all_tokens_gone(at: Visit) -> Any:
    """Take the refresh tokens with the session."""
    at.state.refresh_tokens.clear()
    return end_session.log_out(at)


# Devices


def at_once(patch: pytest.MonkeyPatch) -> None:
    """Let a device in as soon as its code is entered."""
    right = device_code._enter

    def enter(at: Visit, code: str) -> Row | None:
        for row in at.state.device_codes.values():
            if row["user_code"] == code:
                row.update(user=at.session.user, auth_time=at.session.auth_time)
        return right(at, code)

    patch.setattr(device_code, "_enter", enter)


def renewed(state: State, _provider: Row, _form: dict[str, Any]) -> None:
    """Let no device's code expire."""
    for row in state.device_codes.values():
        row["expires"] += 3600


# Permissions


def call(path: str, altered: Callable[[Any, View, str, Any], Any]) -> Spoil:
    """Put another call of the API in the place of the one whose path ends so; it sees the right one."""

    def of(action: actions.Action) -> actions.Action:
        right = action.does
        return action._replace(does=lambda view, key, data: altered(right, view, key, data))

    changed = tuple(of(each) if each.path.endswith(path) else each for each in actions.ACTIONS)
    return put(actions, "ACTIONS", changed)


def of_oneself(right: Any, view: View, key: str, data: Any) -> Any:
    """Refuse to say about others, to whom that is not permitted."""
    if "for_user" in view.query:
        api.allowed(view, "authentik_core.view_user")
    return right(view, key, data)


def silent(right: Any, view: View, key: str, data: Any) -> Any:
    """Say nothing of what policies say."""
    status, body = right(view, key, data)
    return status, body | {"messages": []}


def there(right: Any, view: View, key: str, data: Any) -> Any:
    """Refuse a permission on what does not exist."""
    if data.get("object_pk") and int(data["object_pk"]) not in view.state.users:
        raise api.Refused(404, {"detail": "Not found."})
    return right(view, key, data)


def in_lists(wrong: str) -> Any:
    """Put the error of a query into a list, as those of bodies are."""
    raise api.Refused(400, {"for_user": [wrong]})


def counted(found: Row) -> Row:
    """Count what is shown."""
    return found | {"pagination": found["pagination"] | {"count": len(found["results"])}}


def nobodys(patch: pytest.MonkeyPatch) -> None:
    """Take tokens for nobody's own."""
    patch.setitem(api.RESOURCES, "core/tokens/", dataclasses.replace(people.TOKENS, owner=""))


# NetBird


async def refreshed(self: Grants, _request: Request, form: dict[str, str], _client: str) -> Response:
    """Refresh a token."""
    return self.given(self.state.sessions["refresh"].pop(form["refresh_token"]), "")


async def failing(_self: Grants, _request: Request, _form: dict[str, str], _client: str) -> Response:
    """Fail with a refresh token whatever became of it."""
    return JSONResponse({"error": "invalid_request"}, 500)


WRONG: dict[str, Wrong] = {
    "an error may be cached": Wrong(answered(tokens, "refused", uncached), CODE, "header cache-control"),
    "a refusal uses the code up": Wrong(asked("authorization_code", burnt), CODE, "status"),
    "a code is taken twice": Wrong(
        kept("authorization_code"), "token: authorization_code, good, then the same code again", "status"
    ),
    "any redirect is taken": Wrong(put(tokens, "redirect_allowed", lambda *_args: True), CODE, "$.error"),
    "a code survives the log-out": Wrong(
        put(end_session, "forget", lambda *_args: None),
        "token: authorization_code, person logged out before the exchange",
        "status",
    ),
    "an unknown grant is called that": Wrong(put(tokens, "grants", lambda *_args: True), CODE, "$.error"),
    "a refresh token is taken twice": Wrong(
        kept("refresh_token"), "token: refresh_token, refresh_token_threshold as a new provider has it", "status"
    ),
    "a refresh token is always renewed": Wrong(
        asked("refresh_token", lambda _state, provider, _form: provider.update(refresh_token_threshold="seconds=0")),
        THRESHOLD,
        "status",
    ),
    "a refresh may ask for any scope": Wrong(
        asked("refresh_token", lambda _state, _provider, form: form.pop("scope", None)), THRESHOLD, "status"
    ),
    "an inactive person's tokens stay": Wrong(
        put(people, "_forget", lambda *_args: None), "token: refresh_token of a person who is inactive since", "status"
    ),
    "no scope asked for is all": Wrong(
        asked("client_credentials", lambda _state, _provider, form: form.setdefault("scope", "openid email")),
        CREDENTIALS,
        "$.scope",
    ),
    "an app password gives a refresh token": Wrong(refreshing, CREDENTIALS, "$.refresh_token"),
    "any password is an app password": Wrong(
        put(tokens, "_by_app_password", lambda state, username, _password: state.find("users", username=username)),
        REFUSED,
        "status",
    ),
    "the bindings let everybody in": Wrong(put(access, "passes", lambda *_args: True), REFUSED, "status"),
    "2025.10 refuses an inactive account": Wrong(active_alone, REFUSED, "status", "2025.10"),
    "userinfo names the scheme": Wrong(
        put(oauth, "_unauthorized", lambda code, *_said: Response("", code, {"www-authenticate": "Bearer"})),
        "userinfo",
        "header www-authenticate",
    ),
    "userinfo leaves the nonce out": Wrong(without_nonce, "userinfo", "$.nonce"),
    "introspection asks for no secret": Wrong(put(oauth, "confidential", lambda *_args: None), "introspect", "$.active"),
    "a client may revoke without its secret": Wrong(put(oauth, "confidential", lambda *_args: None), "revoke", "status"),
    "an application's log-out ends authentik's session": Wrong(
        beginning(lambda at: ending(at), after=True), "end-session: logged in, id_token_hint", "status"
    ),
    "a log-out leads to any address": Wrong(
        put(end_session, "_matches", lambda *_args: True),
        "end-session: logged in, post_logout_redirect_uri that is not registered",
        "$.component",
    ),
    "a log-out leads to the login's redirect": Wrong(
        put(end_session, "_matches", lambda _entry, _url: True),
        "end-session: logged in, the login's redirect as post_logout_redirect_uri",
        "$.component",
    ),
    "a log-out never leads back": Wrong(put(end_session, "_way_back", lambda *_args: ""), REGISTERED, "$.component"),
    "a log-out that leads back leaves the access token": Wrong(
        put(end_session, "forget", lambda *_args: None), REGISTERED, "status"
    ),
    "a log-out takes the refresh token": Wrong(stage_of("logout", enter=all_tokens_gone), TO_AUTHENTIK, "status"),
    "a plan does not stop a log-out": Wrong(
        beginning(lambda at: vars(at.session).update(plan=None)),
        "end-session: while another flow is begun in the session",
        "status",
    ),
    "a log-out may be posted from anywhere": Wrong(put(end_session, "_refused", lambda _at: None), POSTED, "status"),
    "2025.10 takes a log-out that is posted": Wrong(put(end_session, "REDIRECTS", "2025.10"), POSTED, "status", "2025.10"),
    "a log-out to a script is no error": Wrong(
        put(end_session, "FORBIDDEN_SCHEMES", ()),
        "end-session: logged in, post_logout_redirect_uri with a forbidden scheme",
        "status",
    ),
    "a log-out leaves the cookie": Wrong(
        stage_of("logout", enter=lambda at: challenges.leads_to(at, "/")),
        "end-session: flow of authentik itself",
        "cookies cleared",
    ),
    "a code that is entered lets the device in": Wrong(at_once, "device: explicit consent", "status"),
    "the last page does not let the device in": Wrong(
        stage_of("device_finish", show=lambda _at: {}), "device: good, not logged in before", "status"
    ),
    "a wrong code is an error of the field": Wrong(
        stage_of("device", take=lambda _at, _sent: challenges.wrong("code", "Invalid code")),
        "device: code typed in: wrong, then right",
        "$.component",
    ),
    "a device's code does not expire": Wrong(asked(tokens.DEVICE_GRANT, renewed), "device: expired", "$.error"),
    "devices are not throttled": Wrong(
        put(device_code, "AN_HOUR", 100), "device: more than 20 begun within an hour from one address", "status"
    ),
    "a brand without a flow shows the page": Wrong(
        put(device_code, "brand_flow", lambda *_args: "flows-device"), "device: the brand has no device code flow", "status"
    ),
    "check_access refuses to say about others": Wrong(
        call("check_access/", of_oneself), "check_access: as a user with view_application only", "status"
    ),
    "check_access wants a token": Wrong(put(actions, "anybody", lambda _path: False), "check_access: without a token", "status"),
    "check_access shows no messages": Wrong(call("check_access/", silent), "check_access: as the superuser", "$.messages.length"),
    "the error of a query is a list": Wrong(
        put(actions, "_for_user", lambda _view, wrong: in_lists(wrong)), "check_access: as the superuser", "$.for_user"
    ),
    "a preview of others takes one permission": Wrong(
        put(actions, "may", lambda *_args: True), "preview_user: as others", "status"
    ),
    "a permission on nothing is refused": Wrong(call("/assign/", there), ROLES, "status"),
    "an unknown permission is taken": Wrong(
        put(rbac, "CATALOGUE", rbac.CATALOGUE | {"authentik_core.no_such_permission"}), ROLES, "status"
    ),
    "an error inside the server is a 500": Wrong(
        put(api, "failed", lambda _method: api.page(500, "Server Error")), ROLES, "status"
    ),
    "a permission on one object shows none": Wrong(put(State, "objects_of", lambda *_args: set()), ROLES, "status"),
    "a page counts what it shows": Wrong(
        answered(api, "paginated", counted), "users: with authentik_core.view_user only", "$.pagination.count"
    ),
    "one's own tokens are not listed": Wrong(nobodys, "users: as a plain user", "status"),
    "NetBird does not go by authentik": Wrong(put(Sessions, "_upstream", lambda _self, _session: ""), OUT, "status"),
    "NetBird's refresh token survives the log-out": Wrong(put(Grants, "for_refresh", failing), OUT, "status"),
    "NetBird refreshes a token": Wrong(put(Grants, "for_refresh", refreshed), "netbird: refresh token", "status"),
    "NetBird refreshes a local person's token": Wrong(
        put(Grants, "for_refresh", refreshed),
        "netbird: refresh token of a person of NetBird's own, store in SQLite",
        "answer",
    ),
    "NetBird knows nobody again": Wrong(
        put(Sessions, "session", lambda _self, _request: None), "netbird: login again after the log-out", "status", "2025.10"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_stand_in_is_caught(monkeypatch: pytest.MonkeyPatch, stage: Callable[[str], Stage], name: str) -> None:
    """Replaying the named case finds the difference where it is."""
    wrong = WRONG[name]
    wrong.spoil(monkeypatch)
    assert wrong.place in {mismatch.path for mismatch in stage(wrong.version).play(wrong.case, ARRANGED)}
