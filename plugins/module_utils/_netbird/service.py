# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about NetBird's API (measured on 0.77.1): whole lists, whole objects, no trailing slash.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service, list_key
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, has_path
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.account import ACCOUNT_SETTINGS, EMBEDDED_IDP
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import KINDS, REFERENCES

# What there is one of is answered as it is, and not in a list.
SINGLE = {resource.path for resource in KINDS.values() if not resource.id}
# What lies within others: where these are, the list of all that lie within any, and the key by which each of these names its own.
# Zones have their records in themselves.
GATHERED = {
    "networks/{network}/resources": ("networks", "networks/resources", "resources"),
    "networks/{network}/routers": ("networks", "networks/routers", "routers"),
    "dns/zones/{zone}/records": ("dns/zones", "", "records"),
}


def of_a_login(token: str) -> bool:
    """Whether a token is one that a login gave (three parts), and no personal access token."""
    return token.count(".") == 2


class Netbird(Service):
    """One NetBird management server during one task."""

    name = "NetBird"
    option = "netbird"
    references = REFERENCES
    always = "groups"

    def __init__(self, context: Context) -> None:
        token = context.params["netbird_token"]
        if not token.strip():
            raise Failure("netbird_token is empty. Create a personal access token of an administrator in NetBird.")
        # The dashboard's own access token is as good as a personal access token.
        scheme = "Bearer" if of_a_login(token) else "Token"
        super().__init__(
            Client(
                context.params["netbird_url"],
                f"{scheme} {token}",
                service=self.name,
                option=self.option,
                **context.connection,
            ),
            check_mode=context.check_mode,
            warn=context.warn,
        )

    def prefix(self, path: str) -> str:
        return f"/api/{path}"

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        rows = self.get(path, params)
        if path in SINGLE:
            rows = [rows]
        # No rows are null in some lists.
        rows = [] if rows is None else rows
        if not isinstance(rows, list):
            raise Failure(f"{self._client.url} does not answer as NetBird does. Check netbird_url.")
        yield rows, 0

    def url(self, resource: Resource, row: Row) -> str:
        path = resource.path.format(**row)
        return f"{path}/{row[resource.id]}" if resource.id else path

    def supports(self, resource: Resource, field: Field, row: Row | None) -> bool:
        # A setting of the account that a version lacks is not among those that it lists; there is no other sign of it. Rows of
        # other kinds leave out what is empty.
        return resource is not ACCOUNT_SETTINGS or row is None or has_path(row, field.path)

    def gone(self, error: ApiError) -> bool:
        # Of a group that is not there the server says so with another status (measured).
        return super().gone(error) or (error.status == 400 and error.detail.endswith(" not found"))

    def gather(self, resource: Resource) -> None:
        if resource.path not in GATHERED:
            return
        holders, everything, key = GATHERED[resource.path]
        rows = {row["id"]: row for row in self.all_rows(everything)} if everything else {}
        (parent,) = resource.parents
        for holder in self.all_rows(holders):
            own = [rows[each] if everything else each for each in holder[key] or [] if not everything or each in rows]
            self._lists.setdefault(list_key(resource.path.format(**{parent: holder["id"]}), {}), own)

    @property
    def version(self) -> str:
        """The server's version, such as C(0.77.1) (C(GET /api/instance/version), since 0.64.2: older ones do not tell it)."""
        try:
            return str(self.get("instance/version")["management_current_version"])
        except ApiError as error:
            if error.status != 404:
                raise
            return ""

    def account(self) -> Row:
        """The account that the token belongs to, with its settings (C(GET /api/accounts))."""
        return self.all_rows("accounts")[0]

    @property
    def embedded(self) -> bool | None:
        """Whether the server has its embedded identity provider; None where its version does not know of one."""
        found: bool | None = self.account()["settings"].get(EMBEDDED_IDP)
        return found

    def redirect_urls(self) -> tuple[str, str]:
        """Where the embedded provider wants people sent back to, after a login and after a log-out.

        No endpoint tells them; they are the embedded provider's issuer and C(/callback) or C(/logout/callback) (measured).
        """
        issuer = self._client.request("GET", "/oauth2/.well-known/openid-configuration")["issuer"]
        return f"{issuer}/callback", f"{issuer}/logout/callback"
