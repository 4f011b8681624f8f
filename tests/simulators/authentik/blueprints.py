# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blueprints: what is kept of them, what is refused when one is written, and the objects that they make when applied.

Entries may be of any kind that the API here has, with identifiers and attributes that are plain values. Files of the server's
own, tags such as `!Find` and other states than `present` are not built.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

import yaml

from . import api
from .fields import Field, Invalid, boolean, computed, mapping, stored
from .spec import NotBuilt, Resource, ServerFailure, View, exact
from .state import Row, now, stamp

FAILED = "Failed to validate blueprint"
AT_THE_END = "- Blueprint validation failed"


def _parsed(content: str) -> Row:
    try:
        found = yaml.safe_load(content)
    except yaml.constructor.ConstructorError as error:
        raise NotBuilt(f"a blueprint with tags: {error.problem}") from None
    except yaml.YAMLError as error:
        # The real server does not foresee it (recorded).
        raise ServerFailure(f"a blueprint that is no YAML: {error}") from None
    if not isinstance(found, dict):
        raise NotBuilt("a blueprint that is no document")
    # UNRECORDED: another version than 1, which is also what it has that names none (authentik's source)
    if found.get("version", 1) != 1:
        raise Invalid({"content": [FAILED, "- Invalid blueprint version"]})
    return found


def _resource(entry: Row) -> Resource | None:
    """Return the kind of an entry's model, such as `authentik_core.group`."""
    return next((each for each in api.RESOURCES.values() if each.permission.replace("{}_", "") == entry["model"]), None)


def _existing(resource: Resource, view: View, entry: Row) -> Row | None:
    if entry.get("state", "present") != "present":
        raise NotBuilt(f"an entry of a blueprint in the state {entry['state']}")
    return next(iter(view.state.where(resource.table, **entry["identifiers"])), None)


def _check(view: View, attrs: Row, row: Row | None) -> None:
    """Look through the entries of a content, as they would be applied."""
    merged = {**(row or {}), **attrs}
    if attrs.get("path") and attrs["path"] != (row or {}).get("path"):
        raise Invalid({"path": ["Blueprint file does not exist"]})
    content = attrs.get("content")
    if content:
        logs = [log for entry in _parsed(content).get("entries", []) for log in _complaints(view, entry)]
        if logs:
            raise Invalid({"content": [FAILED, *logs, AT_THE_END]})
    # What the request leaves out does not count, though it is there (recorded).
    if not attrs.get("path") and not content:
        raise Invalid({"non_field_errors": ["Either path or content must be set."]})
    attrs["name"] = merged["name"]


def _complaints(view: View, entry: Row) -> list[str]:
    resource = _resource(entry)
    if resource is None:
        return ["- App or Model does not exist"]
    row = _existing(resource, view, entry)
    sent = {**entry["identifiers"], **entry.get("attrs", {})}
    try:
        api.clean(resource.fields, sent, view.state, row is not None, resource, row)
    except api.Refused as error:
        said = {name: [f"ErrorDetail(string={text!r}, code='invalid')" for text in texts] for name, texts in error.body.items()}
        shown = ", ".join(f"{name!r}: [{', '.join(texts)}]" for name, texts in said.items())
        return [f"- Entry invalid: Serializer errors {{{shown}}}"]
    return []


def _made(_view: View, row: Row) -> None:
    row.update(last_applied_hash="", status="unknown", managed_models=[], metadata={})


def _saved(_view: View, row: Row) -> None:
    row["last_applied"] = stamp(now())


class _Blueprints(Resource):
    """Blueprints, each as a worker has left it by the time that somebody looks."""

    def render(self, view: View, row: Row) -> Row:
        if row.get("due", math.inf) <= time.monotonic():
            _work(view, row)
        return super().render(view, row)


BLUEPRINTS = _Blueprints(
    path="managed/blueprints/",
    table="blueprints",
    model="BlueprintInstance",
    permission="authentik_blueprints.{}_blueprintinstance",
    fields=(
        stored("pk"),
        Field("name", required=True, unique="Blueprint Instance with this name already exists."),
        Field("path", blank=True, default=""),
        Field("context", mapping, default=lambda _state: {}),
        stored("last_applied"),
        stored("last_applied_hash"),
        stored("status"),
        Field("enabled", boolean, default=True),
        stored("managed_models"),
        computed("metadata", lambda _view, row: row["metadata"]),
        Field("content", blank=True, default=""),
    ),
    filters={"name": exact, "path": exact},
    check=_check,
    made=_made,
    saved=_saved,
)
api.RESOURCES[BLUEPRINTS.path] = BLUEPRINTS


def apply(view: View, row: Row) -> None:
    """Have a blueprint applied by a worker, who takes so long as a test says."""
    row["due"] = time.monotonic() + view.state.worker_takes


def _work(view: View, row: Row) -> None:
    """Make what a blueprint says.

    UNRECORDED: one that is off, or that cannot be applied any more (authentik's source)
    """
    del row["due"]
    if not row["enabled"]:
        return
    found = _parsed(row["content"])
    row["metadata"] = (
        {"name": found["metadata"]["name"], "labels": found["metadata"].get("labels", {})} if "metadata" in found else {}
    )
    row["last_applied"] = stamp(now())
    try:
        for entry in found.get("entries", []):
            _apply(view, entry)
    except api.Refused:
        row["status"] = "error"
        return
    row.update(status="successful", last_applied_hash=hashlib.sha512(row["content"].encode()).hexdigest())


def _apply(view: View, entry: Row) -> None:
    resource = _resource(entry)
    assert resource is not None, "it was looked through when it was written"
    row = _existing(resource, view, entry)
    sent: dict[str, Any] = {**entry["identifiers"], **entry.get("attrs", {})}
    if row is None:
        api.create(resource, view.plain(), sent)
    else:
        api.change(resource, View(view.state, view.caller, view.base, partial=True), row, sent)
