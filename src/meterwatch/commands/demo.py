"""`meterwatch demo`: an invented district at once, with no broker, no database and no settings."""

import logging
import shutil
import signal
import socket
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn

_SAID = {
    "start": "正在准备 / getting ready",
    "history": "写入 60 天历史 / writing 60 days of history",
    "learn": "学习各户习惯 / learning what is usual",
    "scene": "开场 / setting the scene",
}


def demo(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="网页端口 / port of the console.")
    ] = 8000,
    homes: Annotated[int, typer.Option(min=8, max=5000, help="多少户 / how many homes.")] = 200,
    seed: Annotated[
        int, typer.Option(help="换一个数,换一批人家 / another number, other homes.")
    ] = 1,
    run_for: Annotated[
        float | None,
        typer.Option("--for", min=1, help="几秒后自己结束 / end by itself after so many seconds."),
    ] = None,
    mqtt: Annotated[
        str, typer.Option(help="经过这个消息服务器 主机:端口 / go through this broker, host:port.")
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="文件留在这个文件夹 / keep the files in this folder.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="打开浏览器 / open the browser.")
    ] = True,
) -> None:
    """演示:虚构的一个区,铃在响、有人没用水、有水一直流、有网关断了。 An invented district, live.

    例 / example:  meterwatch demo --port 8123 --for 60 --no-browser
    """
    console = Console()
    stop = Event()
    _log_little()
    with ExitStack() as stack:
        stack.enter_context(_ending(stop))
        _need_free(port)
        folder = stack.enter_context(_folder(keep))
        _play(console, stack, stop, folder, Wanted(port, homes, seed, mqtt, run_for, browser))


def _log_little() -> None:
    """Leave the terminal to the demo; only what goes wrong is written between."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


class Wanted:
    """What was asked for on the command line."""

    def __init__(
        self, port: int, homes: int, seed: int, mqtt: str, run_for: float | None, browser: bool
    ) -> None:
        self.port, self.homes, self.seed = port, homes, seed
        self.mqtt, self.run_for, self.browser = mqtt, run_for, browser


def _play(console: Console, stack: ExitStack, stop: Event, folder: Path, wanted: Wanted) -> None:
    console.print(f"[bold]meterwatch[/] {_SAID['start']} ...")
    from meterwatch.app import stagecraft  # costly imports come after the first words

    with _bars(console) as tell:
        theatre = stagecraft.build(folder, wanted.homes, wanted.seed, wanted.port, tell)
    stack.callback(theatre.store.close)
    theatre.open_air(folder, stagecraft.address(wanted.mqtt), _free_port)
    server = theatre.serve()
    if server.ended:
        raise typer.Exit(1)
    player = Thread(target=theatre.stage.play, args=(stop,), name="play", daemon=True)
    player.start()
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
    """Let Ctrl-C and a termination end the play, not the program in the middle of something."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
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
    keep.mkdir(parents=True, exist_ok=True)
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
        except OSError:
            raise typer.BadParameter(
                f"端口 {port} 被占用,请用 --port 换一个 / "
                f"port {port} is in use: choose another with --port",
                param_hint="--port",
            ) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
