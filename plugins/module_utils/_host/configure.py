# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's configure.sh, run so that nothing is lost, printed or half done.

PRIVATE to this collection. Measured with NetBird 0.77, and the reason for each part of this:

- It makes a new TURN password and relay secret on every run, whatever setup.env says, and empties the key of NetBird's
  database. C(base.setup.env) is sourced last, so assignments at its end win.
- It prints all secrets, and hands those in C(NETBIRD_IDP_MGMT_EXTRA_*) to jq as arguments, which every user of the host sees.
- It does not notice a discovery endpoint that answers with an error, nor a missing openssl, and leaves empty or broken files.

So it runs in a private copy of its folder. What it made there is checked before it takes the place of what is in use.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import SECRET_NAME, without
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import encode, read_text, write_private
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.targets import EXTRA

SETUP, BASE, MANAGEMENT, COMPOSE, TURN, DISCOVERY = (
    "setup.env",
    "base.setup.env",
    "management.json",
    "docker-compose.yml",
    "turnserver.conf",
    "openid-configuration.json",
)
ARTIFACTS = (DISCOVERY, COMPOSE, MANAGEMENT, TURN)
STAMP = ".configured"
STAGE = ".staging"
RunCommand = Callable[..., "tuple[int, str, str]"]
TIMED_OUT = 124  # what the program 'timeout' says
TOOLS = ("bash", "which", "curl", "jq", "envsubst", "awk", "sed", "grep", "openssl")
# coturn's image runs as nobody:nogroup, which has to read its file.
NOGROUP = 65534
# A key for each secret that has to survive, and where management.json has it.
KEPT = {
    "NETBIRD_DATASTORE_ENC_KEY": ("DataStoreEncryptionKey",),
    "TURN_PASSWORD": ("TURNConfig", "Turns", 0, "Password"),
    "NETBIRD_RELAY_AUTH_SECRET": ("Relay", "Secret"),
}
# What NetBird's server cannot do without.
NEEDED = (
    *KEPT.values(),
    ("HttpConfig", "AuthIssuer"),
    ("HttpConfig", "AuthAudience"),
    ("HttpConfig", "AuthKeysLocation"),
    ("HttpConfig", "OIDCConfigEndpoint"),
    ("IdpManagerConfig", "ClientConfig", "TokenEndpoint"),
    ("PKCEAuthorizationFlow", "ProviderConfig", "ClientID"),
    ("PKCEAuthorizationFlow", "ProviderConfig", "AuthorizationEndpoint"),
)


def digest(folder: Path, options: Mapping[str, Any]) -> str:
    """What tells one input from another: the script, what it reads, and the options of the task."""
    state = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for path in sorted({*folder.glob("*.env"), *folder.glob("*.tmpl"), folder / "configure.sh"}):
        state.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return state.hexdigest()


def is_current(folder: Path, wanted: str) -> bool:
    """Whether the last run that went well had this input, and what it made is still there."""
    made = folder / "artifacts"
    there = all((made / name).is_file() and (made / name).stat().st_size for name in ARTIFACTS)
    return there and read_text(made / STAMP) == wanted


def kept_secrets(folder: Path) -> dict[str, str]:
    """The secrets of the set-up in use; a key of the database is made here where there is none, else the server makes one
    and rewrites its file.

    Where someone ran configure.sh by hand, the key may be in the newest of its backups only.
    """
    made = folder / "artifacts"
    backups = sorted(made.glob(f"{MANAGEMENT}.bkp.*"), key=lambda path: path.stat().st_mtime, reverse=True)
    documents = [_json_if_readable(path) for path in (made / MANAGEMENT, folder / MANAGEMENT, *backups)]
    kept = {name: _first(documents, path) for name, path in KEPT.items()}
    in_use, beside = (_get(document, KEPT["NETBIRD_DATASTORE_ENC_KEY"]) for document in documents[:2])
    if in_use and beside and in_use != beside:
        raise Failure(
            f"{made / MANAGEMENT} and {folder / MANAGEMENT} have different keys (DataStoreEncryptionKey), and only one of them "
            "opens NetBird's database. Remove the file with the wrong one; configure.sh would take the second."
        )
    made_up = {
        "NETBIRD_DATASTORE_ENC_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        **{name: secrets.token_urlsafe(32) for name in KEPT if name != "NETBIRD_DATASTORE_ENC_KEY"},
    }
    return {name: kept[name] or made_up[name] for name in KEPT}


class Configure:
    """One run of configure.sh in a private copy of ``folder``; ``run_command`` is AnsibleModule's."""

    def __init__(self, folder: Path, timeout: int, run_command: RunCommand) -> None:
        self._run_command = run_command
        self.folder = folder
        self.stage = folder / STAGE
        self.timeout = timeout
        self.kept = kept_secrets(folder)
        self.hidden = set(self.kept.values())

    def __enter__(self) -> Configure:
        shutil.rmtree(self.stage, ignore_errors=True)  # of a run that was killed
        self.stage.mkdir(mode=0o700)
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in (MANAGEMENT, BASE):
                (self.stage / path.name).symlink_to(path)
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.stage, ignore_errors=True)

    def run(self) -> dict[str, bytes]:
        """The checked contents of the artifacts."""
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise Failure(f"configure.sh needs {', '.join(missing)} on this host: install that (envsubst is a part of gettext).")
        write_private(self.stage / BASE, encode(read_text(self.folder / BASE)))
        values = self._variables()
        self.hidden |= {value for name, value in values.items() if SECRET_NAME.search(name) and value}
        endpoint = values.get("NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT", "")
        issuer = self._issuer(endpoint)

        stand_ins = {name: f"stand-in-{secrets.token_hex(8)}" for name in values if name.startswith(EXTRA) and values[name]}
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in {**self.kept, **stand_ins}.items()]
        overrides = "\n" + "".join(f"export {line}" for line in lines)
        write_private(self.stage / BASE, encode(read_text(self.folder / BASE) + overrides))
        self._bash("configure.sh", "./configure.sh")
        return self._checked(issuer, {stand_in: values[name] for name, stand_in in stand_ins.items()})

    def _call(self, *command: str) -> tuple[int, str, str]:
        """Run a command without what is set where the play runs: it must not get into the result."""
        unset = [f"--unset={name}" for name in os.environ if name.startswith(("NETBIRD_", "TURN_"))]
        return self._run_command(["env", *unset, "timeout", str(self.timeout), *command], cwd=str(self.stage), umask=0o077)

    def _bash(self, what: str, *arguments: str) -> None:
        code, out, error = self._call("bash", *arguments)
        if code == TIMED_OUT:
            raise Failure(f"{what} took longer than {self.timeout} seconds and was stopped; nothing was changed.")
        if code:
            # Of what it says, the dump of its variables is no reason.
            said = without(f"{out}\n{error}", list(self.hidden)).splitlines()
            lines = [line for line in said if not re.match(r"\w+=|\s*$", line)][-4:]
            if what == SETUP:  # where a shell quotes a part of a value
                lines = re.findall(r"\w+\.env: line \d+", "\n".join(lines))
            reason = " / ".join(lines) or "nothing"
            raise Failure(f"{what} failed ({code}), and nothing was changed. It said: {reason}")

    def _variables(self) -> dict[str, str]:
        """What the two files set, as a shell understands them."""
        output = self.stage / "variables"
        script = (
            f"set -e; source ./{SETUP}; source ./{BASE}; "
            f'for name in ${{!NETBIRD_@}} ${{!TURN_@}}; do printf \'%s=%s\\0\' "$name" "${{!name}}"; done > {output.name}'
        )
        self._bash(SETUP, "-c", script)
        return dict(pair.partition("=")[::2] for pair in read_text(output).split("\0") if pair)

    def _issuer(self, endpoint: str) -> str:
        """The issuer of the discovery document, which has to be there: configure.sh would write C(null) without a word.

        It is fetched as configure.sh does, with curl and the same certificates and proxies.
        """
        where = f"The discovery endpoint {endpoint!r} (NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT)"
        if not endpoint:
            raise Failure(f"{SETUP} does not set NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT.")
        code, out, error = self._call("curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--", endpoint)
        if code:
            raise Failure(f"{where} does not answer on this host: {error.strip()}. Is authentik up, and the slug right?")
        try:
            document = json.loads(out)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Failure(f"{where} answers with something other than a discovery document.")
        wanted = ("issuer", "jwks_uri", "token_endpoint", "authorization_endpoint", "device_authorization_endpoint")
        lacking = [name for name in wanted if not document.get(name)]
        if lacking:
            raise Failure(f"{where} names no {', '.join(lacking)}.")
        issuer = str(document["issuer"])
        if not endpoint.startswith(f"{issuer.rstrip('/')}/"):
            raise Failure(
                f"{where} answers as {issuer!r}, which it does not begin with. authentik takes its address from the request: "
                "let the proxy in front of it pass on the host and the protocol (X-Forwarded-Proto), and use that address."
            )
        return issuer

    def _checked(self, issuer: str, values: Mapping[str, str]) -> dict[str, bytes]:
        made = {name: read_text(self.stage / "artifacts" / name) for name in ARTIFACTS}
        for name, text in made.items():
            if not text.strip():
                raise Failure(f"configure.sh left {name} empty, and nothing was changed.")
        management = _parsed(made[MANAGEMENT])
        extra = management.get("IdpManagerConfig", {}).get("ExtraConfig") or {}
        extra.update({key: values.get(value, value) for key, value in extra.items()})
        for path in (*NEEDED, *(path for path, value in _leaves(management) if value == "null")):
            if _get(management, path) in (None, "", "null"):
                raise Failure(f"configure.sh left {_dotted(path)} of {MANAGEMENT} without a value; nothing was changed.")
        if _get(management, ("HttpConfig", "AuthIssuer")) != issuer:
            raise Failure(f"configure.sh wrote another issuer into {MANAGEMENT} than was discovered; nothing was changed.")
        for name, path in KEPT.items():
            if _get(management, path) != self.kept[name]:
                raise Failure(f"configure.sh did not keep {_dotted(path)} of {MANAGEMENT}; nothing was changed.")
        return {**{name: encode(text) for name, text in made.items()}, MANAGEMENT: _dump(management)}


def https_signal(management: bytes) -> bytes:
    """Behind a proxy NetBird's clients reach the signal server with TLS; configure.sh says http."""
    document = json.loads(management)
    document["Signal"]["Proto"] = "https"
    return _dump(document)


def publish(compose: bytes, addresses: Mapping[str, str]) -> bytes:
    """Each service's first port, and no other, at another address of the host: C({"signal": "127.0.0.1:10000"})."""
    text = compose.decode()
    for service, address in addresses.items():
        inside = r"(?:(?:   +.*|  #.*|[ \t]*)\n)*?"
        found = re.search(rf"(?m)^(  {re.escape(service)}:\n{inside}    ports:\n)((?: {{4,}}-.*\n)+)", text)
        port = re.search(r"-\s*['\"]?(?:\S*:)?(\d+)\b", found[2]) if found else None
        if not found or not port:
            raise Failure(f"{COMPOSE} has no published port of a service {service!r}; nothing was changed.")
        text = f"{text[: found.start(2)]}      - '{address}:{port[1]}'\n{text[found.end(2) :]}"
    return text.encode()


def check_compose(document: Any) -> None:
    """A compose file in which every variable is still one: C(": ") makes it a mapping, and Compose replaces a C($name)."""
    services = document.get("services") if isinstance(document, dict) else None
    if not services:
        raise Failure(f"configure.sh made no services in {COMPOSE}; nothing was changed.")
    for name, service in services.items():
        for entry in service.get("environment", []):
            if not isinstance(entry, str) or entry.endswith("=null") or "$" in entry.replace("$$", ""):
                variable = entry.partition("=")[0] if isinstance(entry, str) else str(next(iter(entry))).partition("=")[0]
                raise Failure(f"configure.sh broke {variable} of the service {name!r} in {COMPOSE}; nothing was changed.")
        if str(service.get("image", ":")).endswith(":"):
            raise Failure(f"configure.sh left the service {name!r} in {COMPOSE} without an image; nothing was changed.")


def commit(folder: Path, made: Mapping[str, bytes], stamp: str) -> bool:
    """Put the artifacts in their place, the stamp last, so that a run that is killed on the way is done again.

    Returns whether coturn can read its file.
    """
    target = folder / "artifacts"
    if not target.exists():
        target.mkdir(mode=0o755)
        if os.geteuid() == 0:
            os.chown(target, folder.stat().st_uid, folder.stat().st_gid)
    (target / STAMP).unlink(missing_ok=True)
    for name, content in made.items():
        write_private(target / name, content)
    for backup in target.glob("*.bkp.*"):  # of runs by hand, with the same secrets in them
        backup.chmod(0o600)
    readable = True
    try:
        os.chown(target / TURN, -1, NOGROUP)
        (target / TURN).chmod(0o640)
    except PermissionError:
        readable = False
    write_private(target / STAMP, stamp.encode())
    return readable


def _dump(document: Any) -> bytes:
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Failure(f"configure.sh made a {MANAGEMENT} that is no JSON object; nothing was changed.")
    return document


def _json_if_readable(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except ValueError:
        return None


def _get(document: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _first(documents: list[Any], path: tuple[str | int, ...]) -> str:
    return next((str(value) for value in (_get(each, path) for each in documents) if value), "")


def _leaves(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(document, (dict, list)):
        items: Any = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from _leaves(value, (*path, key))
    else:
        yield path, document


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
