"""OadrPoll: a VEN asks whether anything waits for it."""

from dataclasses import dataclass
from typing import Annotated

from oadr.messages.common import VERSION, SchemaVersion
from oadr.messages.mapping import At, root


@root("oadrPoll")
@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """``oadrPoll``: it carries the venID and nothing else (R500)."""

    ven_id: Annotated[str, At("ei:venID")]
    schema_version: SchemaVersion = VERSION
