# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of environment variables as text: read, merged, quoted, and shown without their secrets.

PRIVATE to this collection. Pure functions. A file is a sequence of :class:`Statement`; joined, their texts are the file
again, byte by byte, so that whatever is not changed stays as its owner wrote it. Two formats are known:

- C(shell), a file that a shell sources. What only a shell can work out (C($HOME), a backtick, several commands on a line) has
  no value here; it is kept, and replaced only where the variable is asked for.
- C(env_file), a file that Compose (C(env_file:)) or systemd (C(EnvironmentFile=)) reads. The two differ in what they make of
  unquoted special characters and of backslashes, so values are written in the form that both read alike.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import HIDDEN, HIDDEN_WRITTEN

# A variable with such a name holds a secret; switches and places that have one of the words in their name do not.
SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|SECRET|DSN|(?<!USE_ID_)TOKEN(?!_SOURCE|_ENDPOINT)|(?:^|_)KEY$", re.IGNORECASE
)

_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)=", re.ASCII)
_EXPORT = re.compile(r"export(?:[ \t]+[A-Za-z_]\w*)+[ \t]*$", re.ASCII)
_END = {
    "shell": re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)(?:\n|\Z)"),
    "env_file": re.compile(r"[ \t]*(?:\n|\Z)"),  # systemd takes a comment for a part of the value
}
_PART = {
    "shell": re.compile(
        r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^\s'"\\;&|<>()]+)""", re.DOTALL
    ),
    "env_file": re.compile(
        r"""'(?P<single>[^'\n]*)(?<!\\)'|"(?P<double>[^"\\$`\n]*)"|(?P<plain>[\w@%+=:,./-]+(?:[ \t]+[\w@%+=:,./-]+)*)""", re.ASCII
    ),
}
# What a double quoted shell string takes a backslash before.
_UNESCAPED = re.compile(r'\\([$`"\\])|\\\n')
_EXPANDED = re.compile(r"(?<!\\)(?:\\\\)*[$`]")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?=\S)", re.ASCII)
_PASSWORD_IN_URL = re.compile(r"(://[^\s/:@'\"]*:)[^\s@]+(?=@)")


@dataclass(frozen=True)
class Statement:
    """A part of a file, mostly a line: C(before) + C(raw) + C(after) is its text.

    ``name`` is the variable that it sets, where that is all that it does; ``raw`` is the value as it is written there, and
    ``value`` what a reader makes of it, None where only the reader knows.
    """

    before: str
    name: str = ""
    raw: str = ""
    value: str | None = None
    after: str = ""

    @property
    def text(self) -> str:
        return f"{self.before}{self.raw}{self.after}"

    @property
    def secret(self) -> bool:
        return bool(SECRET_NAME.search(self.name))

    def may_set(self, name: str) -> bool:
        """Whether it sets the variable, or could: C(A=1; B=2), C(unset A), C(read A)."""
        if self.name:
            return self.name == name
        code = self.before.strip()
        mentioned = re.search(rf"(?<![\w${{]){re.escape(name)}(?!\w)", code)
        return bool(mentioned) and not code.startswith("#") and not _EXPORT.match(code)


def parse(text: str, file_format: str) -> list[Statement]:
    statements = []
    position = 0
    while position < len(text):
        statement = _assignment(text, position, file_format) or _line(text, position)
        statements.append(statement)
        position += len(statement.text)
    return statements


def _line(text: str, position: int) -> Statement:
    end = text.find("\n", position) + 1
    return Statement(text[position : end or len(text)])


def _assignment(text: str, position: int, file_format: str) -> Statement | None:
    """The assignment that begins here; None where something else does, or where it is not the only thing on its line."""
    start = _ASSIGNMENT.match(text, position)
    if not start:
        return None
    here = start.end()
    value: str | None = ""
    while part := _PART[file_format].match(text, here):
        known = _value(part, file_format)
        value = None if known is None or value is None else value + known
        here = part.end()
        if file_format == "env_file":  # which has no values in several parts
            break
    end = _END[file_format].match(text, here)
    if not end and file_format == "shell":
        return None
    if not end:  # a value that Compose and systemd read differently: it is all that is left of the line
        here, value = start.end() + len(text[start.end() :].partition("\n")[0]), None
        end = _END[file_format].match(text, here)
    after = end.group() if end else ""
    return Statement(start.group(), start["name"], text[start.end() : here], value, after)


def _value(part: re.Match[str], file_format: str) -> str | None:
    found = part.groupdict()
    if found["single"] is not None:
        return found["single"]
    if found["double"] is not None:
        if file_format == "shell" and _EXPANDED.search(found["double"]):
            return None
        return _UNESCAPED.sub(r"\1", found["double"]) if file_format == "shell" else found["double"]
    if found.get("escaped") is not None:
        return "" if found["escaped"] == "\n" else found["escaped"]
    plain = found["plain"]
    if file_format == "shell" and re.search(r"[$`]|^~|:~", plain):
        return None
    return plain


def read_settings(text: str) -> dict[str, str]:
    """The variables of C(NAME=value) lines that a task asks for, quoted as for a shell; anything else on a line is an error."""
    settings: dict[str, str] = {}
    for number, statement in enumerate(parse(text, "shell"), start=1):
        if statement.name and statement.value is not None:
            settings[statement.name] = statement.value
        elif statement.text.strip() and not statement.text.lstrip().startswith("#"):
            what = f"the value of {statement.name} is an expression" if statement.name else "it is not NAME=value"
            raise Failure(f"Line {number} of the settings cannot be read: {what}. Quote values, with the filter 'quote'.")
    return settings


def quote(name: str, value: str, file_format: str) -> str:
    """The value as the format writes it."""
    if file_format == "shell":
        return shlex.quote(value)
    if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII):
        return value
    if "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    if not re.search(r'["\\$`]', value):
        return f'"{value}"'
    what = "a backslash at its end" if value.endswith("\\") else 'a single quote together with one of " \\ $ and `'
    raise Failure(f"{name} holds {what}: there is no way to write that which Compose and systemd read alike.")


def merge(text: str, settings: Mapping[str, str], file_format: str, *, exclusive: bool = False) -> str:
    """The file with these settings in it: changed where they stand, the others appended; with ``exclusive`` nothing else.

    The last assignment of a variable is the one that counts, so that is the one that is changed. Windows line ends become
    a line feed: a shell takes the carriage return for a part of the value.
    """
    statements = [] if exclusive else parse(text.replace("\r\n", "\n"), file_format)
    for name, value in settings.items():
        raw = quote(name, value, file_format)
        last = max((index for index, each in enumerate(statements) if each.may_set(name)), default=None)
        if last is None or statements[last].name != name:
            if statements and not statements[-1].text.endswith("\n"):
                statements[-1] = replace(statements[-1], after=f"{statements[-1].after}\n")
            statements.append(Statement(f"{name}=", name, raw, value, "\n"))
        elif statements[last].value != value:
            statements[last] = replace(statements[last], raw=raw, value=value)
    return "".join(statement.text for statement in statements)


def secrets(text: str, file_format: str) -> set[str]:
    """Every secret in a file, as its value and as it is written."""
    found = [each for each in parse(text, file_format) if each.secret]
    return {form for each in found for form in (each.value, each.raw) if form}


def difference(before: str, after: str, file_format: str) -> dict[str, str]:
    """Both texts for ``--diff``, line by line, with words in place of each secret."""
    old, new = parse(before, file_format), parse(after, file_format)
    known = {statement.name: statement.value for statement in old}
    return {
        "before": "".join(_shown(each, HIDDEN) for each in old),
        "after": "".join(_shown(each, HIDDEN if _same(each, known) else HIDDEN_WRITTEN) for each in new),
    }


def _same(statement: Statement, known: Mapping[str, str | None]) -> bool:
    """Whether a statement stood there before. What is no plain assignment is never changed."""
    return not statement.name or statement.value == known.get(statement.name, statement)


def _shown(statement: Statement, hidden: str) -> str:
    if statement.name:
        raw = hidden if statement.secret and statement.raw else statement.raw
        return _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}", f"{statement.before}{raw}{statement.after}")
    return hide(statement.text)


def hide(text: str) -> str:
    """Text of any kind, without what follows the first name of a secret and its equals sign."""
    found = next((each for each in _ASSIGNED.finditer(text) if SECRET_NAME.search(each["name"])), None)
    if found:
        text = f"{text[: found.end()]}{HIDDEN}" + ("\n" if text.endswith("\n") else "")
    return _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}", text)


def without(text: str, values: Sequence[str]) -> str:
    """Text without these secrets, the longest first, since one may be a part of another."""
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text
