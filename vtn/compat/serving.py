"""``server.app`` and where it listens: the part of ``VTN`` that is about HTTP."""

import logging
from dataclasses import replace
from typing import Any

from aiohttp import web

from oadr.enums import ServiceName
from vtn.compat.application import application_of
from vtn.config import HttpSettings
from vtn.server import Server, tls_context

log = logging.getLogger("openadr.vtn.compat")


class AppServer(Server):
    """A server whose services are in an application of aiohttp, if somebody wants one."""

    _app: web.Application | None = None

    @property
    def app(self) -> web.Application:
        """The services as an application of aiohttp, made when it is first asked for.

        ``run`` serves it then; ``web.run_app(server.app)`` and sub-applications do, too.
        """
        if self._app is None:
            self._app = application_of(self)
        return self._app

    def _make_runner(self) -> web.BaseRunner:
        return super()._make_runner() if self._app is None else web.AppRunner(self._app)

    async def app_started(self) -> None:
        """Opens the server whose ``app`` somebody serves."""
        self._open_soon()
        await self.opened()

    async def app_ended(self) -> None:
        """Closes the server whose ``app`` somebody has served."""
        if self._runner is None:
            await self.stop()

    async def serve_at(self, service: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request to a service, whatever its address."""
        if self._endpoint is None:
            try:
                await self.opened()
            except Exception:
                log.exception("the VTN cannot be opened")
        if self._endpoint is None:
            return web.Response(status=503, text="not available\n")
        return await self._endpoint.handle(ServiceName(service), request)

    @property
    def app_runner(self) -> web.BaseRunner | None:
        """What serves; None while the server does not run."""
        return self._runner

    @property
    def http_port(self) -> int:
        """Where it listens; once it runs the port that was free, if 0 was asked for."""
        return self._port

    @http_port.setter
    def http_port(self, port: int) -> None:
        self._port = port
        self._change_http(port=port)

    @property
    def http_host(self) -> str:
        """The address that it listens on."""
        return self.settings.http.host

    @http_host.setter
    def http_host(self, host: str) -> None:
        self._change_http(host=host)

    @property
    def http_path_prefix(self) -> str:
        """What stands before the name of a service in its address."""
        return self.settings.http.path_prefix.rstrip("/")

    @http_path_prefix.setter
    def http_path_prefix(self, prefix: str) -> None:
        self._change_http(path_prefix=prefix)

    def _change_http(self, **changes: Any) -> None:
        http: HttpSettings = replace(self.settings.http, **changes)
        settings = replace(self.settings, http=http)
        if self.ssl_context is None:
            # Plain HTTP on another address is as much a decision as it is at first.
            tls_context(settings)
        self.settings = settings
