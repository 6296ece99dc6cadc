"""Writes the parts of docs/reference that are made from the code.

    python docs/make_reference.py

The command lines come from their help, the hooks and the keys of ``vtn.toml`` from
their docstrings and types. A test compares the result with what is in the folder.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, get_args, get_type_hints

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import certs.cli
import certs.errors
import conformance.cli
import oadr.errors
import runtime.errors
import runtime.middleware
import runtime.trace
import ven.cli
import ven.errors
import ven.hooks
import ven.watching
import vtn.cli
import vtn.config
import vtn.endpoint
import vtn.errors
import vtn.hooks
import vtn.store.errors
from handlers import event, identity, poll, registration, report
from runtime.cli import HELP
from runtime.hooks import Hook
from vtn.cli.present import span

FOLDER = Path(__file__).parent / "reference"
WIDTH = 100

# ------------------------------------------------------------------ command lines

_COMMANDS = """\
# Command line

Made from `--help` by `docs/make_reference.py`. `vtn` is for the utility, `ven` for the building,
`oadr-certs` for whoever keeps the certificate authority, `conform` for whoever tests a VTN or VEN.

Exit codes: 0 all is well, 1 refused or failed, 2 wrong usage. An error is one line; `--debug` shows
where it came from.
"""


def commands() -> str:
    """Returns the reference of the command lines."""
    parts = [_COMMANDS]
    for name, command in (
        ("vtn", vtn.cli.main),
        ("ven", ven.cli.main),
        ("oadr-certs", certs.cli.main),
        ("conform", conformance.cli.main),
    ):
        for path, found in walk(name, command):
            level = "##" if path == name else "###"
            parts.append(f"{level} `{path}`\n\n```\n{help_of(path, found)}\n```\n")
    return "\n".join(parts)


def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yields a command and all below it, each with how it is typed."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command, info_name=path)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            if found is not None and not found.hidden:
                yield from walk(f"{path} {name}", found)


def help_of(path: str, command: click.Command) -> str:
    """Returns the help of a command as a terminal of usual width shows it."""
    ctx = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=HELP["help_option_names"],
    )
    return "\n".join(line.rstrip() for line in command.get_help(ctx).splitlines())


# ------------------------------------------------------------------ hooks

_HOOKS = """\
# Hooks

Made from `vtn/hooks.py` and `ven/hooks.py` by `docs/make_reference.py`. How to write a handler and
plug it in: [Handlers](../howto/handlers.md).

A hook is a method of a handler; a handler has any of them. A hook that *decides* may be in one
handler only; without one, its default holds. The others may be in any number of handlers. A handler
that raises an `oadr.errors.ProtocolError` refuses the exchange with that error's code. One that
fails in another way, or takes longer than its time limit, costs its own exchange code 469 and
nothing else. The limit of a hook is that of its name in `[time_limits]`, else `time_limit`.
"""

_BUNDLED = (registration, identity, report, poll, event)


def hooks() -> str:
    """Returns the reference of the hooks of both parties."""
    return "\n".join(
        [
            _HOOKS,
            "## Hooks of the VTN\n",
            *_of_party(vtn.hooks),
            "## Hooks of the VEN\n",
            *_of_party(ven.hooks),
            "## Middleware\n",
            _middleware(),
            "## Traces\n",
            _traces(),
        ]
    )


_ADDED = "Added by `{}` of `vtn.server.Server` and of `ven.client.Client`"


def _middleware() -> str:
    text = marked(inspect.getdoc(runtime.middleware) or "")
    sample = re.sub(r"(?:\n {4}.*|\n(?=\n {4}))+", _as_code, text)
    return f"{sample}\n\n{_ADDED.format('add_middleware')}, or by their argument `middleware`.\n"


def _as_code(found: "re.Match[str]") -> str:
    return f"\n\n```python\n{textwrap.dedent(found[0]).strip()}\n```"


def _traces() -> str:
    moments = "\n".join(f"- `{name}`" for name in ven.watching.TRACES)
    return "\n\n".join(
        [
            marked(inspect.getdoc(runtime.trace) or ""),
            f"{_ADDED.format('add_trace')}, called with a `Traffic`.",
            _value(runtime.trace.Traffic).rstrip(),
            "`Client.add_hook` of a VEN shows single steps, by OpenLEADR's names, in this order:",
            f"{moments}\n",
        ]
    )


def _of_party(module: ModuleType) -> Iterator[str]:
    handlers = [cls for name, cls in classes(module) if name.endswith("Handler")]
    for cls in handlers:
        yield f"### `{module.__name__}.{cls.__name__}`\n\n{summary(cls)}\n"
        for hook in module.HOOKS:
            if hook.name in vars(cls):
                yield _hook(hook, getattr(cls, hook.name))
    yield f"### What hooks of `{module.__name__}` are given and return\n"
    for name, cls in classes(module):
        if not name.endswith("Handler"):
            yield _value(cls)


def _hook(hook: Hook, method: Callable[..., Any]) -> str:
    signature = str(inspect.signature(method)).replace("(self, ", "(")
    signature = re.sub(r"\b(?:[a-z_]+\.)+([A-Z])", r"\1", signature)
    bundled = [
        f"`{module.__name__}.{cls.__name__}`"
        for module in _BUNDLED
        for _, cls in classes(module)
        if method.__name__ in vars(cls) and issubclass(cls, _owner(method))
    ]
    parts = [
        f"#### `{hook.name}`",
        f"```python\nasync def {hook.name}{signature}\n```",
        marked(inspect.getdoc(method) or ""),
        *(["One handler decides."] if hook.deciding else []),
        *([f"Bundled: {', '.join(bundled)}."] if bundled else []),
    ]
    return "\n\n".join(parts) + "\n"


def _owner(method: Callable[..., Any]) -> type:
    module = sys.modules[method.__module__]
    found: type = getattr(module, method.__qualname__.partition(".")[0])
    return found


def _value(cls: type) -> str:
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in attributes(cls).items())
    table = f"\n| attribute | |\n|---|---|\n{rows}\n" if rows else ""
    return f"#### `{cls.__name__}`\n\n{summary(cls)}\n{table}"


def classes(module: ModuleType) -> list[tuple[str, type]]:
    """Returns the public classes that a module defines, in its order."""
    return [
        (name, value)
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    ]


# ------------------------------------------------------------------ vtn.toml

_CONFIGURATION = """\
# `vtn.toml`

The configuration of a VTN. `vtn init` makes one; `vtn run -c FILE` uses it. Made from
`vtn/config.py` by `docs/make_reference.py`.

* Paths are relative to the file. In the section of a handler, `file`, `folder` and keys that end in
  `_file` or `_folder` are paths.
* Durations are written `"500ms"`, `"10s"`, `"5m"`, `"1h30m"`, `"2d"`, or as in ISO 8601 (`"PT5M"`).
* A key that is not known is an error. An error names the file, the key and what was expected.
* A dash in the tables below means: left out.

```toml
vtn_id = "north-grid"

[http]
port = 8443

[tls]
certificate = "vtn.crt"
key = "vtn.key"
ca = "ca/ca.crt"
crl = "ca/ca.crl"

[registration]
handler = "allow-list"

[reports]
handlers = ["store", "csv"]
request = [{ report = "TELEMETRY_USAGE", every = "1m", deliver = "5m" }]

[reports.settings.csv]
folder = "readings"
```

The settings of the bundled handlers: [Handlers](../howto/handlers.md).
"""


def configuration() -> str:
    """Returns the reference of ``vtn.toml``."""
    parts = [_CONFIGURATION, "## Top level\n\nThese stand before the first `[section]`.\n"]
    parts.append(_keys(vtn.config.Settings))
    for name, field in fields_of(vtn.config.Settings).items():
        section = section_of(field)
        if section is not None:
            parts.append(f"## `[{name}]`\n\n{_after_colon(section)}\n\n{_keys(section)}")
            parts += [
                f"### An entry of `[{name}] {key}`\n\n{_after_colon(entry)}\n\n{_keys(entry)}"
                for key, inner in fields_of(section).items()
                if (entry := entry_of(inner)) is not None
            ]
    return "\n".join(parts)


def fields_of(section: type) -> dict[str, FieldInfo]:
    """Returns the keys of a section, be it a model of pydantic or a dataclass."""
    if issubclass(section, BaseModel):
        return section.model_fields
    hints = get_type_hints(section)
    return {
        field.name: FieldInfo(
            annotation=hints[field.name],
            default=PydanticUndefined if field.default is MISSING else field.default,
            default_factory=None if field.default_factory is MISSING else field.default_factory,
        )
        for field in fields(section)  # type: ignore[arg-type]  # it is a dataclass then
    }


def section_of(field: FieldInfo) -> type | None:
    """Returns the class of a section; None for a plain key."""
    kind = field.annotation
    if isinstance(kind, UnionType):
        # One that may be left out is the class or None.
        kind = next((one for one in get_args(kind) if one is not NoneType), kind)
    return kind if isinstance(kind, type) and _is_section(kind) else None


def _is_section(kind: type) -> bool:
    return issubclass(kind, BaseModel) or is_dataclass(kind)


def entry_of(field: FieldInfo) -> type | None:
    """Returns the class of the entries of a list; None if it is none."""
    for kind in get_args(field.annotation):
        if isinstance(kind, type) and _is_section(kind):
            return kind
    return None


def _keys(model: type) -> str:
    texts = attributes(model)
    rows = [
        f"| `{name}` | {default_of(field)} | {texts[name]} |"
        for name, field in fields_of(model).items()
        if section_of(field) is None
    ]
    return "| key | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def default_of(field: FieldInfo) -> str:
    """Returns a default as it would be written in the file."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "-"
    if isinstance(value, timedelta):
        return f'`"{span(value)}"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{value}`".replace("'", '"')


# ------------------------------------------------------------------ docstrings


def summary(cls: type) -> str:
    """Returns a docstring up to its first section."""
    text = inspect.getdoc(cls) or ""
    return marked(re.split(r"\n\n(?:Attributes|Args|Raises|Returns):", text)[0])


def attributes(cls: type) -> dict[str, str]:
    """Returns the texts of the section ``Attributes``, by name; inherited ones first."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is cls or (base.__doc__ and base.__module__ == cls.__module__):
            found |= dict(_attributes(inspect.cleandoc(base.__doc__ or "")))
    return found


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    _, mark, rest = text.partition("Attributes:\n")
    if not mark:
        return
    block = re.split(r"\n(?=\S)", rest)[0]
    for entry in re.split(r"\n(?= {4}\w)", "\n" + block):
        name, _, words = entry.strip().partition(": ")
        if words:
            yield name, sentence(" ".join(words.split()))


def sentence(text: str) -> str:
    """Returns the text with a capital and without reST's double quotes."""
    text = marked(text).replace("|", "\\|")
    return text if text.startswith("`") else text[0].upper() + text[1:]


def marked(text: str) -> str:
    """Returns a docstring as Markdown."""
    return text.replace("``", "`")


def _after_colon(model: type) -> str:
    """Returns what the summary of a section says after its name."""
    return sentence(summary(model).partition(": ")[2].strip())


# ------------------------------------------------------------------ errors

_ERRORS = """\
# Errors

Made from the code by `docs/make_reference.py`. The first two parts are what a peer is told; the
third is what a program or a command line meets.
"""


def errors() -> str:
    """Returns the reference of response codes, status codes and exceptions."""
    codes = [
        f"| {cls.code} | `{cls.__name__}` | {summary(cls)} |"
        for cls in sorted(oadr.errors.ProtocolError.__subclasses__(), key=lambda cls: cls.code)
    ]
    return "\n".join(
        [
            _ERRORS,
            "## Application response codes\n",
            "In the `eiResponse` of the reply that fits the message, with its requestID. The text",
            "names the rule that was broken, such as `R517`; so does the line in the log.\n",
            "| code | error | when |\n|---|---|---|",
            *codes,
            "\n## HTTP status codes of the VTN\n",
            paragraphs(vtn.endpoint)[1],
            "\n## Exceptions\n",
            *(_tree(module) for module in _WITH_ERRORS),
        ]
    )


_WITH_ERRORS = (oadr.errors, runtime.errors, certs.errors, vtn.errors, vtn.store.errors, ven.errors)


def _tree(module: ModuleType) -> str:
    text = inspect.getdoc(module) or ""
    return f"### `{module.__name__}`\n\n```\n{text}\n```\n"


def paragraphs(module: ModuleType) -> list[str]:
    """Returns the paragraphs of a module's docstring."""
    return (inspect.getdoc(module) or "").split("\n\n")


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": commands,
    "hooks.md": hooks,
    "vtn-configuration.md": configuration,
    "errors.md": errors,
}


def main() -> None:
    """Writes every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
