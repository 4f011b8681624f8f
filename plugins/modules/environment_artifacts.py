#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_artifacts
short_description: Run NetBird's configure.sh and keep its secrets
version_added: 0.1.0
description:
  - Brings the C(artifacts) of NetBird's C(configure.sh), the files that Docker Compose and NetBird read, to what C(setup.env)
    says.
  - The script runs when one of the files that it reads has changed since the last run that went well, or when an artifact is
    missing.
  - The key of NetBird's database, the TURN password and the relay's secret stay what they are. By itself the script makes new
    ones.
  - The script runs in a private copy of its folder. What it made is checked before it takes the place of the former artifacts,
    so a run that fails changes nothing. Its output, which holds every secret, is not shown.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.attributes
attributes:
  diff_mode:
    support: none
    details:
      - What changes is in C(setup.env), and shown by M(zerotrust.netbird_authentik.environment_file).
requirements:
  - PyYAML
  - bash, which, curl, jq, envsubst, awk, sed, grep, openssl
options:
  directory:
    description: The folder with C(configure.sh) and C(setup.env), C(infrastructure_files) in a checkout of NetBird.
    type: path
    required: true
  https_signal:
    description:
      - Whether NetBird's clients are told to reach the signal server with TLS. The script says V(http) where the certificate is a
        reverse proxy's.
    type: bool
    default: false
  published_ports:
    description:
      - Addresses of the host by service, such as V(127.0.0.1:10000) for V(signal), each for the first port that the service
        publishes, in place of all that the script says.
      - With NetBird's ports set to V(443) for a reverse proxy, the script lets four services publish that port of the host.
    type: dict
    default: {}
  timeout:
    description: Seconds that the script may take.
    type: int
    default: 300
seealso:
  - module: zerotrust.netbird_authentik.environment_file
"""

EXAMPLES = r"""
- name: NetBird's configuration is what its settings say
  zerotrust.netbird_authentik.environment_artifacts:
    directory: /opt/netbird/infrastructure_files
"""

RETURN = r"""
artifacts:
  description: The files that the script makes.
  returned: success
  type: list
  elements: str
  sample: [/opt/netbird/infrastructure_files/artifacts/management.json]
"""

import traceback
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.configure import (
    ARTIFACTS,
    BASE,
    COMPOSE,
    MANAGEMENT,
    NOGROUP,
    SETUP,
    TURN,
    Configure,
    check_compose,
    commit,
    digest,
    https_signal,
    is_current,
    publish,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import run_host_module

try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    YAML_IMPORT_ERROR = None


def run(module: AnsibleModule) -> dict[str, Any]:
    folder = Path(module.params["directory"])
    result = {"changed": False, "artifacts": [str(folder / "artifacts" / name) for name in ARTIFACTS]}
    missing = [name for name in ("configure.sh", BASE, SETUP) if not (folder / name).is_file()]
    if module.check_mode and missing == [SETUP]:
        return {**result, "changed": True}
    if missing:
        raise Failure(f"{folder} has no {' and no '.join(missing)}: it should be infrastructure_files in a checkout of NetBird.")
    stamp = digest(folder, {name: module.params[name] for name in ("https_signal", "published_ports")})
    if is_current(folder, stamp):
        return result
    if not module.check_mode:
        if YAML_IMPORT_ERROR:
            module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_IMPORT_ERROR)
        with Configure(folder, module.params["timeout"], module.run_command) as configure:
            module.no_log_values.update(configure.hidden)
            made = configure.run()
        if module.params["https_signal"]:
            made[MANAGEMENT] = https_signal(made[MANAGEMENT])
        made[COMPOSE] = publish(made[COMPOSE], module.params["published_ports"])
        check_compose(parse_compose(made[COMPOSE]))
        if not commit(folder, made, stamp):
            module.warn(f"{TURN} is readable by its owner alone. coturn's container reads it as the group {NOGROUP}.")
    return {**result, "changed": True}


def parse_compose(content: bytes) -> Any:
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError:  # whose message quotes the line
        raise Failure(f"configure.sh made a {COMPOSE} that is not YAML; nothing was changed.") from None


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "directory": {"type": "path", "required": True},
            "https_signal": {"type": "bool", "default": False},
            "published_ports": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 300},
        },
    )


if __name__ == "__main__":
    main()
