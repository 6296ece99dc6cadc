"""Where the services are, below the host, in either profile."""

from oadr.enums import ServiceName
from vtn.config import PATH

#: How the path of 2.0b ends; without it, it is that of 2.0a.
_OF_B = "/2.0b"
#: Where VENs listen that 2.0a is pushed to.
PATH_A = PATH.removesuffix(_OF_B)


def of_profile_a(prefix: str) -> str | None:
    """Returns where EiEvent of 2.0a is; None where there is none (R506, R511, section 3.7).

    Args:
        prefix: path or URL below which the services of 2.0b are. Beside one that does not
            end in ``2.0b``, as the template has it, there is no room for 2.0a.
    """
    stem = prefix.rstrip("/")
    return f"{stem.removesuffix(_OF_B)}/{ServiceName.EI_EVENT}" if stem.endswith(_OF_B) else None
