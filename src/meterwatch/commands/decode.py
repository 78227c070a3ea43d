"""`meterwatch decode`: what a payload says, or why it is refused."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from meterwatch import gateways
from meterwatch.clock import machine_now
from meterwatch.commands.given import AsJson, give_up
from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refused
from meterwatch.gateways.base import LITRES_PER_UNIT, FieldMap, Message

KINDS: dict[type[Fact], str] = {
    Reading: "读数 / reading",
    ButtonPress: "按铃 / press",
    DeviceStatus: "状态 / status",
}

GatewayName = Annotated[
    str, typer.Argument(metavar="GATEWAY", help="协议,或 auto。 The protocol, or auto.")
]
Topic = Annotated[str, typer.Argument(help="主题。 The topic.")]
Payload = Annotated[
    str, typer.Argument(help="报文,- 为从标准输入读。 The payload; - reads it from the input.")
]
Field = Annotated[
    str,
    typer.Option(help="读数或按钮词所在的字段。 The key of the register, or of a button's word."),
]
Unit = Annotated[str, typer.Option(help="单位 L 或 m3。 L or m3.")]
Factor = Annotated[float, typer.Option(help="倍率。 Volume of one pulse.")]
Words = Annotated[
    list[str] | None, typer.Option("--word", help="算按下的词。 A word that is a press.")
]
Retained = Annotated[
    bool, typer.Option("--retained", help="当作保留消息。 As if the broker had kept it.")
]


def decode(
    gateway: GatewayName,
    topic: Topic,
    payload: Payload,
    field: Field = "",
    unit: Unit = "L",
    factor: Factor = 1.0,
    word: Words = None,
    retained: Retained = False,
    as_json: AsJson = False,
) -> None:
    """看一条报文是什么,或为什么被拒收。 Shows what a payload says, or why it is refused.

    例 / Example:  mosquitto_sub -t 'wmbusmeters/+' -C 1 | meterwatch decode auto wmbusmeters/x -
    """
    _check_gateway(gateway, topic)
    raw = sys.stdin.buffer.read() if payload == "-" else payload.encode("utf-8", "surrogateescape")
    message = Message(topic, raw, machine_now(), retained)
    decoded = gateways.decode(message, _Everything(_mapping(field, unit, factor, word)))
    if as_json:
        typer.echo(_as_json(decoded))
    else:
        _show(decoded)
    if decoded.refused:
        raise typer.Exit(1)


class _Everything(dict[str, FieldMap]):
    """Gives one mapping to every device: there is only one payload to read."""

    def __init__(self, mapping: FieldMap | None) -> None:
        super().__init__()
        self._mapping = mapping

    def get(self, _device: str, _otherwise: object = None) -> FieldMap | None:  # type: ignore[override]
        """Give the mapping, whatever the device."""
        return self._mapping


def _mapping(field: str, unit: str, factor: float, words: list[str] | None) -> FieldMap | None:
    if not field:
        return None
    if unit not in LITRES_PER_UNIT or not factor > 0:
        give_up("单位写 L 或 m3,倍率要大于 0 / the unit is L or m3, the factor above 0", 2)
    return FieldMap(field, unit, factor, tuple(words or ()))


def _check_gateway(name: str, topic: str) -> None:
    """Refuse a gateway that there is not, or that would not be asked about this topic."""
    if name == "auto":
        return
    try:
        chosen = gateways.by_name(name)
    except LookupError:
        there = ", ".join(gateway.name for gateway in gateways.known())
        give_up(f"没有 {name} 这种网关 / there is no gateway {name}: {there}", 2)
    if gateways.route(topic) is not chosen:
        heard = ", ".join(chosen.topics)
        give_up(f"{name} 只听这些主题 / listens to these topics only: {heard}", 2)


def _show(decoded: gateways.Decoded) -> None:
    for fact in decoded.facts:
        said = {key: value for key, value in asdict(fact).items() if value not in ("", (), None)}
        said.pop("received_at")
        typer.echo(
            f"{KINDS[type(fact)]}: " + ", ".join(f"{k} {_plain(v)}" for k, v in said.items())
        )
    for refused in decoded.refused:
        typer.echo(f"拒收 / refused ({refused.reason}): {refused.detail}", err=True)
    if not (decoded.facts or decoded.refused):
        typer.echo("没有要记的内容 / nothing in it is for us")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _as_json(decoded: gateways.Decoded) -> str:
    facts = [{"kind": type(fact).__name__, **asdict(fact)} for fact in decoded.facts]
    refused = [_refusal(one) for one in decoded.refused]
    return json.dumps({"facts": facts, "refused": refused}, ensure_ascii=False, default=_plain)


def _refusal(refused: Refused) -> dict[str, str]:
    return {"reason": refused.reason, "detail": refused.detail}
