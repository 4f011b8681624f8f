# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite has the roles set up, the people whom it makes for that, and how it looks whether they can log in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import yaml

from live._servers import CONNECTION, Live, Row, Server
from support import ROOT, Played
from support.modules import call

# Who is in which group of authentik; the others are in one by their name alone, or in none.
MEMBERS = {"staff-developers": ["alice", "bob"], "staff-operators": ["alice"]}
PEOPLE = ("alice", "bob", "carol", "dave")
# The groups of NetBird, and those that people must be in. dave is not let in.
GROUPS = ("developers", "guests", "operators")
EXPECTED = {"alice": ["developers", "operators"], "bob": ["developers"], "carol": ["operators"]}

# What authentik has of what the roles are given.
TOLD = ("name", "slug", "group", "description", "bindings", "entitlements")


@dataclass
class Setup:
    """One of the two set-ups on the servers. A subclass knows its own variables and objects."""

    live: Live
    passwords: dict[str, str] = field(default_factory=lambda: {name: secrets.token_urlsafe(24) for name in PEOPLE})
    peopled: Row = field(default_factory=dict)
    kind = ""
    # The options of a run that leaves NetBird's host alone
    without_host = ()

    def variables(self, **changed: Any) -> Row:
        """What the role is given; ``changed`` without the prefix of the role's variables."""
        name = self.live.name
        values: Row = {
            "name": name(self.kind),
            "slug": name(self.kind),
            "group": "Network",
            "description": "Made by a test",
            "bindings": [{"group": name("staff-developers")}, {"group": name("staff-operators")}, {"user": name("carol")}],
            "entitlements": [
                {"name": name("developers"), "groups": [name("staff-developers")]},
                {"name": name("operators"), "groups": [name("staff-operators")], "users": [name("carol")]},
                {"name": name("guests")},
            ],
        }
        return {**self.connection, **{f"{self.kind}_{key}": value for key, value in {**values, **changed}.items()}}

    def make_people(self) -> None:
        """Make people and groups in authentik, as an administrator would; ``peopled`` is what the servers have then."""
        ak, name = self.live.authentik, self.live.name
        pks = {}
        for person in PEOPLE:
            values = {
                "username": name(person),
                "name": person.title(),
                "email": f"{person}@{self.live.domain}",
                "path": name("people"),
            }
            pks[person] = ak.post("core/users/", {**values, "is_active": True, "groups": []})["pk"]
            ak.post(f"core/users/{pks[person]}/set_password/", {"password": self.passwords[person]})
        for group, members in MEMBERS.items():
            ak.post("core/groups/", {"name": name(group), "users": [pks[person] for person in members]})
        self.peopled = self.live.inventory()

    def short(self, name: str) -> str:
        """A name without the prefix."""
        return name.removeprefix(f"{self.live.prefix}-")

    @property
    def connection(self) -> dict[str, str]:
        """What the roles are given to reach both services."""
        return self.live.connection

    @property
    def options(self) -> tuple[str, ...]:
        """What its playbook is started with."""
        return ()

    # Runs of playbooks

    def play(self, *options: str, **changed: Any) -> Played:
        """A run of the set-up's playbook, with variables of the role changed."""
        return self.live.play(ROOT / f"playbooks/{self.kind}.yml", self.variables(**changed), *self.options, *options)

    def play_verify(self, **variables: Any) -> Played:
        """A run of verify.yml, with alice."""
        person = {"verify_user": self.live.name("alice"), "verify_password": self.passwords["alice"]}
        values = {**self.variables(), **person, "verify_setup": self.kind, **variables}
        return self.live.play(ROOT / "playbooks/verify.yml", values, *self.options)

    def exported(self) -> Row:
        """The role's variables, of those about authentik what the playbook export_setup has written down."""
        file = self.live.folder / f"exported-{self.kind}.yml"
        own = {"export_setup": self.kind, "export_slug": self.live.name(self.kind), "export_file": str(file)}
        written = self.live.play(ROOT / "playbooks/export_setup.yml", {**self.connection, **own}, *self.options)
        assert written.code == 0, written.output
        own_of_netbird = {
            name: value for name, value in self.variables().items() if name.removeprefix(f"{self.kind}_") not in TOLD
        }
        return {**own_of_netbird, **yaml.safe_load(file.read_text())}

    # What there is

    @property
    def ak(self) -> Server:
        return self.live.authentik

    @property
    def nb(self) -> Server:
        return self.live.netbird

    @property
    def application(self) -> Row:
        return self.ak.row("application", self.live.name(self.kind))

    @property
    def provider(self) -> Row:
        return self.ak.row("provider", self.live.name(self.kind))

    @property
    def issuer(self) -> str:
        return f"{self.live.authentik.url}/application/o/{self.live.name(self.kind)}/"

    def user(self, person: str) -> Row:
        return self.ak.row("user", self.live.name(person))

    def group(self, name: str) -> Row:
        return self.ak.row("group", self.live.name(name))

    def mapping(self, scope: str) -> Row:
        """authentik's own mapping of a scope."""
        (row,) = (row for row in self.ak.rows("scope mapping") if row["scope_name"] == scope and row["managed"])
        return row

    def bound_to(self, target: str) -> list[str]:
        """Who is bound to an application's pk, or to an entitlement's id: kind, and name without the prefix."""
        people = {row["pk"]: f"user {self.short(row['username'])}" for row in self.ak.rows("user")}
        groups = {row["pk"]: f"group {self.short(row['name'])}" for row in self.ak.rows("group")}
        rows = [row for row in self.ak.rows("binding") if row["target"] == target]
        return sorted(people.get(row["user"]) or groups.get(row["group"]) or f"policy {row['policy']}" for row in rows)

    def entitlements(self) -> dict[str, list[str]]:
        """Who is bound to each entitlement of the application."""
        rows = self.ak.rows("entitlement", app=self.application["pk"])
        return {self.short(row["name"]): self.bound_to(row["pbm_uuid"]) for row in rows}

    def scopes(self) -> list[str]:
        wanted = self.provider["property_mappings"]
        return sorted(row["scope_name"] for row in self.ak.rows("scope mapping") if row["pk"] in wanted)

    def redirects(self) -> list[Row]:
        """Where logins are sent back to."""
        rows = self.provider["redirect_uris"]
        return [row for row in rows if row.get("redirect_uri_type", "authorization") == "authorization"]

    # What is done to it by hand

    def change_provider(self, **values: Any) -> None:
        self.ak.patch(f"providers/oauth2/{self.provider['pk']}/", values)

    def without_scope(self, scope: str) -> None:
        gone = {row["pk"] for row in self.ak.rows("scope mapping") if row["scope_name"] == scope}
        self.change_provider(property_mappings=[pk for pk in self.provider["property_mappings"] if pk not in gone])

    def unbind(self, **of: Any) -> None:
        """Remove the application's bindings of a group or a user."""
        target = self.application["pk"]
        rows = [row for row in self.ak.rows("binding") if row["target"] == target and of.items() <= row.items()]
        assert rows
        for row in rows:
            self.ak.delete("binding", row)

    # Whether people can log in

    def log_in(self, person: str, **options: Any) -> Row:
        """How a login of one of the people ends, as the module oidc_login says it."""
        given = {"timeout": CONNECTION["timeout"], "username": self.live.name(person), "password": self.passwords[person]}
        result = call("oidc_login", {**given, **self.login_options(), **options})
        assert "login" in result, result["msg"]
        return dict(result["login"])

    def login_options(self) -> Row:
        raise NotImplementedError

    def check(self, login: Row | None, **options: Any) -> list[Row]:
        """The rows of the verification, of the set-up and of a login of alice."""
        discovery = call("oidc_discovery", {"issuer": self.issuer, "timeout": CONNECTION["timeout"]})["discovery"]
        values = {
            **{name: value for name, value in self.connection.items() if value},
            "timeout": CONNECTION["timeout"],
            "setup": self.kind,
            "application": self.live.name(self.kind),
            "issuer": self.issuer,
            "username": self.live.name("alice"),
            "discoveries": [discovery],
            **({"login": login} if login else {}),
        }
        rows: list[Row] = call("netbird_login_check", {**values, **options})["checks"]
        return rows


class Management(Setup):
    """authentik beside NetBird's embedded identity provider."""

    kind = "management"

    def variables(self, **changed: Any) -> Row:
        own = {"connector_name": self.live.name("connector"), "user_approval_required": False}
        return super().variables(**{**own, **changed})

    @property
    def connectors(self) -> list[Row]:
        return [row for row in self.nb.rows("identity provider") if row["name"] == self.live.name("connector")]

    @property
    def connector(self) -> Row:
        (row,) = self.connectors
        return row

    def login_options(self) -> Row:
        return {
            "via": "netbird",
            "netbird_url": self.nb.url,
            "netbird_token": self.nb.token,
            "connector": self.connector["id"],
        }

    def groups_of(self, person: str) -> list[str]:
        """The groups that NetBird has a person in who logs in, as its API shows them to an administrator."""
        login = self.log_in(person)
        assert login["outcome"] == "logged_in", login
        (user,) = (row for row in self.nb.rows("user") if row["id"] == login["user"]["id"])
        known = {row["id"]: row["name"] for row in self.nb.rows("group")}
        return sorted(self.short(known[group]) for group in user["auto_groups"])

    def verify(self, person: str = "alice", **options: Any) -> list[Row]:
        """What verify.yml does and finds, without a playbook."""
        # Without a redirect authentik would store the first one that comes.
        can = self.provider["redirect_uris"] and self.connectors
        login = self.log_in(person, cleanup=True, **options) if can else None
        more = {"connector": self.live.name("connector"), "username": self.live.name(person)}
        if login and login["outcome"] == "callback_failed":
            more["login_at_authentik"] = self.log_in_at_authentik(person, login["request"])
        return self.check(login, **more)

    def log_in_at_authentik(self, person: str, request: Row) -> Row:
        """The same login as NetBird's, at authentik itself and with the secret that authentik holds."""
        client = {"issuer": self.issuer, "client_id": self.provider["client_id"], "client_secret": self.provider["client_secret"]}
        asked = {"redirect_uri": request["redirect_uri"], "scopes": sorted(set(request["scope"].split()))}
        who = {"username": self.live.name(person), "password": self.passwords[person], "timeout": CONNECTION["timeout"]}
        return dict(call("oidc_login", {**client, **asked, **who})["login"])
