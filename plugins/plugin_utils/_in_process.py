# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that run inside of C(ansible-playbook).

Ansible packs a module and starts a Python for it on each task, which costs about 0.4 seconds; a call costs some 0.02. So a
task that runs on the controller anyway calls the module's own C(run) with the parameters that the module's own argument spec
validates. Nothing of Ansible is patched, and wherever the task asks for more than that it is handed over as usual.

Every module that talks to a service has an action plugin of its own name that is this one: linters and the documentation
would take a redirect in C(meta/runtime.yml) for a new name of the module.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, Failure, execute, validate
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http.session import (
    REQUESTS_IMPORT_ERROR,
    default_trust,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.plugin_utils._progress import Progress

MODULES = "ansible_collections.zerotrust.netbird_authentik.plugins.modules"
SWITCH = "netbird_authentik_in_process"
# With these options a module returns secrets, to a later task and not to people.
RETURNING = ("return_secret", "return_secrets", "return_key")

# ansible-playbook loads action plugins before it forks a worker for each task: what is imported and read here, and where a
# class is made, no worker has to import and read again.
if REQUESTS_IMPORT_ERROR is None:
    # A bundle that cannot be read is an error of the task that needs it.
    with suppress(OSError):
        default_trust()


class InProcessAction(ActionBase):  # type: ignore[misc]  # ansible-core publishes no types
    """Runs the module that the task names: here if that is the same, as an ordinary module if not."""

    _supports_check_mode = True
    _supports_async = True
    _module: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        cls._module = import_module(f"{MODULES}.{cls.__module__.rpartition('.')[2]}")

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        name = self._task.action.rpartition(".")[2]
        if self._runs_here(variables):
            result.update(self._call(variables["inventory_hostname"]))
        else:
            result.update(
                self._execute_module(
                    module_name=f"zerotrust.netbird_authentik.{name}",
                    task_vars=variables,
                    wrap_async=self._task.async_val,
                )
            )
        if not result.get("failed") and any(boolean(self._task.args.get(option), strict=False) for option in RETURNING):
            # Hides this result alone, and not an error, as the task's own no_log would.
            result["_ansible_no_log"] = True
        return result

    def _runs_here(self, variables: Mapping[str, Any]) -> bool:
        """Whether a module started for the task would be this Python, on this machine, as this user, in this environment."""
        host = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, variables)
        # Made a plain str, a template would be trusted no more and stay as it is.
        interpreter = host.get("ansible_python_interpreter") or "auto"
        return (
            boolean(self._templar.template(variables.get(SWITCH, True)))
            and self._connection.transport == "local"
            and not self._play_context.become
            and not self._task.async_val
            and not any(self._task.environment or [])
            and (interpreter.startswith("auto") or self._templar.template(interpreter) == sys.executable)
        )

    def _call(self, host: str) -> dict[str, Any]:
        try:
            validation = validate(self._module.ARGUMENT_SPEC, self._task.args)
        except Failure as failure:
            raise AnsibleActionFail(str(failure)) from None
        hidden = set(validation._no_log_values)
        if validation.error_messages:
            raise AnsibleActionFail(remove_values(validation.errors.msg, hidden))
        progress = Progress(host)
        context = Context(validation.validated_parameters, self._task.check_mode, progress=progress)
        try:
            result = execute(self._module.run, context, self._module.ARGUMENT_SPEC["argument_spec"])
        except Failure as failure:
            result = {"failed": True, "msg": str(failure), **failure.result()}
        finally:
            progress.clear()
        if context.warnings:
            result["warnings"] = context.warnings
        cleaned: dict[str, Any] = remove_values(result, hidden | context.secrets)
        return cleaned
