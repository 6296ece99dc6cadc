"""The command ``vtn``: set up, run and operate a VTN.

Each command is loaded when it is used; ``base`` has what they share.
"""

import click

from runtime.cli import HELP, Late
from vtn.cli.base import Main


@click.group(
    cls=Main,
    late={
        "init": Late("vtn.cli.init:init", "Create a folder with everything that a VTN needs."),
        "run": Late("vtn.cli.run:run", "Run the VTN until Ctrl-C or SIGTERM."),
        "ven": Late("vtn.cli.ven:ven", "Enrol, list, renew and revoke VENs."),
        "event": Late("vtn.cli.event:event", "Create, modify, cancel and follow events."),
        "opt": Late("vtn.cli.opt:opt", "Show when VENs take part: their opt schedules."),
        "report": Late("vtn.cli.report:report", "Ask for reports and export readings."),
        "explain": Late("vtn.cli.explain:explain_", "Say why a VEN does or does not see an event."),
        "status": Late(
            "vtn.cli.status:status",
            "Say on one screen whether all is well, and if not, what to do.",
        ),
        "trace": Late(
            "vtn.cli.trace:trace",
            "Show what was said, to and from each VEN, and what was wrong with it.",
        ),
        "audit": Late("vtn.cli.audit:audit", "Show who did what, newest first."),
        "demo": Late("vtn.demo.cli:demo", "Run a demand-response day in about a minute."),
    },
    context_settings=HELP,
)
def main() -> None:
    r"""Run an OpenADR 2.0b VTN: the side of the utility.

    \b
    First day:
      vtn init north-grid                  configuration, certificates, database
      cd north-grid
      vtn ven enrol school-7 --issue --out school-7.zip
      vtn run

    \b
    A peak event, on another terminal:
      vtn event create --to all --levels 1:15m,2:30m,1:15m --start today@18:00
      vtn event show e-20261120-1

    \b
    Readings:
      vtn report list
      vtn report export --ven school-7 --from today > load.csv

    \b
    Something is not as it should be:
      vtn status
      vtn explain --ven school-7 --event e-20261120-1

    Every command works on the database of the configuration, whether or not the VTN
    runs; a running VTN takes changes over within a second. Times are UTC.

    Exit codes: 0 all is well, 1 refused or failed, 2 wrong usage.
    """


__all__ = ["main"]
