"""How bundled handlers read their section of the configuration."""

from collections.abc import Mapping
from typing import Any, TypeVar

from runtime.settings import ConfigError, Section, check

S = TypeVar("S", bound=Section)


def read(section: Mapping[str, Any], model: type[S]) -> S:
    """Returns the settings in a handler's section.

    Raises:
        ValueError: a key is wrong; the text names it. Whoever builds the handler adds
            its name and the file.
    """
    try:
        return check(dict(section), model)
    except ConfigError as error:
        raise ValueError(str(error)) from None
