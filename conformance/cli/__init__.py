"""The command ``conform``: prove a VTN or a VEN, rule by rule.

Each command is loaded when it is used.
"""

import click

from runtime.cli import HELP, Late, LateGroup, note_debug


@click.group(
    cls=LateGroup,
    late={
        "list": Late("conformance.cli.list:list_", "List cases, checks and rules."),
        "vtn": Late("conformance.cli.vtn:vtn", "Test a VTN: the kit plays the VEN."),
        "ven": Late("conformance.cli.ven:ven", "Test a VEN: the kit plays the VTN."),
        "check": Late("conformance.cli.check:check", "Judge recorded messages."),
        "proxy": Late("conformance.cli.proxy:proxy", "Judge what a VTN and its VENs say."),
        "report": Late("conformance.cli.report:report", "Make reports out of JSON results."),
    },
    context_settings=HELP,
)
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=note_debug,
    help="Show the traceback of an error, and log details.",
)
def main() -> None:
    r"""Prove an OpenADR 2.0b VTN or VEN, rule by rule.

    The kit plays the other side, and holds each message against the rules of the profile.

    \b
    A VTN that runs somewhere:
      conform vtn https://10.0.0.5:8443 --bundle kit-ven.zip --html report.html

    \b
    A VEN that is to come:
      conform ven --listen 0.0.0.0:8080 --html report.html

    \b
    What was recorded, or what goes on right now between any two:
      conform check trace/ message.xml
      conform proxy --listen 127.0.0.1:8080 --vtn http://localhost:8090

    \b
    What there is:
      conform list
      conform list E1_1020

    Exit codes: 0 all cases passed or were skipped, 1 a rule is violated or a case is
    inconclusive, 2 wrong usage or nothing could be tested.
    """


__all__ = ["main"]
