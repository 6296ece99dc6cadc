"""How a VEN behaves, apart from how it reaches its VTN."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from oadr.enums import OptType
from oadr.event.assess import Supported
from oadr.event.signals import DEFAULT_SIGNALS
from ven.backoff import CAP

#: How often to poll while the VTN has not said.
POLL_INTERVAL = timedelta(seconds=10)
#: Part of the poll interval by which polls vary, later only: no VEN polls faster than asked.
POLL_JITTER = 0.1
#: The longest interval between polls that is taken from a VTN.
MAX_POLL_INTERVAL = timedelta(days=1)
#: How often a VEN that is pushed to asks for all events all the same.
PUSH_RESYNC = timedelta(hours=1)
#: What every address of the profile ends in, before the name of the service (R511).
PATH = "/OpenADR2/Simple/2.0b"


class Introduction(StrEnum):
    """Whether the VTN is told what this VEN can report (R301, R309).

    ``auto`` tells it, and takes it for an answer that the VTN has no EiReport; it is asked
    again once a day, and when the VEN starts. ``always`` insists. ``never`` is for VTNs that
    are known to have none.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a VEN behaves.

    Attributes:
        ven_name: what people call it.
        ven_id: allocated beforehand by the VTN; None lets it choose (R402).
        pre_provisioned: whether the VTN has no EiRegisterParty, and knows this VEN by its
            ``ven_id`` all the same, because people have told it.
        vtn_id: of such a VTN; None takes that of the first events that it sends.
        introduction: whether the VTN is told what can be reported.
        default_opt: answer to events when no hook decides.
        market_contexts: programmes that it takes part in; None accepts any.
        resource_ids: its resources, beside those of its meters.
        group_ids: groups that it is in; None is in any.
        party_ids: parties that it is.
        device_classes: device classes behind it (R111); None accepts any.
        signals: signals that it supports.
        poll_interval: in place of the VTN's, None to do as the VTN says.
        poll_jitter: part of the interval, 0 to 1, by which polls come later.
        push_address: base address that the VTN pushes to, registered as
            oadrTransportAddress (R402); None if this VEN polls.
        push_resync: how often a VEN that is pushed to asks for all events all the same,
            should the VTN have given up on it.
        backoff_cap: longest wait after failures.
        reregister_after: how long to stay away after the VTN has cancelled the
            registration (R401).
        query_first: ask what the VTN supports before registering.
        xml_signature: whether messages are signed, for the registration (R514).
        report_only: whether this is a Report Only VEN, which has no part in events and
            opts (R510).
        status: whether the status of the resources is offered where no meter tells it (R510).
        hook_seconds: real seconds that a handler may take.
        hook_limits: the same for single hooks, by their names.
        meter_seconds: real seconds that a meter may take.
        parked_reports: how many undeliverable reports are kept for people to see.
        outbox_bytes: how much may wait for a VTN that is away; the oldest reports are
            dropped first. Their readings stay for as long as history is offered.
    """

    ven_name: str
    ven_id: str | None = None
    pre_provisioned: bool = False
    vtn_id: str | None = None
    introduction: Introduction = Introduction.AUTO
    default_opt: OptType = OptType.OPT_IN
    market_contexts: frozenset[str] | None = None
    resource_ids: frozenset[str] = frozenset()
    group_ids: frozenset[str] | None = None
    party_ids: frozenset[str] = frozenset()
    device_classes: frozenset[str] | None = None
    signals: Supported = field(default_factory=lambda: DEFAULT_SIGNALS)
    poll_interval: timedelta | None = None
    poll_jitter: float = POLL_JITTER
    push_address: str | None = None
    push_resync: timedelta = PUSH_RESYNC
    backoff_cap: timedelta = CAP
    reregister_after: timedelta = timedelta(minutes=1)
    query_first: bool = False
    xml_signature: bool = False
    report_only: bool = False
    status: bool = True
    hook_seconds: float = 10.0
    hook_limits: Mapping[str, float] = field(default_factory=dict)
    meter_seconds: float = 60.0
    parked_reports: int = 1000
    outbox_bytes: int = 256 * 2**20

    def given(self, **changes: object) -> "Options":
        """Returns the options with those changes that are not None."""
        made = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **made)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        if not self.ven_name:
            raise ValueError("ven_name is empty; expected what people call this VEN")
        if not 0 <= self.poll_jitter <= 1:
            raise ValueError(f"poll_jitter is {self.poll_jitter}; expected 0 to 1")
        if self.poll_interval is not None and self.poll_interval <= timedelta(0):
            raise ValueError("poll_interval must be more than 0")
        if self.pre_provisioned and not self.ven_id:
            raise ValueError("pre_provisioned without ven_id; expected the ID that the VTN has")
        if self.push_resync <= timedelta(0):
            raise ValueError("push_resync must be more than 0")
        if self.push_address is not None:
            object.__setattr__(self, "push_address", push_address(self.push_address))


def push_address(text: str) -> str:
    """Returns a base address as it is registered: the VTN appends path and service (R511).

    Raises:
        ValueError: nobody could push to it.
    """
    problem = f"{text[:200]!r} is no address to push to; expected https://host[:port][/prefix]"
    try:
        parts = urlsplit(text.strip())
        hosted = parts.hostname is not None and parts.port != 0
    except ValueError:
        raise ValueError(problem) from None
    if parts.scheme.lower() not in {"http", "https"} or not hosted:
        raise ValueError(problem)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{problem}, without user, query or fragment")
    path = parts.path.rstrip("/").removesuffix(PATH).rstrip("/")
    return f"{parts.scheme.lower()}://{parts.netloc}{path}"
