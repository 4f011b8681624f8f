# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what a stand-in answered with what the real server did, and note every difference.

Key sets, types, list lengths and values are compared. Of a value that a server makes up, the recorded one is mapped to
the stand-in's on first sight, both must have the same format, and every later occurrence, in requests as in answers,
must agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from conformance._rules import Generated, Rules, matches
from support.browser import segment

PAGE = "<!DOCTYPE html> ... (a page, not JSON)"  # what the recordings keep of a page
_MISSING: Any = object()


@dataclass(frozen=True)
class Mismatch:
    """One difference: the exchange's name, the place in the answer, what was recorded and what came."""

    exchange: str
    path: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        """Return the difference on one line."""
        return f"{self.exchange}: {self.path}: expected {_short(self.expected)}, got {_short(self.got)}"


def _short(value: object) -> str:
    text = "nothing" if value is _MISSING else repr(value)
    return text if len(text) <= 300 else text[:297] + "..."


def _general(where: str) -> str:
    """Leave the indexes out of a JSON path."""
    return re.sub(r"\[\d+\]", "[]", where)


@dataclass
class Learned:
    """What is known of the values made up on both sides: recorded value to the stand-in's, each way only once."""

    origins: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)

    def copy(self) -> Learned:
        """Return a copy for a comparison that may be given up."""
        return Learned(dict(self.origins), dict(self.texts), dict(self.numbers), set(self.sent))

    def text(self, value: str) -> str:
        """Put the stand-in's values and addresses into a recorded text."""
        if value in self.texts:
            return self.texts[value]
        if len(value) < 8:
            return value
        inside = [each for each in self.texts if len(each) >= 8 and each in value]
        inside += [each for each in self.origins if each in value]
        if not inside:
            return value
        longest_first = "|".join(map(re.escape, sorted(inside, key=len, reverse=True)))
        known = self.texts | self.origins
        return re.sub(longest_first, lambda found: known[found.group()], value)


class Comparison:
    """Compares one recorded answer with one that came, learning on the way."""

    def __init__(self, rules: Rules, learned: Learned, exchange: str, path: str) -> None:
        """Prepare the comparison of the answer to one exchange."""
        self.rules, self.learned, self.exchange, self.path = rules, learned, exchange, path
        self.mismatches: list[Mismatch] = []

    def wrong(self, where: str, expected: object, got: object) -> None:
        """Note a difference."""
        self.mismatches.append(Mismatch(self.exchange, where, expected, got))

    def rule(self, where: str, recorded: object) -> Generated | None:
        """Return the first rule that is for a recorded value, if any."""
        general = _general(where)
        return next((row for row in self.rules.generated if row.applies(self.path, general, recorded)), None)

    def value(self, recorded: Any, got: Any, where: str = "$") -> None:
        """Compare two values of any kind."""
        general = _general(where)
        loose = any(name in ("*", self.exchange) and matches(p, general) for name, p in self.rules.typed)
        if self.exchange in self.rules.preexisting and matches(self.rules.counts, general):
            loose = True
        if type(recorded) is not type(got):
            self.wrong(where, recorded, got)
        elif loose:
            return
        elif isinstance(recorded, dict):
            self.mapping(recorded, got, where)
        elif isinstance(recorded, list):
            self.sequence(recorded, got, where)
        elif isinstance(recorded, str | int) and (rule := self.rule(where, recorded)):
            self.generated(rule, recorded, got, where)
        elif isinstance(recorded, str):
            self.text(recorded, got, where)
        elif recorded != got:
            self.wrong(where, recorded, got)

    def mapping(self, recorded: dict[str, Any], got: dict[str, Any], where: str) -> None:
        """Compare two objects: the same keys, each with an equal value. Keys may hold learned ids."""
        expected = {self.learned.text(key): item for key, item in recorded.items()}
        for key in expected.keys() | got.keys():
            if key not in got:
                self.wrong(f"{where}.{key}", expected[key], _MISSING)
            elif key not in expected:
                self.wrong(f"{where}.{key}", _MISSING, got[key])
        for key, item in expected.items():
            if key in got:
                self.value(item, got[key], f"{where}.{key}")

    def sequence(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare two lists, in order, or as sets where the rules say so."""
        if self.exchange in self.rules.preexisting and any(isinstance(row, dict) for row in recorded):
            self.rows(recorded, got, where)
        elif any(matches(pattern, _general(where)) for pattern in self.rules.unordered):
            self.unordered(recorded, got, where)
        else:
            if len(recorded) != len(got):
                self.wrong(f"{where}.length", len(recorded), len(got))
            for index, (one, other) in enumerate(zip(recorded, got, strict=False)):
                self.value(one, other, f"{where}[{index}]")

    def rows(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare rows that the server comes with: by natural key where it has the row, else by their shape."""
        key = next((k for k in self.rules.natural if all(row.get(k) is not None for row in recorded)), None)
        if key is None:
            self.unordered(recorded, got, where)
            return
        rows = {row.get(key): row for row in got if isinstance(row, dict)}
        found = [row[key] for row in recorded if row[key] in rows]
        if recorded and not found:
            self.wrong(f"{where} by {key}", [row[key] for row in recorded], list(rows))
        for index, row in enumerate(recorded):
            if row[key] in rows:
                self.value(row, rows[row[key]], f"{where}[{index}]")
        shape = set(recorded[0]) if recorded else set()
        for index, row in enumerate(got):
            if shape and set(row) != shape:
                self.wrong(f"{where}[{index}] keys", sorted(shape), sorted(row))

    def unordered(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare two lists as sets: what is known already first, then what has to be learned."""
        if len(recorded) != len(got):
            self.wrong(f"{where}.length", len(recorded), len(got))
        left = list(got)
        unknown = []
        for item in recorded:
            known = self.learned.texts.get(item, item) if isinstance(item, str) else item
            same = next((row for row in left if self._same_row(item, row)), None)
            if known in left:
                left.remove(known)
            elif same is not None:
                left.remove(same)
                self.value(item, same, f"{where}[0]")
            else:
                unknown.append(item)
        for item in unknown:
            for other in left:
                trial = Comparison(self.rules, self.learned.copy(), self.exchange, self.path)
                trial.value(item, other, f"{where}[0]")
                if not trial.mismatches:
                    self.value(item, other, f"{where}[0]")
                    left.remove(other)
                    break
            else:
                self.wrong(f"{where}[]", item, left)

    def _same_row(self, recorded: Any, got: Any) -> bool:
        """Tell whether both are rows with one id, as far as that is known."""
        if not (isinstance(recorded, dict) and isinstance(got, dict) and isinstance(recorded.get("id"), str)):
            return False
        return self.learned.texts.get(recorded["id"]) == got.get("id")

    def text(self, recorded: str, got: str, where: str) -> None:
        """Compare two texts; what a recording leaves out is compared as far as it goes."""
        if recorded == PAGE:
            if not got.lstrip().lower().startswith("<!doctype html"):
                self.wrong(where, recorded, got)
        elif recorded == "..." or recorded.endswith(";base64,..."):
            if not got.startswith(recorded[:-3]):
                self.wrong(where, recorded, got)
        elif self.learned.text(recorded) != got:
            self.wrong(where, self.learned.text(recorded), got)

    def generated(self, rule: Generated, recorded: str | int, got: Any, where: str) -> None:
        """Compare two made-up values: the same format, and the same pair as at the first sight."""
        if isinstance(recorded, str) and recorded in self.learned.sent and recorded not in self.learned.texts:
            # the caller chose it, so the server must give it back
            self.text(recorded, got, where)
        elif not rule.fits(got):
            self.wrong(where, f"{recorded!r} ({rule.kind})", got)
        elif rule.learn:
            table: dict[Any, Any] = self.learned.texts if isinstance(recorded, str) else self.learned.numbers
            key = recorded if isinstance(recorded, str) else (rule.kind, recorded)
            known = table.get(key, _MISSING)
            if known is _MISSING and any(
                value == got and (isinstance(k, str) or k[0] == rule.kind) for k, value in table.items()
            ):
                self.wrong(where, f"a new value ({rule.kind})", got)
            elif known is not _MISSING and known != got:
                self.wrong(where, known, got)
            elif known is _MISSING:
                table[key] = got
                if rule.kind == "jwt":
                    self.token(str(recorded), got, where)

    def token(self, recorded: str, got: str, where: str) -> None:
        """Compare the headers and the claims of two signed tokens."""
        for index, name in enumerate(("header", "claims")):
            self.value(segment(recorded, index), segment(got, index), f"{where}{{{name}}}")


def compare(recorded: Any, got: Any, rules: Rules, learned: Learned, name: str, path: str = "") -> list[Mismatch]:
    """Compare one recorded value with one that came, outside of a replay."""
    comparison = Comparison(rules, learned, name, path)
    comparison.value(recorded, got)
    return comparison.mismatches
