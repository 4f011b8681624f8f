# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST API: lists, pages, creates, changes and deletes whatever the tables of resources describe."""

from __future__ import annotations

import json
import operator
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from .apps import APPLICATION_RESOURCES
from .devices import DEVICE_RESOURCES
from .events import EVENTS
from .fields import REQUIRED, Field, Invalid
from .people import PEOPLE_RESOURCES
from .policies import POLICY_RESOURCES
from .spec import Filter, Resource, ServerFailure, View
from .state import Row, State, new_id, now

_ALL = (*PEOPLE_RESOURCES, *APPLICATION_RESOURCES, *POLICY_RESOURCES, *DEVICE_RESOURCES, EVENTS)
RESOURCES = {resource.path: resource for resource in _ALL}
VERBS = {"GET": "view", "POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}
MAX_PAGE = 100  # since 2026.5; before that a page is as long as it is asked to be
PAGE = "<!DOCTYPE html>\n<html><head><title>{}</title></head><body>{}</body></html>"
LIST_ALLOW = "GET, POST, HEAD, OPTIONS"
DETAIL_ALLOW = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: Any, allow: str = LIST_ALLOW) -> None:
        super().__init__(status, body)
        self.status, self.body, self.allow = status, body, allow


def page(status: int, heading: str, *paragraphs: str, title: str = "authentik", home: bool = True) -> Response:
    """Make one of authentik's HTML pages."""
    parts = [f"<h1>{heading}</h1>", *(f"<p>{escape(each)}</p>" for each in paragraphs)]
    parts += ["<a href='/'>Go home</a>"] if home else []
    return HTMLResponse(PAGE.format(title, "".join([*parts, "<footer>Powered by authentik</footer>"])), status)


def failed(method: str) -> Response:
    """Answer as the server does when it fails: its error page takes GET only, so any other method is told 405."""
    if method in ("GET", "HEAD"):
        return page(500, "Server Error")
    return HTMLResponse("", 405, {"allow": "GET, HEAD, OPTIONS"})


def answer(state: State, status: int, body: Any, allow: str) -> Response:
    """Make a JSON answer; the releases write the content type differently."""
    if status == 204:
        return Response(status_code=204, headers={"allow": allow})
    content_type = "application/json" if state.at_least("2026.5") else "application/json; charset=utf-8"
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    response = Response(text.encode(), status, {"allow": allow})
    response.headers["content-type"] = content_type
    return response


def authenticate(state: State, header: str) -> Row:
    """Return the user of an API token, or of an access token that has the API scope."""
    if not header:
        raise Refused(403, {"detail": "Authentication credentials were not provided."})
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        # UNRECORDED: another scheme than Bearer (the source of Django REST framework)
        raise Refused(403, {"detail": "Authentication credentials were not provided."})
    found = state.find("tokens", key=key, intent="api")
    issued = state.access_tokens.get(key)
    user = None
    if found and not state.expired(found):
        user = state.users.get(found["user"])
    elif issued and "goauthentik.io/api" in issued["scope"] and issued["expires"] > now().timestamp():
        user = state.users.get(issued["user"])
    if user is None or not user["is_active"]:
        raise Refused(403, {"detail": "Token invalid/expired"})
    return user


def may(view: View, permission: str) -> bool:
    """Say whether somebody is an administrator or has a role with the permission."""
    return view.superuser or permission in view.state.permissions_of(view.caller)


def allowed(view: View, *permissions: str) -> None:
    """Refuse somebody who is no administrator and whose roles lack one of the permissions."""
    if not all(may(view, permission) for permission in permissions):
        raise Refused(403, {"detail": "You do not have permission to perform this action."})


def parse(body: bytes) -> Any:
    """Read a JSON body."""
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        # UNRECORDED: a body that is not JSON (the source of Django REST framework)
        raise Refused(400, {"detail": f"JSON parse error - {error}"}) from None


def clean(
    fields: tuple[Field, ...],
    data: Any,
    state: State,
    partial: bool,
    taken: Resource | None = None,
    row: Row | None = None,
) -> Row:
    """Check what a request sends, field by field; unknown names are ignored without a word."""
    if not isinstance(data, dict):
        # UNRECORDED: a body that is no object (the source of Django REST framework)
        message = f"Invalid data. Expected a dictionary, but got {type(data).__name__}."
        raise Refused(400, {"non_field_errors": [message]})
    attrs, errors = {}, {}
    for field in fields:
        if not field.writable or not field.known(state):
            continue
        if field.name not in data:
            if field.required and not partial:
                errors[field.name] = [REQUIRED]
            continue
        try:
            value = field.clean(data[field.name], state)
            if taken and field.unique and value is not None:
                others = state.where(taken.table, **{field.name: value})
                if any(other is not row for other in others):
                    raise Invalid(field.unique)
            attrs[field.name] = value
        except Invalid as error:
            errors[field.name] = error.detail
    if errors:
        raise Refused(400, errors)
    return attrs


def _together(resource: Resource, view: View, attrs: Row, row: Row | None) -> None:
    if not resource.unique_together:
        return
    merged = {**(row or {}), **attrs}
    values = {name: merged[name] for name in resource.unique_together}
    if any(other is not row for other in view.state.where(resource.table, **values)):
        names = ", ".join(resource.unique_together)
        raise Refused(400, {"non_field_errors": [f"The fields {names} must make a unique set."]})


def _checked(resource: Resource, view: View, data: Any, row: Row | None) -> Row:
    attrs = clean(resource.fields, data, view.state, view.partial, resource, row)
    _together(resource, view, attrs, row)
    try:
        resource.check(view, attrs, row)
    except Invalid as error:
        raise Refused(400, error.args[0]) from None
    return attrs


def create(resource: Resource, view: View, data: Any) -> Row:
    """Make an object and return its row."""
    state = view.state
    attrs = _checked(resource, view, data, None)
    numbered = resource.table in ("users", "providers")
    row: Row = {resource.key: state.number(resource.table) if numbered else new_id()}
    for field in resource.fields:
        if field.writable and field.known(state):
            row[field.name] = attrs[field.name] if field.name in attrs else field.initial(state)
    row.update({key: value for key, value in attrs.items() if key not in row})
    resource.made(view, row)
    getattr(state, resource.table)[row[resource.key]] = row
    resource.saved(view, row)
    return row


def change(resource: Resource, view: View, row: Row, data: Any) -> Row:
    """Change an object: what a request leaves out stays as it is, with PUT as with PATCH."""
    row.update(_checked(resource, view, data, row))
    resource.saved(view, row)
    return row


def remove(resource: Resource, view: View, row: Row) -> None:
    """Delete an object and what goes with it."""
    del getattr(view.state, resource.table)[row[resource.key]]
    resource.deleted(view, row)


def _filters(resource: Resource, view: View) -> list[Filter]:
    found = []
    for name, values in view.query.items():
        if name in resource.filters:
            try:
                made = resource.filters[name](name, values, view)
            except Invalid as error:
                raise Refused(400, error.args[0]) from None
            if made:
                found.append(made)
    return found


def _ordered(view: View, rows: list[Row]) -> list[Row]:
    """Sort by the columns that the query names; an unknown one is ignored."""
    for part in reversed(",".join(view.query.get("ordering", [])).split(",")):
        name, backwards = part.removeprefix("-"), part.startswith("-")
        if rows and name in rows[0]:
            filled = [row for row in rows if row[name] is not None]
            empty = [row for row in rows if row[name] is None]
            filled.sort(key=operator.itemgetter(name), reverse=backwards)
            rows = [*empty, *filled] if backwards else [*filled, *empty]
    return rows


def _listable(resource: Resource, view: View) -> Filter | None:
    """Return which rows somebody may list who lacks the permission to view all: their own, or the ones a role names.

    UNRECORDED: such a row by itself; here it takes the permission to view all (a guess).
    """
    permission = resource.permission.format("view")
    if resource.listed or may(view, permission):
        return None
    if resource.owner:
        return lambda view, row: bool(row[resource.owner] == view.caller["pk"])
    objects = view.state.objects_of(view.caller, permission)
    if not objects:
        allowed(view, permission)
    return lambda _view, row: str(row[resource.key]) in objects


def listing(resource: Resource, view: View) -> Row:
    """List the rows that the query asks for, in pages."""
    filters = [*filter(None, [_listable(resource, view)]), *_filters(resource, view)]
    rows = [row for row in resource.rows(view.state) if all(each(view, row) for each in filters)]
    for word in view.query.get("search", [""])[-1].lower().split():
        rows = [row for row in rows if any(word in str(row[name]).lower() for name in resource.search)]
    return paginated(view, _ordered(view, rows), resource)


def paginated(view: View, rows: list[Row], resource: Resource) -> Row:
    """Cut a page out of the rows; those on it that are not for the caller are left out, but counted (measured: facts)."""
    size = _number(view, "page_size", 20)
    if view.state.at_least("2026.5"):
        size = min(size, MAX_PAGE)
    pages = max(1, -(-len(rows) // size))
    current = _number(view, "page", 1, last=pages)
    if not 1 <= current <= pages:
        raise Refused(404, {"detail": "Invalid page."})
    start = (current - 1) * size
    shown = rows[start : start + size]
    return {
        "pagination": {
            "next": current + 1 if current < pages else 0,
            "previous": current - 1,
            "count": len(rows),
            "current": current,
            "total_pages": pages,
            "start_index": start + 1 if rows else 0,
            "end_index": start + len(shown),
        },
        "results": [resource.render(view, row) for row in shown if not resource.listed or resource.listed(view, row)],
        "autocomplete": {},
    }


def _number(view: View, name: str, default: int, last: int = 0) -> int:
    value = view.query.get(name, [""])[-1]
    if last and value == "last":
        # UNRECORDED: ``page=last`` (the source of Django)
        return last
    if value.isdecimal() and int(value) > 0:
        return int(value)
    return default if name == "page_size" or not value else 0


def find(path: str) -> tuple[Resource, str, str] | None:
    """Return the resource of a path, the key in it (none for the list), and the methods that it tells of."""
    resource = RESOURCES.get(path)
    if resource:
        return resource, "", "GET, HEAD, OPTIONS" if resource.read_only else LIST_ALLOW
    head, _, key = path.removesuffix("/").rpartition("/")
    resource = RESOURCES.get(f"{head}/")
    return (resource, key, DETAIL_ALLOW) if resource else None


def handle(state: State, method: str, path: str, view: View, body: bytes) -> Response:
    """Answer a request for a resource; the path is one's."""
    found = find(path)
    assert found, path
    resource, key, allow = found
    if method == "OPTIONS" and not key:
        return answer(state, 200, _metadata(resource, view), allow)
    if key:
        return guarded(state, method, allow, lambda: _detail(resource, method, view, key, body))
    return guarded(state, method, allow, lambda: _collection(resource, method, view, body))


def _metadata(resource: Resource, view: View) -> Row:
    """Describe a collection, and to whom may add to it what a new object takes; types, labels and choices are left out.

    UNRECORDED: what somebody is told who may not add (the source of Django REST framework)
    """
    body = {"name": f"{resource.model} List", "description": "", "renders": ["application/json"], "parses": ["application/json"]}
    try:
        allowed(view, resource.permission.format("add"))
    except Refused:
        return body
    taken = {field.name: field.described(view.state) for field in resource.fields if field.known(view.state)}
    return {**body, **({"actions": {"POST": taken}} if "POST" in resource.methods else {})}


def guarded(state: State, method: str, allow: str, action: Any) -> Response:
    """Turn what an action returns, (status, body), or the error it raises into an answer."""
    if method == "OPTIONS":
        # UNRECORDED: OPTIONS (the source of Django REST framework)
        return answer(state, 200, {}, allow)
    try:
        status, body = action()
    except Refused as error:
        status, body = error.status, error.body
    except ServerFailure as error:
        state.log.append(str(error))
        return failed(method)
    return answer(state, status, body, allow)


def _collection(resource: Resource, method: str, view: View, body: bytes) -> tuple[int, Any]:
    if method == "GET":
        return 200, listing(resource, view)
    if method != "POST" or "POST" not in resource.methods:
        # UNRECORDED: another method (the source of Django REST framework)
        raise Refused(405, {"detail": f'Method "{method}" not allowed.'})
    allowed(view, resource.permission.format("add"))
    return 201, resource.render(view, create(resource, view, parse(body)))


def _detail(resource: Resource, method: str, view: View, key: str, body: bytes) -> tuple[int, Any]:
    if method not in resource.methods or method == "POST":
        # UNRECORDED: another method (the source of Django REST framework)
        raise Refused(405, {"detail": f'Method "{method}" not allowed.'})
    # UNRECORDED: what is about one object takes the permission to view it as well (measured on a 2026.5)
    allowed(view, *(resource.permission.format(verb) for verb in ("view", VERBS[method])))
    row = lookup(resource, view, key)
    if method == "DELETE":
        remove(resource, view, row)
        return 204, None
    if method != "GET":
        view = View(view.state, view.caller, view.base, method == "PATCH", view.query)
        change(resource, view, row, parse(body))
    return 200, resource.render(view, row)


def lookup(resource: Resource, view: View, key: str) -> Row:
    """Return the row that a path names."""
    rows = [row for row in resource.rows(view.state) if str(row[resource.lookup]) == key]
    if not rows:
        raise Refused(404, {"detail": f"No {resource.model} matches the given query."})
    return rows[0]
