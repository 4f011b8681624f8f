# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The troubleshooting guide, written from the catalogue of named causes. ``make docs`` runs it; a test compares."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/docsite/rst/guide_troubleshooting.rst"
SETUPS = {"": "both set-ups", "management": "management set-up", "standalone": "standalone set-up"}
HEAD = """..
  Copyright (c) 2026, the zerotrust.netbird_authentik contributors
  GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by tests/tools/troubleshooting.py from the catalogue in plugins/module_utils: change it there.

.. _ansible_collections.zerotrust.netbird_authentik.docsite.guide_troubleshooting:

Troubleshooting
===============

Many different mistakes look alike from outside. The role :ansplugin:`zerotrust.netbird_authentik.verify#role` looks at both
services and says which one it is, by the names on this page.

.. code-block:: yaml+jinja

  - name: Why does the login not work
    hosts: localhost
    gather_facts: false
    roles:
      - role: zerotrust.netbird_authentik.verify
        vars:
          verify_setup: management
          authentik_url: https://authentik.company
          authentik_token: "{{ vault_authentik_token }}"
          netbird_url: https://netbird.company
          netbird_token: "{{ vault_netbird_token }}"
          verify_user: alice
          verify_password: "{{ vault_password_of_alice }}"

.. contents::
   :local:
   :depth: 1

From the symptom to the cause
-----------------------------

This is what a login ends with, and what is known to lead to it.

"""
UNSEEN = """
What cannot be seen from outside
--------------------------------

No cause is named for these.
"""


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(ROOT / ".build"))
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import OUTCOMES
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.catalogue import CAUSES, UNSEEABLE

    lines = [HEAD]
    effects = {**OUTCOMES, "groups_differ": "the login works, and the person is in other groups of NetBird, or in none"}
    for outcome, words in effects.items():
        leading = [f":ref:`{cause.id} <{label(cause.id)}>`" for cause in CAUSES if outcome in cause.explains]
        if leading:
            lines.append(f"{words if words.startswith('authentik') else words[0].upper() + words[1:]}\n  {', '.join(leading)}\n")
    for check in dict.fromkeys(cause.check for cause in CAUSES):
        lines.append(f"\n{check}\n{'-' * len(check)}\n")
        for cause in (cause for cause in CAUSES if cause.check == check):
            heading = cause.title.rstrip(".")
            lines += [f".. _{label(cause.id)}:\n", f"{heading}\n{'^' * len(heading)}\n"]
            kind = ", a warning" if cause.warning else ""
            lines.append(f":Name: ``{cause.id}`` ({SETUPS[cause.setup]}{kind})")
            lines += [f":Symptom: {text(cause.symptom)}", f":Remedy: {text(cause.remedy)}"]
            if cause.thread:
                url = f"https://github.com/{cause.thread.replace('#', '/issues/')}"
                lines.append(f":Met in: `{cause.thread} <{url}>`__")
            lines.append("")
    lines += [UNSEEN, *(f"{mistake}\n  {text(reason)}\n" for mistake, reason in UNSEEABLE.items())]
    return "\n".join(lines).rstrip() + "\n"


def label(cause: str) -> str:
    return f"ansible_collections.zerotrust.netbird_authentik.docsite.cause-{cause}"


def text(words: str) -> str:
    """Text that means the same in reStructuredText."""
    return words.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("<", "\\<")


if __name__ == "__main__":
    PAGE.write_text(page())
