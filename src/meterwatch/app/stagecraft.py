"""Building the demo's theatre: a house in a folder, a district before it, a console on a port."""

from pathlib import Path
from threading import Event, Thread

from meterwatch import migrations
from meterwatch.app.air import BrokerLost, find_mosquitto, open_air
from meterwatch.app.console import ConsoleServer, make_console
from meterwatch.app.house import House, open_store
from meterwatch.app.staging import Interrupted, Progress, Stage
from meterwatch.clock import MovedClock, machine_now
from meterwatch.config import Settings
from meterwatch.config.sections import Database, Deployment
from meterwatch.config.web import Web
from meterwatch.dashboard.demo import router
from meterwatch.simulators.district import invent
from meterwatch.simulators.fleet import Fleet

__all__ = ["BrokerLost", "Interrupted", "Theatre", "build"]

_OPERATOR = "demo"


class Theatre:
    """A house, the stage before it, and the people's entrance."""

    def __init__(self, house: House, stage: Stage, guest: int) -> None:
        self.house = house
        self.store = house.store
        self.stage = stage
        self.air_name = ""
        self._guest = guest

    def open_air(self, folder: Path, mqtt: tuple[str, int] | None, *, broker: bool) -> None:
        """Let the fleet speak, through a broker if there is one and none is declined.

        Raises
        ------
        BrokerLost
            If the broker that is named does not answer.
        """
        program = find_mosquitto() if broker else None
        air = open_air(self.house, folder, mqtt, program)
        self.air_name = air.name
        self.stage.open_air(air)

    def serve(self) -> ConsoleServer:
        """Open the console; everybody on this machine is its operator."""
        console = make_console(self.house, demo=router(self.stage), guest=self._guest)
        server = ConsoleServer(self.house, console)
        server.start()
        return server

    def play(self) -> Thread:
        """Let time pass, in a thread of its own."""
        player = Thread(target=self.stage.play, name="play", daemon=True)
        player.start()
        return player

    def close(self) -> None:
        """End the broker and close the store."""
        try:
            self.stage.leave_air()
        finally:
            self.store.close()

    def farewell(self) -> str:
        """Say what happened."""
        report, needing = self.stage.report()
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(report.alerts.items()))
        return (
            f"预警 / alerts {sum(report.alerts.values())} ({kinds}) · "
            f"已结 / closed {report.closed} · 短信 / messages {report.messages} · "
            f"回复 / replies {report.replies} · 探视 / visits {report.visits}\n"
            f"涉及人身的预警 {len(report.homes)} 户,其中 {needing} 户此刻确实需要人去 / "
            f"{len(report.homes)} homes had a life alert, {needing} of them need somebody now\n"
            "真正使用 / for real use: meterwatch init && meterwatch migrate && meterwatch run"
        )


def build(folder: Path, homes: int, seed: int, port: int, tell: Progress, stop: Event) -> Theatre:
    """Build it: tables, district, sixty days of history, what was learnt, and the opening scene.

    Raises
    ------
    Interrupted
        If it is told to stop before that is done.
    """
    if stop.is_set():
        raise Interrupted
    settings = Settings(
        database=Database(url=f"sqlite:///{folder / 'meterwatch.db'}"),
        web=Web(port=port),
        deployment=Deployment(name="示例区"),
    )
    migrations.upgrade(settings.database.url)
    tell("start", 1.0)
    clock = MovedClock()
    house = House(settings, open_store(settings), clock)
    try:
        stage = Stage(house, clock, Fleet(invent(homes), seed), stop)
        stage.set_up(folder / "homes.csv", tell)
        return Theatre(house, stage, _guest(house))
    except BaseException:
        house.store.close()
        raise


def _guest(house: House) -> int:
    """Make the account that everybody on this machine is."""
    language = house.settings.deployment.language
    with house.store.transaction() as tx:
        # Nobody logs in with it: a password that is no hash opens nothing.
        return tx.accounts.add_user(_OPERATOR, "!", language, machine_now())
