# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's frame, and the words that a module is written in: the one file of the core that modules import.

PRIVATE to this collection. A module defines C(ARGUMENT_SPEC) and C(run(context)), which returns the result or raises
:class:`Failure`; it never prints, exits or keeps state. So the same C(run) serves the ordinary module and the action plugin
that calls it inside of C(ansible-playbook).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import sent
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import CONNECTION_ARGUMENTS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context, MissingLibrary
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import (
    SET_ARGUMENTS,
    STATE_ARGUMENT,
    ensure_object,
    finish,
    row_after,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, complete, plan_object
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Consent,
    Endpoint,
    Field,
    Resource,
    text,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http.session import REQUESTS_IMPORT_ERROR

__all__ = [
    "CONNECTION_ARGUMENTS",
    "SET_ARGUMENTS",
    "STATE_ARGUMENT",
    "Consent",
    "Context",
    "Endpoint",
    "Failure",
    "Field",
    "MissingLibrary",
    "Operation",
    "Resource",
    "Row",
    "argument_spec",
    "complete",
    "ensure_object",
    "execute",
    "finish",
    "plan_object",
    "row_after",
    "run_module",
    "sent",
    "text",
]

Run = Callable[[Context], "dict[str, Any]"]
# PostgreSQL takes no NUL, and of a surrogate that stands alone Go makes another character.
UNKEPT = re.compile("[\0\ud800-\udfff]")
LARGEST = 2**63 - 1


def argument_spec(
    services: type[Service] | Sequence[type[Service]], arguments: Mapping[str, Any], **constraints: Any
) -> dict[str, Any]:
    """The keywords of C(AnsibleModule) for a module that talks to one service or several."""
    connections: dict[str, dict[str, Any]] = {}
    for service in services if isinstance(services, Sequence) else [services]:
        for name, hidden in ((f"{service.option}_url", False), (f"{service.option}_token", True)):
            fallback = (env_fallback, [name.upper()])
            connections[name] = {"type": "str", "required": True, "no_log": hidden, "fallback": fallback}
        connections.update(service.arguments)
    return {"argument_spec": {**connections, **CONNECTION_ARGUMENTS, **arguments}, **constraints}


def run_module(spec: Mapping[str, Any], run: Run) -> None:
    """Be an ordinary module."""
    module = AnsibleModule(supports_check_mode=True, **spec)
    context = Context(module.params, module.check_mode)
    try:
        end, result = module.exit_json, execute(run, context, spec["argument_spec"])
    except Failure as failure:
        end, result = module.fail_json, {"msg": str(failure), **failure.result()}
    for warning in context.warnings:
        module.warn(warning)
    module.no_log_values.update(context.secrets)
    end(**result)


def validate(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> ValidationResult:
    """What ansible-core makes of arguments; ``spec`` is as C(AnsibleModule) takes it.

    Raises `Failure` where ansible-core ends in a traceback: it looks for the options of a dictionary in a number too.
    """
    try:
        return ArgumentSpecValidator(**spec).validate(arguments)
    except TypeError:
        names = [name for name, option in spec["argument_spec"].items() if option.get("options") and name in arguments]
        raise Failure(f"{', '.join(names)}: a dictionary is needed where there is something else.") from None


def execute(run: Run, context: Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """Call a module's run, once its library is known to be there, and its parameters can be sent; ``options`` are their specs."""
    if REQUESTS_IMPORT_ERROR is not None:
        raise MissingLibrary(missing_required_lib("requests"), REQUESTS_IMPORT_ERROR)
    for name, value in context.params.items():
        wrong = _unsendable(options.get(name, {}), value)
        if wrong:
            raise Failure(f"{name} holds {wrong}. Nothing was changed.")
    if context.params.get("validate_certs") is False:
        context.warn("validate_certs is false: whoever is on the way to the server can read and change all that this task sends.")
    return run(context)


def _unsendable(option: Mapping[str, Any], value: Any) -> str:
    """What of a value, of the type that its option should have, no server keeps as it is; nothing if it is well."""
    if isinstance(value, Mapping):
        inner = option.get("options") or {}
        parts = [*(({}, name) for name in value), *((inner.get(name, {}), each) for name, each in value.items())]
        return next(filter(None, (_unsendable(*part) for part in parts)), "")
    if isinstance(value, (list, tuple)):
        each_one = {**option, "type": option.get("elements")}
        return next(filter(None, (_unsendable(each_one, each) for each in value)), "")
    if isinstance(value, str) and UNKEPT.search(value):
        return "a character that no server keeps (NUL, or half of one)"
    if isinstance(value, bool):
        return f"{value} in place of a number" if option.get("type") in ("int", "float") else ""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}, which is no number to a server"
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number that is larger than any that a server keeps"
    return ""
