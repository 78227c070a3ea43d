"""Many homes as they are heard: every meter, hub and bell, in its own protocol and order of time.

The fleet is asked for the messages of a stretch of time, again and again; what goes wrong may be
added in between, from any thread. The same seed, mishaps and moments give the same messages.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock

import numpy as np

from meterwatch.domain.fact import DeviceStatus, Reading
from meterwatch.domain.household import DeviceKind
from meterwatch.gateways.base import Message
from meterwatch.simulators.district import District, Home
from meterwatch.simulators.habits import EARLIEST, Floats, habits_of
from meterwatch.simulators.mishaps import (
    ClockFault,
    Fall,
    FlatBattery,
    HomeMishap,
    HubCut,
    Ill,
    Mishap,
    OpenTap,
    Press,
    PressStyle,
    SlowLeak,
    Unheard,
)
from meterwatch.simulators.register import register_with
from meterwatch.simulators.truth import Truth
from meterwatch.simulators.voices import (
    CONCENTRATED,
    Timetable,
    bell_messages,
    bell_timetable,
    meter_messages,
    meter_status,
    meter_timetable,
)

BLOCK = timedelta(hours=6)  # messages are made and put in order so many hours at a time
DAY = timedelta(days=1)
ZERO = timedelta(0)
CATCH_UP = timedelta(minutes=1)  # after which a mended concentrator sends what it has kept
ENDED_BY_HELP = Fall | Ill | OpenTap | SlowLeak | Press


class Fleet:
    """All homes of an invented district, with what goes wrong in them.

    Parameters
    ----------
    district : District
    seed : int
        Another seed gives other habits and other offsets.
    mishaps : iterable of Mishap
        What is known beforehand to go wrong.
    """

    def __init__(self, district: District, seed: int = 1, mishaps: Iterable[Mishap] = ()) -> None:
        self.district = district
        self.seed = seed
        self._lock = Lock()
        self._mishaps: tuple[Mishap, ...] = ()
        self._told_until = EARLIEST
        self._meter_times = {h.number: meter_timetable(seed, h) for h in district.homes}
        self._bell_times = {h.number: bell_timetable(seed, h) for h in district.homes}
        self._habits = {h.number: habits_of(seed, h.number, h.persona) for h in district.homes}
        for mishap in mishaps:
            self.add(mishap)

    @property
    def mishaps(self) -> tuple[Mishap, ...]:
        """All that has gone or will go wrong, in order of its beginning."""
        return tuple(sorted(self._mishaps, key=lambda mishap: mishap.since))

    # What goes wrong while it runs.

    def add(self, mishap: Mishap) -> None:
        """Let something go wrong; LookupError if there is no such home or hub."""
        if isinstance(mishap, HomeMishap):
            self.district.home(mishap.home)
        elif isinstance(mishap, HubCut) and mishap.hub not in self.district.hubs:
            hubs = ", ".join(self.district.hubs)
            raise LookupError(f"there is no hub {mishap.hub!r}; there are {hubs}")
        with self._lock:
            self._mishaps = (*self._mishaps, mishap)

    def press(self, home: int, at: datetime, style: PressStyle = PressStyle.LIVE) -> None:
        """Let somebody press the bell, not before what `messages` has already given: a press
        that comes between two questions is heard in the answer to the second.
        """
        self.district.home(home)
        with self._lock:
            press = Press(home=home, since=max(at, self._told_until), style=style)
            self._mishaps = (*self._mishaps, press)

    def fall(self, home: int, at: datetime) -> None:
        """Let somebody fall; no tap is touched until help comes."""
        self.add(Fall(home=home, since=at))

    def fall_ill(self, home: int, at: datetime) -> None:
        """Let somebody stay in bed; now and then they get up."""
        self.add(Ill(home=home, since=at))

    def open_tap(self, home: int, at: datetime, litres_per_hour: float = 360.0) -> None:
        """Leave a tap running."""
        self.add(OpenTap(home=home, since=at, litres_per_hour=litres_per_hour))

    def cut(self, hub: str, at: datetime) -> None:
        """Cut a hub off: nothing that speaks through it is heard."""
        self.add(HubCut(hub=hub, since=at))

    def mend(self, hub: str, at: datetime) -> None:
        """Connect a hub again."""
        self._end(lambda m: isinstance(m, HubCut) and m.hub == hub, at)

    def help(self, home: int, at: datetime) -> None:
        """Let somebody come: who fell gets up, taps are closed, the bell is answered."""
        self._end(lambda m: isinstance(m, ENDED_BY_HELP) and m.home == home, at)

    def _end(self, meant: Callable[[Mishap], bool], at: datetime) -> None:
        with self._lock:
            self._mishaps = tuple(
                replace(m, until=at) if meant(m) and m.lasts_at(at) else m for m in self._mishaps
            )

    # What is really so.

    def truth(self, home: int, at: datetime) -> Truth:
        """Tell what is really going on in a home; LookupError if there is no such home."""
        given, cuts = self._of(self.district.home(home))
        return Truth(home, at, tuple(m for m in (*given, *cuts) if m.lasts_at(at)))

    def registers(self, homes: Sequence[int], moments: Sequence[datetime]) -> Floats:
        """Give what the meters show.

        Returns
        -------
        (homes, moments) float64, litres, in whole steps of each meter's resolution.
        """
        at = np.array([moment.timestamp() for moment in moments], dtype=np.float64)
        return np.array([self._shown(self.district.home(number), at) for number in homes])

    def _shown(self, home: Home, at: Floats) -> Floats:
        given, _ = self._of(home)
        millilitres = register_with(self._habits[home.number].millilitres, given, at)
        step = home.meter.resolution_litres * 1_000
        shown: Floats = (millilitres // step * home.meter.resolution_litres).astype(np.float64)
        return shown

    def _of(self, home: Home) -> tuple[tuple[HomeMishap, ...], tuple[HubCut, ...]]:
        """List what goes wrong in a home, and with its hub."""
        mishaps = self._mishaps
        mine = (m for m in mishaps if isinstance(m, HomeMishap) and m.home == home.number)
        cuts = (m for m in mishaps if isinstance(m, HubCut) and m.hub == home.meter.hub)
        return tuple(mine), tuple(cuts)

    # What is heard.

    def messages(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, Message]]:
        """Give everything that is sent from `since` on and before `until`, in order of time.

        While it runs, ask in small steps: what goes wrong now is not in an answer already given.

        Raises
        ------
        ValueError
            If it begins before the invented meters were new (2020).
        """
        for start, end in _blocks(since, until, BLOCK):
            with self._lock:
                self._told_until = max(self._told_until, end)
            spoken: list[Message] = []
            heard: dict[tuple[str, str], list[Reading | DeviceStatus]] = defaultdict(list)
            for home in self.district.homes:
                given, _ = self._of(home)
                times = self._bell_times[home.number]
                spoken += bell_messages(home, given, times, start, end)
                heard[_mouth(home)] += self._facts(home, self._said(home, start, end))
            for (gateway, _), facts in heard.items():
                spoken += meter_messages(gateway, sorted(facts, key=lambda f: f.received_at))
            for message in sorted(spoken, key=lambda message: message.received_at):
                yield message.received_at, message

    def backfill(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, Message]]:
        """Give the readings of a long time in few messages: one native batch a meter and day.

        The readings are those that `messages` would have sent; bells and batteries say nothing.
        """
        for start, end in _blocks(since, until, DAY):
            spoken: list[Message] = []
            for home in self.district.homes:
                said = self._said(home, start, end)
                last = max((out for _, out in said), default=0)
                facts = self._facts(home, [(then, last) for then, _ in said])
                readings = [fact for fact in facts if isinstance(fact, Reading)]
                spoken += meter_messages(CONCENTRATED, readings)
            for message in sorted(spoken, key=lambda message: message.received_at):
                yield message.received_at, message

    def _said(self, home: Home, since: datetime, until: datetime) -> list[tuple[int, int]]:
        """List when the meter of a home speaks, and when that is heard, in epoch seconds."""
        given, cuts = self._of(home)
        table = self._meter_times[home.number]
        said = [(second, second) for second in table.between(since, until)]
        if home.meter.gateway == CONCENTRATED:
            said = _kept(cuts, table, since, until) + said
        if given or cuts:
            return [(then, out) for then, out in said if _gets_out(then, out, given, cuts)]
        return said

    def _facts(self, home: Home, said: Sequence[tuple[int, int]]) -> list[Reading | DeviceStatus]:
        """Say what a meter says at each of these times."""
        lag, meter = self._meter_times[home.number].lag, home.meter.address
        measured = np.array([then - lag for then, _ in said], dtype=np.float64)
        readings = [
            Reading(
                meter, datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(out, UTC), litres
            )
            for at, (_, out), litres in zip(
                measured.tolist(), said, self._shown(home, measured).tolist(), strict=True
            )
        ]
        given, _ = self._of(home)
        return [f for r in readings for f in _with_faults(home, given, r)] if given else [*readings]


def _kept(
    cuts: Iterable[HubCut], table: Timetable, since: datetime, until: datetime
) -> list[tuple[int, int]]:
    """List what a concentrator kept while it was cut off: when it was read, when it is sent."""
    kept: list[tuple[int, int]] = []
    for cut in cuts:
        if cut.until is not None and since <= cut.until + CATCH_UP < until:
            sent = int((cut.until + CATCH_UP).timestamp())
            kept += [(second, sent) for second in table.between(cut.since, cut.until)]
    return kept


def _gets_out(said: int, heard: int, given: Iterable[HomeMishap], cuts: Iterable[HubCut]) -> bool:
    """Tell whether what a meter says at one moment gets out at another."""
    then, out = datetime.fromtimestamp(said, UTC), datetime.fromtimestamp(heard, UTC)
    mute = (m for m in given if isinstance(m, FlatBattery) and m.device is DeviceKind.METER)
    lost = (m for m in given if isinstance(m, Unheard))
    heard = not any(m.silent_at(then) for m in mute) and not any(m.lasts_at(then) for m in lost)
    return heard and not any(m.lasts_at(out) for m in cuts)


def _with_faults(
    home: Home, given: Sequence[HomeMishap], reading: Reading
) -> tuple[Reading | DeviceStatus, ...]:
    """Say a reading by the clock of its meter, with what the meter tells of its battery."""
    at = reading.measured_at
    wrong = (m.lead for m in given if isinstance(m, ClockFault) and m.lasts_at(at))
    shown = replace(reading, measured_at=at + sum(wrong, ZERO))
    return shown, *meter_status(home, given, shown.measured_at, reading.received_at)


def _mouth(home: Home) -> tuple[str, str]:
    """Name what speaks for a meter: the hub that sends batches, or all radios of one protocol."""
    gateway = home.meter.gateway
    return gateway, home.meter.hub if gateway == CONCENTRATED else ""


def _blocks(
    since: datetime, until: datetime, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    if since < EARLIEST:
        raise ValueError(f"the invented meters were new on {EARLIEST:%Y-%m-%d}; {since} is before")
    while since < until:
        end = min(since + longest, until)
        yield since, end
        since = end
