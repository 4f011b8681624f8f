# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with an option, made from its specification: the table of bad input.

A row is what a module would be given anyway, with one option in it spoilt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Options = Mapping[str, Any]

CONTROL = {"NUL": "\0", "newline": "\n", "tab": "\t", "escape": "\x1b", "delete": "\x7f"}
# Letters of another script that nobody can tell from these.
LOOK_ALIKES = str.maketrans("aeopcxi", "аеорсхі")  # noqa: RUF001  # that is the point
FAR_TOO_LONG = 10_000
IN_PATHS = ("{}/b", "../{}", "..", ".", "{}?b=c", "{}#b", "{}&b", "{}%2Fb", "%2e%2e")


@dataclass(frozen=True)
class Spoilt:
    """All options of a task; ``path`` is the one that is spoilt, ``kind`` how."""

    path: tuple[str, ...]
    kind: str
    options: dict[str, Any]

    @property
    def value(self) -> Any:
        """What the option holds, of a list of dictionaries the first one's."""
        value: Any = self.options
        for name in self.path:
            value = (value[0] if isinstance(value, list) else value)[name]
        return value

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.kind}"


def table(spec: Options, good: Options) -> Iterator[Spoilt]:
    """Every option of an argument spec spoilt in every way, with ``good`` options beside it."""
    for name, option in spec.items():
        for kind, value in _values(option, good.get(name)):
            yield Spoilt((name,), kind, {**good, name: value})
        if option.get("options"):
            is_list = option["type"] == "list"
            whole = good.get(name) or _sample(option)
            first, others = (whole[0], whole[1:]) if is_list else (whole, [])
            for row in table(option["options"], first):
                within = [row.options, *others] if is_list else row.options
                yield Spoilt((name, *row.path), row.kind, {**good, name: within})


def _values(option: Options, good: Any) -> Iterator[tuple[str, Any]]:
    """What an option should not hold, with a word for each; beside the first rows of a type it is of that type."""
    kind = option.get("type", "str")
    if option.get("choices") and kind == "str":
        choice = option["choices"][0]
        wrong = {"empty": "", "no choice": "nothing", "other case": choice.swapcase(), "space after it": f"{choice} "}
        yield from {"a list": ["a"], "a dictionary": {"a": 1}, **wrong}.items()
    elif kind in ("str", "path", "raw"):
        yield from {"a list": ["a", "b"], "a dictionary": {"a": 1}}.items()
        yield from _texts(good if isinstance(good, str) else "")
    elif kind in ("int", "float"):
        yield from {"a list": [1], "a dictionary": {"a": 1}, "a text": "many", "empty": "", "true": True}.items()
        yield from {"a fraction": "1.5", "negative": -1, "huge": 10**30}.items()
        yield from {} if kind == "int" else {"not a number": float("nan"), "infinite": float("inf")}.items()
    elif kind == "bool":
        yield from {"a list": [True], "a dictionary": {"a": 1}, "a text": "maybe", "a number": 2, "empty": ""}.items()
    elif kind == "dict":
        yield from {"a list": ["a"], "a text": "nothing", "a number": 5, "empty": {}}.items()
        yield from [] if option.get("options") else _entries(good or {})
    elif kind == "list":
        yield from {"a dictionary": {"a": 1}, "a text": "nothing", "a number": 5, "lists": [["a"]], "null": [None]}.items()
        yield from {"twice": [*good, good[0]]}.items() if good else ()
        if option.get("elements", "str") != "dict":
            inner = {"type": option.get("elements", "str"), "choices": option.get("choices")}
            yield from ((f"an entry {kind}", [value]) for kind, value in _values(inner, good[0] if good else None))


def _texts(good: str) -> Iterator[tuple[str, str]]:
    good = good.strip() or "good"
    yield from {"empty": "", "blank": " ", "far too long": good + "x" * FAR_TOO_LONG}.items()
    yield from ((f"with {name}", f"{good[:1]}{character}{good[1:]}") for name, character in CONTROL.items())
    yield from {"half a character": f"{good}\ud800", "space after it": f"{good} ", "line break after it": f"{good}\n"}.items()
    yield from {"look-alike": f"{good}а".translate(LOOK_ALIKES), "other case": good.swapcase()}.items()  # noqa: RUF001
    yield from ((f"like a path, {pattern}", pattern.format(good)) for pattern in IN_PATHS)


def _entries(good: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dictionaries without a specification: anything may be a name or a value in them."""
    for kind, value in _texts("key"):
        yield f"a name {kind}", {value: "a"}
        yield f"a value {kind}", {**good, "a": value}
    yield from {"a value null": {**good, "a": None}, "a value not a number": {**good, "a": float("nan")}}.items()


def _sample(option: Options) -> Any:
    """What an option may hold: of several the first, of a dictionary what it has to have."""
    kind = option.get("type", "str")
    if kind == "list":
        return [_sample({**option, "type": option.get("elements", "str")})]
    if option.get("choices"):
        return option["choices"][0]
    if kind == "dict":
        return {name: _sample(inner) for name, inner in (option.get("options") or {}).items() if inner.get("required")}
    return {"int": 1, "float": 1.0, "bool": True}.get(kind, "good")
