"""What may be left out of our messages for peers that choke on it.

All of it is optional by the schema and says nothing that the exchange depends on, so a
message without it is valid, and means the same.
"""

from enum import StrEnum


class Dispensable(StrEnum):
    """An attribute or element that may be left out, by its name without prefix.

    Rule 509 wants the version in every message, so a peer has to be told to have none.
    """

    SCHEMA_VERSION = "schemaVersion"
    ID = "Id"
    RESPONSE_DESCRIPTION = "responseDescription"
    REPORT_SUBJECT = "reportSubject"
    REPORT_DATA_SOURCE = "reportDataSource"
    CONFIDENCE = "confidence"
    ACCURACY = "accuracy"
    DATA_QUALITY = "oadrDataQuality"


LeftOut = frozenset[Dispensable]
#: What is left out for everybody.
NOTHING: LeftOut = frozenset()
