"""The parts of a VTN, put together: database, roster, services, HTTP.

Loading them takes longer than all else at a start; ``vtn.server`` can listen before.
"""

import asyncio
import logging
from dataclasses import dataclass
from random import Random

from runtime.clock import Clock
from runtime.hooks import Registry
from runtime.middleware import Chain
from runtime.tasks import Tasks
from runtime.trace import Traces
from vtn import pulse, upkeep
from vtn.capturing import capture_of
from vtn.config import Settings
from vtn.desk import Desk
from vtn.dispatch.https import HttpsPost
from vtn.dispatch.posting import Posting
from vtn.dispatch.push import Pusher
from vtn.dispatch.undelivered import Deliver
from vtn.endpoint import Endpoint
from vtn.operator import Operator
from vtn.roster import Roster
from vtn.signatures import Signatures
from vtn.store import StorageError, Store

log = logging.getLogger("openadr.vtn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """What a program has plugged into its VTN.

    Attributes:
        hooks: the handlers.
        middleware: what stands around the services.
        traces: what looks at the traffic.
    """

    hooks: Registry
    middleware: Chain
    traces: Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a VTN that runs is made of.

    Attributes:
        desk: what the services work with.
        endpoint: what answers requests.
        pusher: what brings messages to VENs that listen.
    """

    desk: Desk
    endpoint: Endpoint
    pusher: Pusher


async def open_parts(
    settings: Settings,
    *,
    plugged: Plugged,
    clock: Clock,
    tasks: Tasks,
    secure: bool,
    store: Store | None,
    deliver: Deliver | None = None,
) -> Parts:
    """Opens the database and returns the parts of a VTN.

    Args:
        settings: the configuration.
        plugged: handlers, middleware and traces.
        clock: the time.
        tasks: work in the background.
        secure: whether it listens with TLS.
        store: an open database; the configured one is opened if None.
        deliver: reaches VENs that listen; HTTPS by the configuration if None.

    Raises:
        runtime.errors.ConfigError: a signing key cannot be used.
        vtn.store.StorageError: the database cannot be used.
    """
    signatures = Signatures.from_settings(settings)
    plugged.traces.capture = capture_of(settings, store)
    opened = store or await Store.open(settings.store.url)
    desk = Desk(
        settings=settings,
        store=opened,
        roster=Roster(),
        hooks=plugged.hooks,
        middleware=plugged.middleware,
        traces=plugged.traces,
        clock=clock,
        tasks=tasks,
    )
    endpoint = Endpoint(desk, signatures, secure=secure)
    deliver = deliver or Posting(desk, endpoint, HttpsPost(settings, clock))
    pusher = Pusher(desk, deliver, endpoint.serve, Random())  # noqa: S311 - only to spread attempts
    desk.pusher, desk.roster.on_push = pusher, pusher.wake
    try:
        # Asked before the roster is read, so that what is written meanwhile counts as news.
        await opened.changed_elsewhere()
        await desk.roster.refresh(opened)
    except BaseException:
        if store is None:
            await opened.close()
        raise
    return Parts(desk=desk, endpoint=endpoint, pusher=pusher)


def watch_over(parts: Parts, tasks: Tasks) -> None:
    """Starts what a VTN does between messages."""
    upkeep.start(parts.desk, tasks)
    parts.pusher.start()


def operator_of(desk: Desk) -> Operator:
    """Returns what an operator can do."""
    return Operator(store=desk.store, changed=lambda: desk.roster.refresh(desk.store))


async def close(desk: Desk, *, keep: bool) -> None:
    """Writes down what is left and closes the database.

    Args:
        desk: of a VTN that answers nobody any more.
        keep: leaves the database open, for whoever opened it.
    """
    try:
        await upkeep.flush(desk)
    except StorageError as error:
        log.error("cannot write down when VENs were last seen: %s", error)
    finally:
        if desk.traces.capture is not None:
            await asyncio.to_thread(desk.traces.capture.close)
        pulse.end(desk.store)
        if not keep:
            await desk.store.close()
