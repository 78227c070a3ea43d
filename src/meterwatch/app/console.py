"""The console as a server: the application of `dashboard` under uvicorn, and how it ends."""

from threading import Event, Thread

import uvicorn
from fastapi import APIRouter, FastAPI

from meterwatch import dashboard
from meterwatch.app.house import House
from meterwatch.clock import machine_now
from meterwatch.dashboard import sessions
from meterwatch.detectors import presets_of
from meterwatch.store.views.homes import Freshness

_GRACE_SECONDS = 3  # an open stream would hold uvicorn for ever
MOST_CONNECTIONS = 500  # past this, 503 at once: streams of a large office fit, a flood does not


def make_console(house: House, demo: APIRouter | None = None, guest: int | None = None) -> FastAPI:
    """Make the console of a house."""
    web = house.settings.web
    settings = dashboard.Settings(
        office=house.settings.deployment.name,
        secure=web.by_https,
        public_url=web.public_url,
        freshness=Freshness(silence=house.watch.silence),
        budget=house.settings.budget(),
        watched=tuple(detector.name for detector in house.watch.detectors),
        presets=presets_of(house.settings.detectors),
        guest=guest,
    )
    providers = {house.provider.name: house.provider}
    return dashboard.make(
        house.store,
        house.clock,
        machine_now,
        house.zone,
        settings,
        providers=providers,
        demo=demo,
    )


def first_login(house: House) -> str | None:
    """Make a one-time address for the first account, if there is no account yet."""
    link = sessions.first_link(house.store, machine_now())
    return None if link is None else f"{address_of(house)}/login/first?token={link}"


def address_of(house: House) -> str:
    """Give the address at which people open the console."""
    web = house.settings.web
    return web.public_url or f"{'https' if web.certfile else 'http'}://{web.host}:{web.port}"


class ConsoleServer:
    """Serves a console in a thread of its own until it is stopped."""

    def __init__(
        self,
        house: House,
        console: FastAPI,
        port: int | None = None,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        web = house.settings.web
        self._console = console
        self._server = uvicorn.Server(
            uvicorn.Config(
                console,
                host=web.host,
                port=web.port if port is None else port,
                ssl_certfile=web.certfile or None,
                ssl_keyfile=web.keyfile or None,
                proxy_headers=web.behind_proxy,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                limit_concurrency=most,
                access_log=False,
                log_config=None,
            )
        )
        self._thread = Thread(target=self._run, name="console", daemon=True)
        self._ended = Event()

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._ended.set()

    @property
    def started(self) -> bool:
        """Whether pages are served."""
        return self._server.started

    @property
    def ended(self) -> bool:
        """Whether the server has ended, by itself or not."""
        return self._ended.is_set()

    def start(self) -> None:
        """Begin to serve; give up at once if the port is taken."""
        self._thread.start()
        while not self._server.started and not self._ended.wait(0.02):
            pass

    def stop(self) -> None:
        """End open streams, then the server."""
        self._console.state.pulse.close()
        self._server.should_exit = True
        self._thread.join(_GRACE_SECONDS + 2)
