# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the artefact and judge it as a Galaxy server does when it is published: with galaxy-importer.

Its errors keep an artefact out. Its warnings do not, but ansible-lint's findings are among them, and all that it warns of can be
mended here: so they fail as well. Nothing is asked of the network. ansible-test is left to the kind sanity.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from build import build
from run import BUILD

FOLDER = BUILD / "galaxy"
SETTINGS = {
    "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(FOLDER / "tmp"),
    "GALAXY_IMPORTER_CHECK_CHANGELOG": "true",
    "GALAXY_IMPORTER_OFFLINE_ANSIBLE_LINT": "true",
    "GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER": "false",
    "GALAXY_IMPORTER_RUN_ANSIBLE_DOC": "true",
    "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "true",
    "GALAXY_IMPORTER_RUN_ANSIBLE_TEST": "false",
    "GALAXY_IMPORTER_RUN_FLAKE8": "false",
}
REFUSED = ("ERROR:", "WARNING:")


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    artefact = build(FOLDER)
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", artefact],
        cwd=FOLDER,  # it leaves its result there
        env={**os.environ, **SETTINGS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    refused = [line for line in done.stdout.splitlines() if line.startswith(REFUSED)]
    print(f"galaxy-importer: {len(refused)} errors and warnings")
    # Without a result the importer has not come to its end, whatever it said.
    return 0 if done.returncode == 0 and not refused and (FOLDER / "importer_result.json").exists() else 1


if __name__ == "__main__":
    sys.exit(main())
