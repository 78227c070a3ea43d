"""Reads the vectors files: what a payload says, and what becomes of it."""

import base64
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal
from meterwatch.gateways.base import FieldMap, Message

FOLDER = Path(__file__).parent / "vectors"
RECEIVED = datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)
KINDS = {"Reading": Reading, "ButtonPress": ButtonPress, "DeviceStatus": DeviceStatus}


@dataclass(frozen=True, slots=True)
class Vector:
    gateway: str
    says: str
    message: Message
    maps: Mapping[str, FieldMap]
    facts: tuple[Fact, ...]
    refused: tuple[Refusal, ...]

    def __str__(self) -> str:
        return f"{self.gateway}: {self.says}"


def names() -> set[str]:
    return {path.stem for path in FOLDER.glob("*.toml")}


def source(name: str) -> str:
    return str(_file(name)["source"])


def vectors() -> list[Vector]:
    return [_vector(name, row) for name in sorted(names()) for row in _file(name)["vector"]]


def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _vector(name: str, row: dict[str, Any]) -> Vector:
    known = {"says", "topic", "payload", "payload_hex", "payload_base64", "retained"}
    assert set(row) <= known | {"received_at", "maps", "facts", "refused"}, row
    received = row.get("received_at", RECEIVED)
    return Vector(
        gateway=name,
        says=row["says"],
        message=Message(row["topic"], _payload(row), received, row.get("retained", False)),
        maps={address: _mapped(entry) for address, entry in row.get("maps", {}).items()},
        facts=tuple(_fact(entry, received) for entry in row.get("facts", [])),
        refused=tuple(Refusal(reason) for reason in row.get("refused", [])),
    )


def _payload(row: dict[str, Any]) -> bytes:
    if "payload_hex" in row:
        return bytes.fromhex(row["payload_hex"])
    if "payload_base64" in row:
        return base64.b64decode(row["payload_base64"], validate=True)
    return str(row["payload"]).encode()


def _mapped(entry: dict[str, Any]) -> FieldMap:
    return FieldMap(**{**entry, "values": tuple(entry.get("values", ()))})


def _fact(entry: dict[str, Any], received: datetime) -> Fact:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    fact: Fact = KINDS[fields.pop("type")](received_at=received, **fields)
    return fact
