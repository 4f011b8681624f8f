# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about authentik's API (measured on 2025.10 and 2026.5): pages, references, versions.

PRIVATE to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.permissions import hint
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service, list_key
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, get_path, has_path

# 2026.5 and later cap larger pages at this without a word.
PAGE_SIZE = 100
# What Django REST framework says of a field, and Django of a filter, with the id of nothing.
GONE = ("object does not exist", "not one of the available choices")

REFERENCES: dict[str, Resource] = {
    "flow": Resource("flow", "flows/instances/", by=("slug",), filter="slug"),
    "certificate": Resource("certificate-key pair", "crypto/certificatekeypairs/", params={"has_key": "true"}),
    # A scope name means authentik's own mapping for that scope, whatever other mappings there are for it.
    "scope_mapping": Resource(
        "scope mapping",
        "propertymappings/provider/scope/",
        by=("managed", "name", "scope_name"),
        prefer=lambda row: row["managed"],
        built_in={"entitlements": "2024.12"},
    ),
    "provider": Resource("OAuth2/OpenID provider", "providers/oauth2/", filter="name"),
    "application": Resource(
        "application", "core/applications/", by=("slug",), filter="slug", params={"superuser_full_list": "true"}
    ),
    "group": Resource("group", "core/groups/", filter="name", params={"include_users": "false"}),
    "user": Resource("user", "core/users/", by=("username",), filter="username", params={"include_groups": "false"}),
    "policy": Resource("policy", "policies/all/", filter="search"),
    "role": Resource("role", "rbac/roles/"),
    "brand": Resource("brand", "core/brands/", by=("domain",), ref="brand_uuid"),
    "token": Resource("token", "core/tokens/", by=("identifier",), filter="identifier"),
}
# Whose rows can be handed on: a task finds them by the filter that is their name, and none holds a secret.
WITH_ROWS = ("application", "flow", "group", "token", "user")


class Authentik(Service):
    """One authentik server during one task."""

    name = "authentik"
    option = "authentik"
    arguments: Mapping[str, dict[str, Any]] = {
        "known_ids": {"type": "dict", "default": {}},
        "known_objects": {"type": "dict", "default": {}},
    }
    references = REFERENCES
    always = "core/applications/"

    def __init__(self, context: Context) -> None:
        token = context.params["authentik_token"]
        if not token.strip():
            raise Failure("authentik_token is empty. Create an API token of an administrator in authentik.")
        super().__init__(
            Client(
                context.params["authentik_url"],
                f"Bearer {token}",
                service=self.name,
                option=self.option,
                **context.connection,
            ),
            check_mode=context.check_mode,
            warn=context.warn,
        )
        self.origin = self._client.url
        self._handed_on = _checked_ids(context.params.get("known_ids") or {})
        for kind, row in _checked_rows(context.params.get("known_objects") or {}):
            where = REFERENCES[kind]
            name = row[where.filter]
            self._handed_on.append((kind, name, row[where.ref]))
            self._lists.setdefault(list_key(where.path, {**(where.params or {}), where.filter: name}), []).append(row)
        for kind, name, value in self._handed_on:
            self.learn(kind, name, value)
        self._version = ""
        self._told: dict[str, Mapping[str, Any]] = {}
        self._own_user: int | None = None

    def prefix(self, path: str) -> str:
        return f"/api/v3/{path}"

    def request(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        try:
            return super().request(method, path, params=params, body=body)
        except ApiError as error:
            if said := hint(error):
                error.args = (f"{error} {said}",)
            gone = _ids_of_nothing(error, {**(params or {}), **(body or {})})
            labels = [
                f"{REFERENCES[kind].kind} {name!r}"
                for kind, name, value in self._handed_on
                if value in gone or (error.status == 404 and path in _addresses(kind, name, value))
            ]
            if labels:
                looked_up = f"An earlier task looked up {' and '.join(dict.fromkeys(labels))}"
                error.args = (f"{error} {looked_up}: if that was removed or made anew since then, run again.",)
            raise

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        page = 1
        while page:
            answer = self.get(path, {**params, "page_size": PAGE_SIZE, "page": page})
            if not isinstance(answer, Mapping) or "results" not in answer:
                raise Failure(f"{self.origin} does not answer as authentik does. Check authentik_url.")
            yield answer["results"], answer["pagination"]["total_pages"] - page
            page = answer["pagination"]["next"]

    def url(self, resource: Resource, row: Row) -> str:
        return f"{resource.path}{quote(str(row[resource.id]), safe='')}/"

    def kept(self, value: str) -> str:
        # Django REST framework does so with every text (measured).
        return value.strip()

    @property
    def version(self) -> str:
        """The server's version, such as C(2026.5.0-rc1) (C(GET /admin/version/), administrators only)."""
        if not self._version:
            self._version = self.get("admin/version/")["version_current"]
        return self._version

    @property
    def own_user(self) -> int:
        """The id of the user whose token this is (C(GET /core/users/me/))."""
        if self._own_user is None:
            self._own_user = int(self.get("core/users/me/")["user"]["pk"])
        return self._own_user

    def supports(self, resource: Resource, field: Field, row: Row | None) -> bool:
        # Release candidates, forks and back-ports have settings that their number does not tell of, so nobody asks for it.
        if not field.since:
            return True
        if row is not None:
            return has_path(row, field.path)
        # Where the server does not tell, the setting is sent: others ignore it, and the answer is looked at.
        return self.takes(resource, field.path) is not False

    def takes(self, resource: Resource, path: str) -> bool | None:
        """Whether a new object may be given a setting, by its path in the answer to C(OPTIONS); None where that is not told."""
        known = self._settings(resource)
        return has_path(known, path) if known else None

    def _settings(self, resource: Resource) -> Mapping[str, Any]:
        """What a new object may be given, by the API's names; nothing where the server, or what is before it, does not tell.

        C(OPTIONS) of a collection is answered by Django REST framework itself, from the serializer that a POST meets.
        """
        if resource.path not in self._told:
            try:
                answer = self.request("OPTIONS", resource.path)
            except ApiError:
                answer = {}
            self._told[resource.path] = get_path(answer, "actions.POST") or {}
        return self._told[resource.path]


def _checked_ids(known_ids: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """The option C(known_ids) as (kind, name, id)."""
    _refuse_kinds("known_ids", known_ids, sorted(REFERENCES))
    for kind, ids in known_ids.items():
        if not isinstance(ids, Mapping) or not all(ids.values()):
            raise Failure(f"known_ids: {kind} has to map names to ids.")
    return [(kind, name, value) for kind, ids in known_ids.items() for name, value in ids.items()]


def _checked_rows(known_objects: Mapping[str, Any]) -> list[tuple[str, Row]]:
    """The option C(known_objects) as (kind, row)."""
    _refuse_kinds("known_objects", known_objects, WITH_ROWS)
    for kind, rows in known_objects.items():
        keys = (REFERENCES[kind].filter, REFERENCES[kind].ref)
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) and all(map(row.get, keys)) for row in rows):
            raise Failure(f"known_objects: {kind} has to be a list of objects as authentik_info returns them.")
    return [(kind, row) for kind, rows in known_objects.items() for row in rows]


def _refuse_kinds(option: str, given: Iterable[str], kinds: Sequence[str]) -> None:
    unknown = sorted(set(given) - set(kinds))
    if unknown:
        raise Failure(f"{option}: there is no kind {', '.join(unknown)}. The kinds are {', '.join(kinds)}.")


def _addresses(kind: str, name: str, value: Any) -> list[str]:
    """Where an object may be: some are addressed by their name."""
    return [f"{REFERENCES[kind].path}{part}/" for part in (name, value)]


def _ids_of_nothing(error: ApiError, sent: Mapping[str, Any]) -> list[Any]:
    """What was sent that authentik refuses as the id of nothing; of a list it names the one."""
    if error.method == "POST" and error.status == 404:
        # A member who does not exist is simply not found (measured).
        return list(sent.values())
    found = []
    for field, texts in error.fields.items():
        said = " ".join(text for text in texts if any(words in text for words in GONE))
        value = sent.get(field)
        if isinstance(value, list):
            found += [each for each in value if str(each) in said]
        elif said:
            found.append(value)
    return found


def release(version: str) -> tuple[int, ...]:
    """A version as a number to compare: a release candidate comes before its release."""
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if numbers is None:
        raise Failure(f"authentik names its version {version!r}, which is not understood.")
    return (*(int(number or 0) for number in numbers.groups()), 0 if "rc" in version else 1)
