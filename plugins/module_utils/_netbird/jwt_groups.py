# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's groups that come from tokens, made before anybody has logged in.

PRIVATE to this collection. NetBird makes such a group (C(issued: jwt)) only when a token names it, and keeps it (measured). So a
temporary person logs in who has the entitlements of these names. In both services that person is known by a mark: what an
interrupted run leaves, the next one finds and removes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import BINDING
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.people import let_in, names_in
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, difference
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Endpoint,
    Field,
    Resource,
    Unknown,
    view,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Person
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Tls
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import (
    STANDALONE_SCOPES,
    Client,
    dashboard,
    log_in,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN, OUTCOMES

# What nobody else's username and address look like: 128 random bits, in a domain that cannot exist (RFC 2606).
MARK = "netbird-jwt-groups"
ADDRESS = re.compile(rf"{MARK}-[0-9a-f]{{32}}@{MARK}\.invalid")
# A token with more names could outgrow the 8 KB that a proxy lets a header have.
NAMES_AT_ONCE = 100
WRITES_AT_ONCE = 4
# The second login is for a person who had to be approved, and for an answer that was lost.
LOGINS = 2

GROUP = Resource(kind="group", path="groups", id="id", ref="id", fields=(Field("name"), Field("issued")))
TEMPORARY = "the temporary person"
PERSON = Resource(
    kind="user",
    path="core/users/",
    label="username",
    identity=("username",),
    filter="username",
    fields=(
        Field("username"),
        Field("name"),
        Field("email"),
        Field("path"),
        Field(
            "password", secret=True, readable=False, in_body=False, endpoint=Endpoint("core/users/{pk}/set_password/", "password")
        ),
    ),
)
NETBIRD_USER = Resource(kind="user", path="users", id="id", ref="id", identity=("id",), fields=(Field("email"),))


Removals = list[tuple[Service, Operation]]


@dataclass(frozen=True)
class Way:
    """What a login takes.

    ``targets`` are the ids of the application's entitlements, by name, to which bindings are made; ``allowed`` are the
    entitlements of which NetBird's C(jwt_allow_groups) wants one (none: everybody may come); ``claim`` is the one that NetBird
    reads, ``client`` whom the person logs in for.
    """

    application: Row
    targets: Mapping[str, str]
    allowed: Sequence[str]
    claim: str
    client: Client


class JwtGroups:
    """The groups of one application's entitlements in one NetBird."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._slug = context.params["application"]
        self._path = f"{MARK}/{self._slug}"
        self._authentik, self._netbird = Authentik(context), Netbird(context)

    def ensure(self) -> dict[str, Any]:
        """All groups that the option C(groups) names, and nobody temporary."""
        names = list(dict.fromkeys(self._context.params["groups"]))
        rows = self._netbird.all_rows(GROUP.path)
        groups = _from_tokens(rows)
        missing = [name for name in names if name not in groups]
        leftovers = self._temporary()
        way = self._way(missing, rows) if missing else None
        if not self._context.check_mode:
            self._remove(leftovers)
        if way is not None:
            for start in range(0, len(missing), NAMES_AT_ONCE):
                groups = self._make(way, missing[start : start + NAMES_AT_ONCE])
        creations = [Operation("create", GROUP, GROUP.named(name), {"name": name, "issued": "jwt"}) for name in missing]
        operations = [*(operation for _service, operation in leftovers), *creations]
        return {
            "changed": bool(operations),
            "diff": difference(operations, self._authentik.name_of),
            "groups": [view(GROUP, groups.get(name, {"name": name, "issued": "jwt"})) for name in names],
        }

    def _temporary(self) -> Removals:
        """The removals of all temporary people of this application, as they are now.

        In authentik first: NetBird would otherwise delete them there itself, and answers 500 where its service account may not
        (measured). A user whom authentik does not know any more it deletes like any other (its source, deleteRegularUser).
        """
        people = [
            row
            for row in self._authentik.fresh_rows(PERSON.path, {"path": self._path, "include_groups": "false"})
            if row["path"] == self._path and row["email"] == _address(row["username"]) and _is_marked(row["email"])
        ]
        users = [row for row in self._netbird.fresh_rows(NETBIRD_USER.path) if _is_marked(row["email"])]
        return [
            *((self._authentik, Operation("delete", PERSON, f"{TEMPORARY} in authentik", current=row)) for row in people),
            *((self._netbird, Operation("delete", NETBIRD_USER, f"{TEMPORARY} in NetBird", current=row)) for row in users),
        ]

    # What has to be right before the first write

    def _way(self, missing: Sequence[str], rows: Iterable[Row]) -> Way | None:
        """What the login takes; None in check mode, where earlier tasks may be about to make it."""
        there = {row["name"] for row in rows}
        made_otherwise = sorted(there & set(missing))
        if made_otherwise:
            raise Failure(
                f"NetBird has groups {_listed(made_otherwise)} that its API made, and not a token: nobody who logs in is ever "
                "put into such a group. Rename or delete it in NetBird, and run again. Nothing was changed."
            )
        account = self._netbird.account()
        if account.get("domain") == "":
            raise Failure(
                "NetBird's account has no domain, as one that was set up with create_pat: whoever logs in becomes the owner of "
                "an account of their own. netbird_login_check says how to mend that. Nothing was changed."
            )
        settings = account["settings"]
        claim = settings["jwt_groups_claim_name"]
        self._require(settings["jwt_groups_enabled"] and claim, "NetBird reads no groups from tokens, its group sync is off")
        embedded = settings.get("embedded_idp_enabled")
        connector = self._netbird.id_of("connector", self._context.params["connector"]) if embedded else None
        application = self._authentik.named_rows({"application": [self._slug]})["application"].get(self._slug)
        if application is None:
            return None
        self._require(application["provider"], f"The application {self._slug!r} has no provider, so nobody gets tokens from it")
        entitlements = self._authentik.all_rows("core/application_entitlements/", {"app": application["pk"]})
        targets = {row["name"]: row["pbm_uuid"] for row in entitlements if row["app"] == application["pk"]}
        unknown = [name for name in missing if name not in targets]
        self._require(not unknown, f"The application {self._slug!r} has no entitlements {_listed(unknown)} for tokens to name")
        let_in_only = settings["jwt_allow_groups"] or []
        # Rather one whose group is there already than one that would be made, too.
        allowed = sorted(set(let_in_only) & set(targets), key=lambda name: (name not in there, name))
        self._require(
            allowed or not let_in_only,
            f"NetBird's jwt_allow_groups lets in only who is in {_listed(let_in_only)}, and no entitlement has such a name",
        )
        if self._context.check_mode:
            return None
        return Way(application, targets, allowed, claim, self._client(application, connector))

    def _require(self, holds: Any, message: str) -> None:
        if holds:
            return
        if not self._context.check_mode:
            raise Failure(f"{message}. Nothing was changed.")
        self._context.warn(f"{message}; a run without check mode needs that.")

    def _client(self, application: Row, connector: str | None) -> Client:
        """NetBird's dashboard, or where authentik is in place of the embedded provider NetBird's client there."""
        if connector:
            return dashboard(self._netbird.redirect_urls()[0].removesuffix("/oauth2/callback"), connector)
        provider = self._authentik.get(f"providers/oauth2/{application['provider']}/")
        issuer = self._context.params["issuer"] or f"{self._authentik.origin}/application/o/{self._slug}/"
        return Client(issuer, provider["client_id"], self._context.params["redirect_uri"], STANDALONE_SCOPES)

    # The login

    def _make(self, way: Way, names: Sequence[str]) -> dict[str, Row]:
        """Have NetBird make these groups; all that came from tokens by now."""
        try:
            return self._log_in(way, self._person(way, names), names)
        except Failure as failure:
            failure.args = (f"{failure} What was temporary was removed again.",)
            raise
        finally:
            self._tidy()

    def _person(self, way: Way, names: Sequence[str]) -> Person:
        """A temporary person who has these entitlements, and whom the application and NetBird let in."""
        person = Person(f"{MARK}-{secrets.token_hex(16)}", secrets.token_urlsafe(32))
        self._context.secrets.add(person.password)
        creation = _creation(
            PERSON,
            TEMPORARY,
            username=person.username,
            name=f"Temporary, for NetBird's groups of {self._slug}",
            email=_address(person.username),
            path=self._path,
            password=person.password,
        )
        more = way.allowed[:1] if not set(way.allowed) & set(names) else []
        bindings = [_binding(way.targets[name], Unknown(TEMPORARY, creation)) for name in (*names, *more)]
        user = apply(self._authentik, [creation, *bindings], concurrency=WRITES_AT_ONCE)[creation]
        if not let_in(self._authentik, way.application, user):
            # In the mode "all" a binding of one person keeps everybody else out.
            if way.application["policy_engine_mode"] != "any":
                raise Failure(
                    f"The application {self._slug!r} does not let {TEMPORARY} in, and its policy_engine_mode all leaves no way "
                    f"to. Let its policies pass for users of the path {self._path}, or use the mode any."
                )
            apply(self._authentik, [_binding(way.application["pk"], user["pk"])])
        return person

    def _log_in(self, way: Way, person: Person, names: Sequence[str]) -> dict[str, Row]:
        """Log in until the groups are there: NetBird makes them at the person's first request."""
        for _login in range(LOGINS):
            login = log_in(Tls(**self._context.connection), way.client, person, self._context.params["netbird_url"])
            groups = _from_tokens(self._netbird.fresh_rows(GROUP.path))
            missing = [name for name in names if name not in groups]
            if not missing:
                return groups
            if login.outcome == "user_blocked":
                self._netbird.write("POST", f"users/{login.access_claims['sub']}/approve", None)
        if login.outcome != LOGGED_IN:
            said = f"The login of {TEMPORARY} ended: {OUTCOMES[login.outcome]} ({login.where}: {login.said})."
        else:
            held = _listed(names_in(login.access_claims, way.claim)) or "nothing"
            said = f"The login worked, but NetBird did not make {_listed(missing)}: its claim {way.claim} held {held}."
        raise Failure(f"{said} netbird_login_check says which setting it is.")

    # The end

    def _tidy(self) -> None:
        try:
            self._remove(self._temporary())
        except Failure as failure:
            failure.args = (f"{failure} {TEMPORARY.capitalize()} may still be there; the next run removes what is left.",)
            raise

    def _remove(self, removals: Removals) -> None:
        for service, operation in removals:
            apply(service, [operation])


def _creation(resource: Resource, label: str, **values: Any) -> Operation:
    return Operation("create", resource, label, values, frozenset(values))


def _binding(target: str, user: Any) -> Operation:
    return _creation(BINDING, f"a binding of {TEMPORARY}", target=target, user=user, order=0)


def _from_tokens(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["name"]: row for row in rows if row["issued"] == "jwt"}


def _address(username: str) -> str:
    return f"{username}@{MARK}.invalid"


def _is_marked(address: str | None) -> bool:
    return ADDRESS.fullmatch(address or "") is not None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
