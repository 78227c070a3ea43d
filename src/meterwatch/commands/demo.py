"""`meterwatch demo`: an invented district at once, with no broker, no database and no settings."""

import errno
import logging
import shutil
import signal
import socket
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn

from meterwatch.commands.given import give_up

_SAID = {
    "start": "正在准备 / getting ready",
    "history": "写入 60 天历史,学习各户习惯 / writing 60 days of history, learning from it",
    "scene": "开场 / setting the scene",
}
_LONGEST = 366 * 86_400
_MOST_SEED = 2**63 - 1
_BROKER_SECONDS = 5.0


Port = Annotated[int, typer.Option(min=1, max=65535, help="网页端口 / port of the console.")]
Homes = Annotated[int, typer.Option(min=8, max=5000, help="多少户 / how many homes.")]
Seed = Annotated[
    int,
    typer.Option(min=0, max=_MOST_SEED, help="换一个数,换一批人家 / another number, other homes."),
]
For = Annotated[
    float | None,
    typer.Option(
        "--for", min=1, max=_LONGEST, help="几秒后自己结束 / end by itself after so many seconds."
    ),
]
Mqtt = Annotated[
    str, typer.Option(help="经过这个消息服务器 主机:端口 / go through this broker, host:port.")
]
OwnBroker = Annotated[
    bool,
    typer.Option(
        "--broker/--no-broker",
        help="自带消息服务器(装了 mosquitto 时) / a private mosquitto, if it is installed.",
    ),
]
Keep = Annotated[
    Path | None, typer.Option(help="文件留在这个文件夹 / keep the files in this folder.")
]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="打开浏览器 / open the browser.")
]


def demo(
    port: Port = 8000,
    homes: Homes = 200,
    seed: Seed = 1,
    run_for: For = None,
    mqtt: Mqtt = "",
    broker: OwnBroker = True,
    keep: Keep = None,
    browser: Browser = True,
) -> None:
    """演示:虚构的一个区,铃在响、有人没用水、有水一直流、有网关断了。 An invented district, live.

    例 / example:  meterwatch demo --port 8123 --for 60 --no-browser
    """
    stop = Event()
    _log_little()
    with ExitStack() as stack:
        stack.enter_context(_ending(stop))
        _need_free(port)
        wanted = Wanted(port, homes, seed, _broker(mqtt), broker, run_for, browser)
        _play(Console(), stop, stack.enter_context(_folder(keep)), wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    port: int
    homes: int
    seed: int
    mqtt: tuple[str, int] | None
    broker: bool
    run_for: float | None
    browser: bool


def _log_little() -> None:
    """Leave the terminal to the demo; only what goes wrong is written between."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _play(console: Console, stop: Event, folder: Path, wanted: Wanted) -> None:
    console.print(f"[bold]meterwatch[/] {_SAID['start']} ...")
    from meterwatch.app import stagecraft  # costly imports come after the first words

    with ExitStack() as stack:
        try:
            with _bars(console) as tell:
                theatre = stagecraft.build(
                    folder, wanted.homes, wanted.seed, wanted.port, tell, stop
                )
            stack.callback(theatre.close)
            theatre.open_air(folder, wanted.mqtt, broker=wanted.broker)
        except stagecraft.Interrupted:
            console.print("还没准备好就停了 / stopped before it was ready")
            return
        except stagecraft.BrokerLost as lost:
            give_up(lost)
        server = theatre.serve()
        if server.ended:
            give_up(_in_use(wanted.port))
        player = theatre.play()
        url = f"http://127.0.0.1:{wanted.port}"
        console.print(_welcome(url, theatre.air_name, folder))
        if wanted.browser:
            webbrowser.open(url)
        stop.wait(wanted.run_for)
        stop.set()
        player.join()
        server.stop()
        console.print(theatre.farewell())


@contextmanager
def _ending(stop: Event) -> Iterator[None]:
    """Let Ctrl-C, a closed terminal and a termination end the play in good order.

    Who asks twice is in a hurry: what is going on is broken off, and cleared away all the same.
    """
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        # Not from here: the thread that was interrupted may hold the lock within `stop`.
        Thread(target=stop.set, name="stop").start()

    asking = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means what it says
        asking.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in asking}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give a folder for the demo's files: one that stays, or one that goes with the demo."""
    if keep is None:
        made = Path(tempfile.mkdtemp(prefix="meterwatch-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=keep).close()
    except OSError as error:
        raise typer.BadParameter(
            f"{keep} 写不进去({error.strerror}),请换一个文件夹 / "
            f"{keep} cannot be written to: choose another folder",
            param_hint="--keep",
        ) from error
    if (keep / "meterwatch.db").exists():
        raise typer.BadParameter(
            f"{keep} 里已有 meterwatch.db,请换一个空文件夹 / "
            f"{keep} already holds a meterwatch.db: choose an empty folder",
            param_hint="--keep",
        )
    yield keep


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[str, float], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {key: progress.add_task(said, total=1.0) for key, said in _SAID.items()}

        def tell(what: str, share: float) -> None:
            progress.update(tasks[what], completed=share)

        yield tell


def _need_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            said = _in_use(port) if taken else f"端口 {port} / port {port}: {error.strerror}"
            raise typer.BadParameter(said, param_hint="--port") from None


def _in_use(port: int) -> str:
    return (
        f"端口 {port} 被占用,请用 --port 换一个 / port {port} is in use: choose another with --port"
    )


def _broker(mqtt: str) -> tuple[str, int] | None:
    """Take the broker's address apart, and see that somebody is there before work begins."""
    if not mqtt:
        return None
    from meterwatch.commands.publishing import address

    host, port = address(mqtt)
    try:
        socket.create_connection((host, port), timeout=_BROKER_SECONDS).close()
    except (OSError, UnicodeError):
        raise typer.BadParameter(
            f"{mqtt} 没有消息服务器应答,请检查地址,或去掉 --mqtt / "
            f"no broker answers at {mqtt}: check the address, or leave --mqtt out",
            param_hint="--mqtt",
        ) from None
    return host, port


def _welcome(url: str, air: str, folder: Path) -> Panel:
    return Panel(
        f"[bold]{url}[/]      虚构短信 / fake phones: {url}/demo/phone\n"
        f"{air} · {folder}\n"
        "试一试:接单 → 出发 → 记录探视 → 看台账\n"
        "try: claim → go → log the visit → see the ledger\n"
        "Ctrl-C 结束 / ends everything",
        title="meterwatch 演示 / demo",
        expand=False,
    )
