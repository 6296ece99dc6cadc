"""The handler that decides on registrations while an application has given none.

With a configuration, that is the one of ``[registration]``; the application may still
take its place.
"""

from vtn.compat.calling import Function
from vtn.config import Settings
from vtn.hooks import Accept, Context, Refuse, Registration
from vtn.server import configured_handlers


class Undecided:
    """Stands for whoever will decide, so that no default is added that cannot be replaced."""

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Is never asked."""
        return Refuse()


def default_registration(settings: Settings) -> Function:
    """Returns what decides where the configuration names no handler.

    Raises:
        runtime.errors.ConfigError: its settings are wrong.
    """
    for handler in configured_handlers(settings):
        decide: Function | None = getattr(handler, "on_create_party_registration", None)
        if decide is not None:
            return decide
    raise AssertionError("a configuration always has a handler of registrations")
