"""The rules of registers once more, as a plain loop over plain numbers, written from the text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from meterwatch.domain.household import Device, Swap
from meterwatch.domain.register import Oddity


@dataclass
class Account:
    """What a careful clerk would write down about one meter."""

    counted: list[tuple[int, float, bool]] = field(default_factory=list)  # index, total, fresh
    odd: dict[int, Oddity] = field(default_factory=dict)


def clerk(
    readings: Sequence[tuple[float, float]], device: Device, swaps: Sequence[Swap]
) -> Account:
    book = Account()
    said = {s.at.timestamp(): (s.old_final_litres, s.new_start_litres) for s in swaps}
    waiting = [(at, *said[at]) for at in sorted(said)]
    total = 0.0
    last: tuple[float, float] | None = None
    doubtful: list[int] = []
    for index, (at, shown) in enumerate(readings):
        if last is None:
            waiting = [swap for swap in waiting if swap[0] > at]
            book.counted.append((index, 0.0, False))
            last = (at, shown)
            continue
        while waiting and waiting[0][0] <= at:
            _, old_final, new_start = waiting.pop(0)
            total += max(0.0, old_final - last[1])
            last = (last[0], new_start)
            doubtful = []
        drawn = _drawn(last[1], shown, device)
        pipe = device.max_flow_litres_per_hour * (at - last[0]) / 3600 + device.resolution_litres
        if drawn is not None and drawn <= pipe:
            total += drawn
            book.counted.append((index, total, False))
            last = (at, shown)
            doubtful = []
            continue
        book.odd[index] = Oddity.STEP_BACK if drawn is None else Oddity.JUMP
        doubtful = (
            [*doubtful, index] if _agree([*doubtful[-1:], index], readings, device) else [index]
        )
        if len(doubtful) >= 3 and at - readings[doubtful[0]][0] >= 3600:
            level = readings[doubtful[0]][1]
            for number in doubtful:
                del book.odd[number]
                book.counted.append(
                    (number, total + readings[number][1] - level, number == doubtful[0])
                )
            book.odd[doubtful[0]] = Oddity.NEW_LEVEL
            total = book.counted[-1][1]
            last = (at, shown)
            doubtful = []
    return book


def _drawn(before: float, shown: float, device: Device) -> float | None:
    if shown >= before:
        return shown - before
    top = device.rollover_litres
    if top and top * 0.9 <= before <= top and shown <= top * 0.1:
        return top - before + shown
    return None


def _agree(pair: Sequence[int], readings: Sequence[tuple[float, float]], device: Device) -> bool:
    if len(pair) < 2:
        return True
    (before_at, before), (at, shown) = readings[pair[0]], readings[pair[1]]
    pipe = device.max_flow_litres_per_hour * (at - before_at) / 3600 + device.resolution_litres
    return 0 <= shown - before <= pipe
