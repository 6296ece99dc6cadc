"""The command ``ven``: set up a VEN, run it, look at it.

Each command is loaded when it is used; each of the modules holds one, ``base`` what they share.
"""

import click

from runtime.cli import HELP, Late, LateGroup


@click.group(
    cls=LateGroup,
    late={
        "init": Late("ven.cli.init:init", "Make a folder for a VEN, from a bundle or nothing."),
        "run": Late("ven.cli.run:run", "Run the VEN until Ctrl-C or SIGTERM."),
        "renew": Late("ven.cli.renew:renew", "Use the next certificate, from a bundle."),
        "override": Late(
            "ven.cli.override:override", "Say that a person overrides the VEN, or no longer."
        ),
        "opt": Late("ven.cli.opt:opt", "Say when the VEN takes part, and when it does not."),
        "status": Late("ven.cli.status:status", "Say how the VEN is, whether or not it runs."),
        "trace": Late(
            "ven.cli.trace:trace",
            "Show what was said, to and from the VTN, and what was wrong with it.",
        ),
    },
    context_settings=HELP,
)
def main() -> None:
    r"""Run an OpenADR 2.0b VEN: the side of the building.

    \b
    First hour:
      ven init school-7 --bundle school-7.zip     key, certificate, configuration
      cd school-7
      ven run

    \b
    On another terminal:
      ven status

    A VEN needs no code: ven.toml names its meters (a CSV file, a Python function, this
    computer), its loads and when to take part in an event. Times are UTC.

    Exit codes: 0 all is well, 1 refused, failed or not well, 2 wrong usage.
    """


__all__ = ["main"]
