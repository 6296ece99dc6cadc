"""Events, with objects."""
# mypy: ignore-errors
# ruff: noqa: F401, I001, N811, T201, UP017
# fmt: off

from vtn import VTN as OpenADRServer
from openleadr.objects import Target, Interval
from datetime import datetime, timezone, timedelta
from functools import partial

async def event_callback(ven_id, event_id, opt_status):
    print(f"VEN {ven_id} responded {opt_status} to event {event_id}")

# mended: the page listens on 8080; tests listen on any port that is free.
server = OpenADRServer(vtn_id='myvtn', http_port=0)
# mended: the page has datetime(2020, 1, 1, 12, 15, ...), which is over, in both intervals,
# which cannot both start then; and no comma after the list of intervals.
soon = datetime.now(timezone.utc) + timedelta(minutes=5)
event_id = server.add_event(ven_id='ven123',
                            signal_name='simple',
                            signal_type='level',
                            intervals=[Interval(dtstart=soon,
                                                duration=timedelta(minutes=15),
                                                signal_payload=0),
                                       Interval(dtstart=soon + timedelta(minutes=15),
                                                duration=timedelta(minutes=15),
                                                signal_payload=1)],
                            target=[Target(resource_id='Device001')],
                            callback=event_callback)
