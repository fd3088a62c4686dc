"""Write the pages that follow from the code: campaign-file.md, commands.md and campaign.schema.json.

Usage: python docs/generate.py            write the pages
       python docs/generate.py --check    exit with 1 if a page differs from what would be written
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from typer.main import get_command

from tuning.campaign.file import json_schema
from tuning.campaign.resume import MAY_CHANGE
from tuning.cli.app import app
from tuning.cli.options import EXIT_INTERRUPTED, EXIT_NEGATIVE, EXIT_USAGE
from tuning.journal.text import json_text

DOCS = Path(__file__).parent
WIDTH = 120
COMMENT = 45
"""Column at which the comments of the example begin."""
Schema = dict[str, Any]

CAMPAIGN_FILE = """\
# Campaign file

<!-- Written by docs/generate.py. Do not edit. -->

A campaign file is a TOML file that describes one search. `seqtune launch FILE` starts or resumes it. Only `name`,
`seed`, `data.dataset`, and `space.name` or `space.model` are required.

Unknown keys and invalid values are reported before training starts, with key, value and allowed values.

## Override a key

`--set KEY=VALUE` overrides a key for one launch; repeat it for several keys. The key is dotted, and the value is
written as in TOML. Quotes around a string may be left out. `--name` and `--trials` override `name` and `search.trials`.

```sh
seqtune launch campaigns/demo.toml --name demo-smote --set data.balance=smote --set train.epochs=5
```

`--set KEY=` removes a key of the file, so that its default applies:

```sh
seqtune plan campaigns/gestures-cells.toml --set data.splits= --set search.replicates=
```

## Check a file in an editor

Editors with TOML support, for example Visual Studio Code with Even Better TOML, complete and check the keys of a file
whose first line names the JSON Schema:

```text
#:schema docs/campaign.schema.json
```

The path is relative to the campaign file. `seqtune schema > campaign.schema.json` writes the schema of the installed
version.

## Change a file between launches

A campaign resumes after any of these keys has changed:

{may_change}

No completed trial depends on them. `search.trials` may only increase. `[comparison]` may be added or removed as a
whole. Any other change needs another `name`. See [Resume a campaign](reproducibility.md#resume-a-campaign).

## Keys

A key without a default is required. *Unset* means that the key has no value unless the file sets it."""

EXAMPLE = "Each key with a default is set to it. Keys behind a `#` are unset by default. The file is valid as it is."

COMMANDS = """\
# Commands

<!-- Written by docs/generate.py. Do not edit. -->

`seqtune COMMAND --help` prints the same text. `seqtune --version` prints the version, and
`seqtune --install-completion` installs completion for the current shell."""

TABLES = {
    "": "These keys precede the first table of the file. [Own code](own-code.md) describes `code`.",
    "data": "The data set, its columns, its split and its class imbalance. [Data](data.md) describes data sets, file "
    "formats, splits and methods against imbalance.",
    "space": "The search space, and how this campaign changes it; either `name` or `model` is required. Dimensions are "
    "named by path, for example `model.hidden`; the last word is sufficient where it is unambiguous. [Models and "
    "spaces](models-and-spaces.md) lists spaces and dimensions, and describes "
    "[`dimensions`](models-and-spaces.md#search-your-own-dimensions).",
    "search": "The search algorithm and the number of trials. See "
    "[Search algorithms](models-and-spaces.md#search-algorithms).",
    "train": "Hyperparameters of training that are not searched. A dimension of the space is rejected here: fix it "
    "with `space.fix`. To search a key of this table, add it to `space.dimensions`. Classical models ignore "
    "this table.",
    "objective": "The metric that ranks trials, computed on the validation part at the best epoch of each trial. "
    "`mae`, `rmse` and `r2` apply to series, `loss` to all data, and the others to classification.",
    "resources": "Workers, threads, device and limits of trials.",
    "budget": "The time limit of a launch.",
    "limits": "The largest networks that are trained. A suggestion beyond a limit is replaced before it becomes a "
    "trial, so it uses up none. See [Limits](models-and-spaces.md#limits). Classical models have no limits.",
    "comparison": "The question that `seqtune compare` answers. This table is optional. [Comparisons](comparisons.md) "
    "describes the responses.",
}
"""Table -> its introduction."""

REQUIRED = {
    "name": "example",
    "seed": 20250203,
    "data.dataset": "synthetic",
    "space.name": "laboratory",
    "comparison.factor": "model.cell",
}
"""The keys that a campaign needs, as the example sets them."""

UNSET = {
    "data.label": "diagnosis",
    "data.group": "patient",
    "data.text": "review",
    "data.target": "load",
    "data.sequence": "recording",
    "data.time": "t",
    "data.segment": {"length": 128, "step": 64, "label": "majority"},
    "data.test": "test.csv",
    "data.folds": 5,
    "data.splits": 5,
    "data.max_rows": 10000,
    "train.epoch_rows": 5000,
    "data.scale": "standard",
    "space.model": "cnn1d",
    "search.trials": 50,
    "search.startup_trials": 20,
    "resources.address": "auto",
    "resources.gpus": 0.5,
    "resources.trial_wall_s": 3600,
    "budget.wall_s": 28800,
    "limits.parameters": 200000,
    "limits.memory_mb": 500,
    "comparison.by": "model.layers",
}
"""The keys that may be left unset, each with a value that the example shows behind a ``#``."""

EXIT_CODES = {
    0: "The command succeeded. A launch that stops because `budget.wall_s` is used up also exits with 0.",
    EXIT_NEGATIVE: "The command ran, and the result is negative: a reproduction or two records differ, a check of "
    "`seqtune doctor` or `seqtune check` failed, no trial has completed, no level can be compared, a trial of a "
    "confirmation failed, a deletion was not confirmed. Or a launch or confirmation ended early: its first trials all "
    "failed, no suggestion was within `[limits]`, a process of Ray was lost, or a worker could not use the disk, the "
    "prepared data or your code. The message states the cause. An error in seqtune itself also exits with 1.",
    EXIT_USAGE: "Usage error: an unknown option, an invalid campaign file, a missing file or data set. Also a damaged "
    "journal, a folder or store that cannot be used, and a lack of memory. The message states what to change.",
    EXIT_INTERRUPTED: "Interrupted by Ctrl-C or SIGTERM. `seqtune launch` can be resumed with the same command.",
}


def main() -> int:
    """Write or check every page; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    check = parser.parse_args().check
    outdated = [name for name, page in PAGES.items() if _read(name) != page()]
    for name in outdated:
        if check:
            print(f"docs/{name} is out of date. Run: python docs/generate.py", file=sys.stderr)
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
            print(f"docs/{name} written")
    return int(check and bool(outdated))


def schema() -> str:
    """Return what ``seqtune schema`` prints."""
    return f"{json_text(json_schema())}\n"


def campaign_file() -> str:
    """Return the page of a campaign file's keys."""
    whole = json_schema()
    may_change = _wrapped(f"{', '.join(f'`{key}`' for key in MAY_CHANGE)}.")
    parts = [CAMPAIGN_FILE.format(may_change=may_change)]
    for table, keys in _tables(whole):
        rows = [
            (f"`{name}`", _allowed(key, whole), _default(key, required=required), _plain(key["description"]))
            for name, key, required in keys
        ]
        parts += [f"### {f'`[{table}]`' if table else 'Top level'}", _wrapped(TABLES[table])]
        parts += [_table(("key", "value", "default", "meaning"), rows)]
    parts += ["## Example with all keys", EXAMPLE, _code("toml", _example(whole))]
    return _page(parts)


def commands() -> str:
    """Return the page of the command line."""
    verbs = dict(_commands(get_command(app)))
    purposes = [
        (f"[`seqtune {verb}`](#{_anchor(f'seqtune {verb}')})", _plain(one.help.partition("\n\n")[0]))
        for verb, one in verbs.items()
    ]
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    parts = [COMMANDS, _table(("command", "purpose"), purposes)]
    parts += ["## Exit codes", _table(("code", "meaning"), codes)]
    for verb, one in verbs.items():
        text, _, example = _plain(one.help).partition("Example: ")
        arguments = [parameter for parameter in one.params if parameter.param_type_name == "argument"]
        options = [parameter for parameter in one.params if parameter.param_type_name == "option"]
        usage = " ".join(["seqtune", verb, *map(_argument, arguments), *["[OPTIONS]"][: len(options)]])
        parts += [f"## `seqtune {verb}`", _wrapped(_literal(text)), _code("text", usage)]
        if arguments:
            described = [(f"`{_argument(argument)}`", _plain(argument.help)) for argument in arguments]
            parts += [_table(("argument", "meaning"), described)]
        if options:
            rows = [(_option(one), _option_default(one), _variable(one), _plain(one.help)) for one in options]
            parts += [_table(("option", "default", "environment variable", "meaning"), rows)]
        if example:
            parts += ["Example:", _code("sh", example)]
    return _page(parts)


PAGES: dict[str, Callable[[], str]] = {
    "campaign-file.md": campaign_file,
    "commands.md": commands,
    "campaign.schema.json": schema,
}


# Campaign file


def _tables(whole: Schema) -> Iterator[tuple[str, list[tuple[str, Schema, bool]]]]:
    """Yield each table of a campaign file with its keys; the top level's own keys first, under an empty name."""
    tables = {name: inner for name, key in whole["properties"].items() if (inner := _inner(key, whole))}
    top = {name: key for name, key in whole["properties"].items() if name not in tables}
    for table, inner in {"": {**whole, "properties": top}, **tables}.items():
        required = inner.get("required", [])
        yield table, [(name, key, name in required) for name, key in inner["properties"].items()]


def _inner(key: Schema, whole: Schema) -> Schema | None:
    """Return the schema of a table, None of a key that holds a value."""
    for option in (key, *key.get("anyOf", ())):
        if "$ref" in option:
            inner: Schema = whole["$defs"][option["$ref"].rpartition("/")[2]]
            return inner
    return None


def _allowed(key: Schema, whole: Schema) -> str:
    """Return the values that a key accepts, as Markdown."""
    if "anyOf" in key:
        options = [option for option in key["anyOf"] if option.get("type") != "null"]
        lists = [option for option in options if option.get("type") == "array"]
        if len(options) == len(lists) + 1 and lists and lists[0]["items"] in options:
            return f"{_allowed(lists[0]['items'], whole)}; or a list of these"
        return " or ".join(_allowed(option, whole) for option in options)
    if "enum" in key:
        return ", ".join(f'`"{value}"`' for value in key["enum"])
    if "$ref" in key:
        inner = _inner(key, whole) or {}
        return f"table: {'; '.join(f'`{name}` {_allowed(one, whole)}' for name, one in inner['properties'].items())}"
    kind = key.get("type")
    if kind in ("integer", "number"):
        return f"{kind} {_limits(key)}".strip()
    if kind == "array":
        return f"list of {_allowed(key['items'], whole)}s"
    return {"string": "string", "object": "table", "boolean": "true or false"}[str(kind)]


def _limits(key: Schema) -> str:
    """Return ``>= 1``, or ``> 0, < 1``."""
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {_number(key[word])}" for word, sign in signs.items() if word in key]
    return ", ".join(limits)


def _number(value: float) -> str:
    if isinstance(value, int) and value > 2**20 and value & (value - 1) == 0:
        return f"2^{value.bit_length() - 1}"
    return f"{value:g}" if abs(value) < 10**6 else str(value)


def _default(key: Schema, *, required: bool) -> str:
    """Return a default as Markdown."""
    if required:
        return ""
    return "*unset*" if key["default"] is None else f"`{_toml(key['default'])}`"


def _toml(value: object) -> str:
    """Return a default as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }" if value else "{}"
    return str(value)


def _example(whole: Schema) -> str:
    """Return a campaign file with every key, each with the first sentence of its meaning as comment."""
    lines: list[str] = []
    for table, keys in _tables(whole):
        lines += ["", f"[{table}]"] if table else []
        for name, key, _ in keys:
            path = f"{table}.{name}" if table else name
            unset = path not in REQUIRED and key["default"] is None
            value = REQUIRED.get(path) or (UNSET[path] if unset else key["default"])
            lines += _commented(
                f"{'# ' if unset else ''}{name} = {_toml(value)}", _sentence(_plain(key["description"]))
            )
    return "\n".join(lines)


def _commented(line: str, comment: str) -> list[str]:
    """Return a line with its comment, which continues below it where it is long, or begins there where the line is."""
    texts = textwrap.wrap(comment.replace("`", ""), WIDTH - COMMENT - 2)
    below = [f"{'':<{COMMENT}}# {text}" for text in texts]
    return [line, *below] if len(line) >= COMMENT else [f"{line:<{COMMENT}}# {texts[0]}", *below[1:]]


def _sentence(text: str) -> str:
    """Return the first sentence, without its full stop."""
    return re.split(r"\. (?=[A-Z`])", text)[0].rstrip(".")


# Commands


def _commands(command: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command, ``launch`` and ``datasets fetch``, with its object."""
    for name, one in getattr(command, "commands", {}).items():
        yield f"{before}{name}", one
        yield from _commands(one, f"{before}{name} ")


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    more = "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name.strip('[]')}]{more}"


def _option(option: Any) -> str:
    names = ", ".join(option.opts)
    if option.is_flag:
        return f"`{names}`"
    kind = option.metavar or ("N" if option.type_descriptor.annotation is int else "TEXT")
    limits = [f"≥ {option.min}"] if option.min is not None else []
    limits += [f"≤ {option.max}"] if option.max is not None else []
    return f"`{names} {kind}`" + (f", {' and '.join(limits)}" if limits else "")


def _option_default(option: Any) -> str:
    if option.required:
        return "required"
    return "" if option.default is None or option.is_flag else f"`{option.default}`"


def _variable(option: Any) -> str:
    return f"`{option.envvar}`" if option.envvar else ""


# Markdown


def _plain(text: str) -> str:
    """Return a docstring as Markdown on one line."""
    return " ".join(text.replace("``", "`").split())


def _literal(text: str) -> str:
    """Return text in which Markdown takes no asterisk outside code for emphasis."""
    return "".join(part if part.startswith("`") else part.replace("*", "\\*") for part in re.split(r"(`[^`]*`)", text))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; columns in which no row has anything are left out."""
    kept = [number for number in range(len(heads)) if any(row[number] for row in rows)]
    lines = [[heads[number] for number in kept], ["---"] * len(kept)]
    lines += [[row[number].replace("|", "\\|") for number in kept] for row in rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|" for cells in lines)


def _code(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _read(name: str) -> str | None:
    path = DOCS / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
