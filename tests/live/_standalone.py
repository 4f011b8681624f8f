# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik in place of NetBird's embedded provider, with a folder of a NetBird host and, where given, its management server."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import STANDALONE_SCOPES
from live._servers import CONNECTION, Row, Server, connect_netbird
from live._setup import Setup
from support.browser import tokens_of
from support.modules import call


@dataclass
class Standalone(Setup):
    """The set-up; ``server`` is the management server behind it, once its first person has become the owner."""

    kind = "standalone"
    without_host = ("--skip-tags", "standalone_environment")
    server: Server | None = None

    @property
    def public_url(self) -> str:
        """Where people would find NetBird. Nothing listens there."""
        return f"https://netbird.{self.live.domain}"

    @property
    def connection(self) -> dict[str, str]:
        server = {"netbird_url": self.server.url, "netbird_token": self.server.token} if self.server else {}
        # Without a token nobody asks NetBird.
        return {**self.live.connection, "netbird_url": self.public_url, "netbird_token": "", **server}

    @property
    def host(self) -> Path:
        """What is NetBird's folder on its host, a copy of its own C(infrastructure_files) where these were given."""
        folder = self.live.folder / "host"
        if not folder.exists():
            if self.live.infrastructure_files:
                shutil.copytree(self.live.infrastructure_files, folder, ignore=shutil.ignore_patterns("artifacts", "setup.env"))
            else:
                folder.mkdir()
        return folder

    @property
    def environment_file(self) -> Path:
        return self.host / "setup.env"

    def variables(self, **changed: Any) -> Row:
        name = self.live.name
        own = {
            "netbird_url": self.public_url,
            "service_account": name("netbird"),
            "app_password_identifier": name("app-password"),
            "device_code_flow": name("device-code"),
            # Nothing of a test is an administrator of somebody's authentik.
            "service_account_access": "least",
        }
        settings = {
            "NETBIRD_DOMAIN": f"netbird.{self.live.domain}",
            "NETBIRD_DISABLE_LETSENCRYPT": True,
            # It would be asked for on the internet.
            "NETBIRD_TURN_EXTERNAL_IP": "127.0.0.1",
        }
        return {
            **super().variables(**{**own, **changed}),
            "ansible_python_interpreter": sys.executable,
            "environment_mode": "configure_sh" if self.live.infrastructure_files else "env_file",
            "environment_directory": str(self.host),
            "environment_file": str(self.environment_file),
            "environment_behind_reverse_proxy": True,
            "environment_settings": settings,
            "verify_environment_file": str(self.environment_file),
            "verify_environment_format": "shell" if self.live.infrastructure_files else "env_file",
        }

    @property
    def options(self) -> tuple[str, ...]:
        path = self.live.folder / "hosts"
        path.write_text("[netbird]\nhost ansible_connection=local\n")
        return "-i", str(path)

    # What the host was told

    def environment(self) -> dict[str, str]:
        """What C(setup.env) says."""
        return dict(line.split("=", 1) for line in shlex.split(self.environment_file.read_text(), comments=True))

    def management_json(self) -> Row:
        document: Row = json.loads((self.host / "artifacts/management.json").read_text())
        return document

    # Whether people can log in

    def login_options(self) -> Row:
        api = {"netbird_url": self.server.url, "netbird_token": self.server.token} if self.server else {}
        client = {"issuer": self.issuer, "client_id": self.provider["client_id"]}
        return {**client, "post_logout_redirect_uri": f"{self.public_url}/", **api}

    def let_device_in(self, person: str) -> Row:
        """How it ends when one of the people lets in a device that shows a code."""
        options = {"grant": "device_code", "issuer": self.issuer, "client_id": self.provider["client_id"]}
        who = {"username": self.live.name(person), "password": self.passwords[person]}
        return dict(call("oidc_login", {**options, **who, "timeout": CONNECTION["timeout"]})["login"])

    def become_owner(self, url: str, person: str) -> None:
        """Let a person be the first to log in at a new server, and go on with a token that they make for themselves.

        It stays good whatever is broken at authentik.
        """
        redirect = f"{self.public_url}/auth"
        client_id, username = self.provider["client_id"], self.live.name(person)
        tokens = tokens_of(self.ak.url, client_id, redirect, username, self.passwords[person])
        server = connect_netbird(url, tokens["access_token"])
        (user,) = server.rows("user")
        assert (user["role"], user["email"]) == ("owner", f"{person}@{self.live.domain}")
        token = server.post(f"users/{user['id']}/tokens", {"name": self.live.name("token"), "expires_in": 1})
        self.server = connect_netbird(url, token["plain_token"])

    def groups_of(self, person: str) -> list[str]:
        """The groups that the management server has a person in who logs in, as its API shows them to the owner."""
        assert self.server is not None
        login = self.log_in(person)
        assert login["outcome"] == "logged_in", login
        (user,) = (row for row in self.server.rows("user") if row["id"] == str(self.user(person)["pk"]))
        known = {row["id"]: row["name"] for row in self.server.rows("group")}
        return sorted(self.short(known[group]) for group in user["auto_groups"])

    def verify(self, person: str = "alice", device: bool = False, **options: Any) -> list[Row]:
        """What verify.yml does and finds, without a playbook; a device is let in on request, of which authentik rations codes."""
        environment = self.environment()
        password = environment.pop("NETBIRD_IDP_MGMT_EXTRA_PASSWORD")
        scopes = environment.get("NETBIRD_AUTH_SUPPORTED_SCOPES", STANDALONE_SCOPES).split()
        # Without a redirect authentik would store the first one that comes.
        login = self.log_in(person, scopes=scopes, **options) if self.provider["redirect_uris"] else None
        return self.check(
            login,
            **({"device_login": self.let_device_in(person)} if device else {}),
            username=self.live.name(person),
            netbird_public_url=self.public_url,
            service_account=self.live.name("netbird"),
            app_password=password,
            environment=environment,
        )
