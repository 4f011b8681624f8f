# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the site that `make docs` builds."""

from __future__ import annotations

from docutils import nodes

project = "zerotrust.netbird_authentik"
copyright = "2026, the zerotrust.netbird_authentik contributors"
extensions = ["sphinx_antsibull_ext"]  # styles what antsibull-docs generates
html_theme = "sphinx_ansible_theme"

# What the generated pages refer to in Ansible's own documentation, so that the build needs no inventory from the network.
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "inventory_plugins": "plugins/inventory.html",
}


def link_to_ansible(app, env, node, content):
    target = node["reftarget"]
    page = PAGES.get(target)
    if target.startswith("ansible_collections.ansible.builtin."):
        page = f"collections/ansible/builtin/{target.removeprefix('ansible_collections.ansible.builtin.')}.html"
    return nodes.reference("", "", content, refuri=ANSIBLE + page) if page else None


def setup(app):
    app.connect("missing-reference", link_to_ansible)
