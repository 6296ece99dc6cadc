"""``server.app``: the services in an application of aiohttp, for those who want one."""

import warnings
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from oadr.enums import ServiceName

if TYPE_CHECKING:
    from vtn.compat.serving import AppServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application_of(server: "AppServer") -> web.Application:
    """Returns an application with a route for each service, which opens the server itself."""
    app = web.Application()
    prefix = server.settings.http.path_prefix.rstrip("/")
    for service in ServiceName:
        # Methods other than POST get their answer from the service, too.
        app.router.add_route("*", f"{prefix}/{service}", _handler(server, service))
    with warnings.catch_warnings():
        # OpenLEADR's applications look for it under this very key.
        warnings.simplefilter("ignore", category=web.NotAppKeyWarning)
        app["server"] = server

    async def opened(app: web.Application) -> None:
        await server.app_started()

    async def ended(app: web.Application) -> None:
        await server.app_ended()

    app.on_startup.append(opened)
    app.on_cleanup.append(ended)
    return app


def _handler(server: "AppServer", service: ServiceName) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await server.serve_at(service, request)

    return handle
