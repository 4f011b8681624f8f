# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
RUN = $(PYTHON) tests/tools/run.py

.PHONY: demo test faults live lint docs bench clean
demo:   ; $(RUN) demo
test:   ; $(RUN) test $(KINDS) $(if $(CORE),--core $(CORE))
faults: ; $(RUN) faults
live:   ; $(RUN) live $(if $(CLEAN_UP),--clean-up)
lint:   ; $(RUN) test lint
docs:   ; $(RUN) docs
bench:  ; $(RUN) bench
clean:  ; rm -rf .ansible .build .venv
