# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A NetBird host: a folder with the stand-in of configure.sh, a discovery endpoint, and the role, run by ansible-playbook."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import merge
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.targets import check
from support import ANSIBLE_PLAYBOOK, ROOT, Played, environment_of_runs, run_recorded

PASSWORD = "app-password-of-the-service-account"
ENDPOINT = "/application/o/netbird/.well-known/openid-configuration"
# Two tasks of the role.
WRITTEN = "NetBird's environment"
CONFIGURED = "NetBird's configuration, as configure.sh makes it of that"
SETUP = """\
# Written by hand.
NETBIRD_DOMAIN="netbird.company"
NETBIRD_AUTH_CLIENT_ID=""   # to be filled in
export OF_MINE=1
"""
# Values that something on their way takes for more than text.
HOSTILE = {
    "single quote": "it's",
    "double quote": 'say "hi"',
    "dollar": "a$HOME$(id)${x}",
    "backtick": "a`id`b",
    "number sign": "before #after",
    "colon": "before: after",
    "template": "a{{ .HOME }}b",
    "backslash": "a\\bc\\",
    "line feed": "first\nsecond",
    "CRLF": "first\r\nsecond",
    "unicode": "pässwörd ✓ 密码",
    "10 kB": "0123456789abcdef" * 640,
    "white space at its ends": "  inside  ",
    "shell": "a;b&c|d>e(f)*?[g]!~",
    "control": "bell\x07",
    "switch": "true",
    "tab": "a\tb",
}


def refusal(settings: Mapping[str, str], file_format: str) -> str:
    """Why these settings are not written; empty where they are."""
    try:
        check(settings, file_format)
        merge("", settings, file_format)
    except Failure as failure:
        return str(failure)
    return ""


class Verbatim(yaml.SafeDumper):
    """Writes text as what it is, not as a template."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("!unsafe" if "{{" in text else "tag:yaml.org,2002:str", text)


Verbatim.add_representer(str, _text)


@dataclass
class Discovery:
    """What the discovery endpoint answers: a document of authentik's, unless a test says otherwise."""

    url: str
    status: int = 200
    body: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    def answer(self) -> str:
        base = f"{self.url}/application/o"
        document = {
            "issuer": f"{base}/netbird/",
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "device_authorization_endpoint": f"{base}/device/",
            "jwks_uri": f"{base}/netbird/jwks/",
        }
        return self.body or json.dumps({**document, **self.changes})


@contextmanager
def discovery() -> Iterator[Discovery]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(state.status if self.path == ENDPOINT else 404)
            self.end_headers()
            self.wfile.write(state.answer().encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = Discovery(f"http://127.0.0.1:{server.server_port}")
        # It looks for its end that often, in seconds; by default a test would wait half a second for it.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        server.shutdown()


@dataclass
class Host:
    """The host, which is this machine; ``folder`` is its C(infrastructure_files)."""

    folder: Path
    discovery: Discovery

    @classmethod
    def make(cls, folder: Path, found: Discovery) -> Host:
        shutil.copytree(ROOT / "tests/simulators/configure", folder)
        (folder / "setup.env").write_text(SETUP)
        return cls(folder, found)

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def variables(self) -> dict[str, Any]:
        return {
            "environment_directory": str(self.folder),
            "environment_oidc_configuration_endpoint": f"{self.discovery.url}{ENDPOINT}",
            "environment_client_id": "client",
            "environment_mgmt_idp_password": PASSWORD,
        }

    def management(self) -> Any:
        return json.loads((self.artifacts / "management.json").read_text())

    def compose(self) -> Any:
        return yaml.safe_load((self.artifacts / "docker-compose.yml").read_text())

    def kept(self) -> tuple[str, str, str]:
        """The three secrets that a run has to keep."""
        document = self.management()
        return document["DataStoreEncryptionKey"], document["TURNConfig"]["Turns"][0]["Password"], document["Relay"]["Secret"]

    def secrets(self) -> list[str]:
        return [PASSWORD, *self.kept()]

    def state(self) -> dict[str, Any]:
        """Every file, by path, with its permissions; the copies of what is deployed are the same files again."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): (oct(path.stat().st_mode & 0o777), path.read_bytes()) for path in files}

    @contextmanager
    def whole_again(self, kept: Path) -> Iterator[None]:
        """A test may change every file and the endpoint: afterwards they are what they were."""
        shutil.copytree(self.folder, kept)
        yield
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)
        vars(self.discovery).update(vars(Discovery(self.discovery.url)))

    def play(self, variables: Mapping[str, Any] | None = None, *options: str, kill_at: int = 0) -> Played:
        """Run the role with these variables; with ``kill_at`` the process is killed when it comes to that task."""
        home = self.folder.parent
        playbook = home / "playbook.yml"
        role = {"hosts": "localhost", "gather_facts": False, "roles": ["zerotrust.netbird_authentik.environment"]}
        playbook.write_text(yaml.safe_dump([role]))
        (home / "variables.yml").write_text(yaml.dump({**self.variables, **(variables or {})}, Dumper=Verbatim))
        env = {
            **environment_of_runs(home),
            "ANSIBLE_CALLBACKS_ENABLED": "record,kill",
            "KILL_AT_TASK": str(kill_at),
            # Nothing of the caller's gets into the result.
            "NETBIRD_IDP_MGMT_EXTRA_CALLER": "leaks in",
        }
        played = run_recorded([ANSIBLE_PLAYBOOK, playbook, "-e", f"@{home}/variables.yml", *options], env, home)
        tasks = [replace(task, name=task.name.partition(" : ")[2]) for task in played.tasks]
        return replace(played, tasks=tasks)


def by_hand(host: Host) -> None:
    """What people do without this collection."""
    (host.folder / "setup.env").write_text(
        f"{SETUP}NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT={host.discovery.url}{ENDPOINT}\nNETBIRD_AUTH_AUDIENCE=x\n"
    )
    subprocess.run(["bash", "configure.sh"], cwd=host.folder, check=True, capture_output=True)
