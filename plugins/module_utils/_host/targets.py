# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where configure.sh puts each variable of setup.env, and which characters do not survive that.

PRIVATE to this collection. Measured with NetBird 0.77: configure.sh copies most values as they are into JSON that is text to
it, and into YAML without quotes. A value that does not fit there gives a broken file, or a wrong value without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure


@dataclass(frozen=True)
class Target:
    """A place that values go to, and what it cannot carry: patterns, and what they are called."""

    place: str
    forbidden: tuple[tuple[str, str], ...] = ()
    # What the value has to be as a whole, and what that is called.
    form: tuple[str, str] | None = None


# Everything, in every format: a line is a setting.
LINE = Target(
    "a file of variables",
    (
        (r"[\n\r\x0b\x0c\x85\u2028\u2029]", "a line break"),
        (r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "a control character"),
    ),
)
_TEMPLATE = (r"\{\{", "two opening braces ({{)")
_DOLLAR = (r"\$", "a dollar sign ($)")
_TAB = (r"\t", "a tab")
_QUOTES = ((r'"', 'a double quote (")'), (r"\\", "a backslash (\\)"), _TAB)
JSON = Target("management.json", (*_QUOTES, _TEMPLATE))
# Through jq, which quotes; NetBird's server takes the result for a template all the same.
JQ = Target("management.json", (_TEMPLATE,))
COMPOSE = Target(
    "docker-compose.yml",
    (
        _DOLLAR,
        _TAB,
        (r"\s#", "a number sign after white space ( #)"),
        (r":(?:\s|$)", "a colon before white space or at its end (: )"),
        (r"\s$", "white space at its end"),
    ),
)
COMPOSE_QUOTED = Target("docker-compose.yml", (_DOLLAR, *_QUOTES))
SWITCH = Target("management.json", form=("true|false", "true or false"))
NUMBER = Target("management.json", form=("[0-9]+", "a whole number"))
PORT = Target("docker-compose.yml", form=("[0-9]{0,5}", "a port number"))
PORTS = Target("management.json", form=("[0-9]{1,5}(?:,[0-9]{1,5})*", "port numbers with commas between them"))
ADDRESS = Target("turnserver.conf", form=(r"(?:[^\s]*[^\s0-9.])?(?:[0-9]{1,3}\.){3}[0-9]{1,3}|", "an IPv4 address"))
TAG = Target("docker-compose.yml", form=(r"[\w.@:-]*", "the tag of an image"))

EVERYWHERE = (COMPOSE, JSON)
TARGETS: Mapping[str, tuple[Target, ...]] = {
    "NETBIRD_DOMAIN": (COMPOSE_QUOTED, *EVERYWHERE),
    "NETBIRD_TURN_DOMAIN": (JSON,),
    "NETBIRD_TURN_EXTERNAL_IP": (ADDRESS,),
    "NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT": (JSON,),
    "NETBIRD_USE_AUTH0": (COMPOSE,),
    "NETBIRD_AUTH_CLIENT_ID": EVERYWHERE,
    "NETBIRD_AUTH_CLIENT_SECRET": EVERYWHERE,
    "NETBIRD_AUTH_AUDIENCE": EVERYWHERE,
    "NETBIRD_AUTH_SUPPORTED_SCOPES": EVERYWHERE,
    "NETBIRD_AUTH_REDIRECT_URI": (COMPOSE,),
    "NETBIRD_AUTH_SILENT_REDIRECT_URI": (COMPOSE,),
    "NETBIRD_AUTH_USER_ID_CLAIM": (JSON,),
    "NETBIRD_AUTH_DEVICE_AUTH_CLIENT_ID": (JSON,),
    "NETBIRD_AUTH_DEVICE_AUTH_AUDIENCE": (JSON,),
    "NETBIRD_AUTH_DEVICE_AUTH_SCOPE": (JSON,),
    "NETBIRD_AUTH_DEVICE_AUTH_USE_ID_TOKEN": (SWITCH,),
    "NETBIRD_AUTH_PKCE_REDIRECT_URL_PORTS": (PORTS,),
    "NETBIRD_AUTH_PKCE_USE_ID_TOKEN": (SWITCH,),
    "NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN": (SWITCH,),
    "NETBIRD_AUTH_PKCE_LOGIN_FLAG": (NUMBER,),
    "NETBIRD_TOKEN_SOURCE": (COMPOSE,),
    "NETBIRD_MGMT_IDP": (JSON,),
    "NETBIRD_MGMT_IDP_SIGNKEY_REFRESH": (SWITCH,),
    "NETBIRD_IDP_MGMT_CLIENT_ID": (JSON,),
    "NETBIRD_IDP_MGMT_CLIENT_SECRET": (JSON,),
    "NETBIRD_MGMT_API_PORT": (PORT,),
    "NETBIRD_MGMT_DNS_DOMAIN": (COMPOSE_QUOTED,),
    "NETBIRD_MGMT_DISABLE_DEFAULT_POLICY": (SWITCH,),
    "NETBIRD_DISABLE_ANONYMOUS_METRICS": (COMPOSE_QUOTED,),
    "NETBIRD_SIGNAL_PORT": (PORT,),
    "NETBIRD_RELAY_DOMAIN": EVERYWHERE,
    "NETBIRD_RELAY_PORT": (PORT,),
    "NETBIRD_RELAY_ENDPOINT": EVERYWHERE,
    "NETBIRD_LETSENCRYPT_EMAIL": (COMPOSE,),
    "NETBIRD_STORE_CONFIG_ENGINE": (JSON,),
    "NETBIRD_STORE_ENGINE_POSTGRES_DSN": (COMPOSE,),
    "NETBIRD_STORE_ENGINE_MYSQL_DSN": (COMPOSE,),
    "NETBIRD_DASHBOARD_TAG": (TAG,),
    "NETBIRD_SIGNAL_TAG": (TAG,),
    "NETBIRD_MANAGEMENT_TAG": (TAG,),
    "NETBIRD_RELAY_TAG": (TAG,),
    "COTURN_TAG": (TAG,),
}
# What an identity provider needs beside its client: C(NETBIRD_IDP_MGMT_EXTRA_PASSWORD) is C(ExtraConfig.Password).
EXTRA = "NETBIRD_IDP_MGMT_EXTRA_"


def targets(name: str) -> tuple[Target, ...]:
    return (JQ,) if name.startswith(EXTRA) else TARGETS.get(name, ())


def check(settings: Mapping[str, str], file_format: str) -> None:
    """Refuse what would not arrive as it was meant. The message names the variable and the character, never the value."""
    for name, value in settings.items():
        for target in (LINE, *(targets(name) if file_format == "shell" else ())):
            for pattern, words in target.forbidden:
                if re.search(pattern, value):
                    raise Failure(f"{name} must not hold {words}: it would not reach {target.place} as it is.")
            if target.form and not re.fullmatch(target.form[0], value):
                raise Failure(f"{name} has to be {target.form[1]}: {target.place} takes nothing else.")
