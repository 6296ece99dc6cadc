"""Events, with dicts."""
# mypy: ignore-errors
# ruff: noqa: F401, I001, N811, T201, UP017
# fmt: off

from vtn import VTN as OpenADRServer
from functools import partial
from datetime import datetime, timezone, timedelta

async def event_callback(ven_id, event_id, opt_status):
    print(f"VEN {ven_id} responded {opt_status} to event {event_id}")

# mended: the page listens on 8080; tests listen on any port that is free.
server = OpenADRServer(vtn_id='myvtn', http_port=0)
# mended: the page has datetime(2020. 1, 1, ...), which is no Python, and is over.
soon = datetime.now(timezone.utc) + timedelta(minutes=5)
event_id = server.add_event(ven_id='ven123',
                            signal_name='simple',
                            signal_type='level',
                            intervals=[{'dtstart': soon,
                                        'duration': timedelta(minutes=15),
                                        'signal_payload': 1},
                                        {'dtstart': soon + timedelta(minutes=15),
                                         'duration': timedelta(minutes=15),
                                        'signal_payload': 0}],
                            target={'resource_id': 'Device001'},
                            callback=event_callback)
