"""Non-OpenADR signals from the server."""
# mypy: ignore-errors
# ruff: noqa: I001, N811, T201
# fmt: off

from datetime import timedelta
from vtn import VTN as OpenADRServer

# mended: the page listens on 8080; tests listen on any port that is free. It polls
# every 10 seconds, which the test cannot wait for.
server = OpenADRServer(vtn_id='MyVTN', http_port=0, requested_poll_freq=timedelta(milliseconds=100))

async def on_ven_online(ven_id):
    print(f"VEN {ven_id} is now online again!")

async def on_ven_offline(ven_id):
    print(f"VEN {ven_id} has gone AWOL")

# mended: the page adds the handlers before it defines them.
server.add_handler('on_ven_online', on_ven_online)
server.add_handler('on_ven_offline', on_ven_offline)
