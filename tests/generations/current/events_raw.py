"""Events, raw."""
# mypy: ignore-errors
# ruff: noqa: DTZ005, F401, I001, N811, T201
# fmt: off

from vtn import VTN as OpenADRServer
from openleadr.objects import Event, EventDescriptor, EventSignal, Target, Interval
from datetime import datetime, timezone, timedelta
from functools import partial

async def event_callback(ven_id, event_id, opt_status):
    print(f"VEN {ven_id} responded {opt_status} to event {event_id}")

# mended: the page listens on 8080; tests listen on any port that is free.
server = OpenADRServer(vtn_id='myvtn', http_port=0)
now = datetime.now()
event = Event(event_descriptor=EventDescriptor(event_id='event001',
                                               modification_number=0,
                                               event_status='far',
                                               market_context='http://marketcontext01'),
              event_signals=[EventSignal(signal_id='signal001',
                                         signal_type='level',
                                         signal_name='simple',
                                         intervals=[Interval(dtstart=now,
                                                             duration=timedelta(minutes=10),
                                                             signal_payload=1)]),
                             EventSignal(signal_id='signal002',
                                         signal_type='price',
                                         signal_name='ELECTRICITY_PRICE',
                                         intervals=[Interval(dtstart=now,
                                                             duration=timedelta(minutes=10),
                                                             signal_payload=1)])],
              targets=[Target(ven_id='ven123')])

server.add_raw_event(ven_id='ven123', event=event, callback=event_callback)
