"""What machines ask the console: does it live, is it ready, how much of everything there is."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from meterwatch.dashboard import words
from meterwatch.dashboard.desk import Desk, DeskHere
from meterwatch.store.views import pulse, queue, system

router = APIRouter()
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/livez")
def livez() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(desk: DeskHere) -> Response:
    """Say whether both databases answer."""
    try:
        with desk.store.view() as view:
            pulse.answer(view)
    except SQLAlchemyError:
        return JSONResponse({"database": "does not answer"}, 503)
    return JSONResponse({"database": "ok"})


@router.get("/metrics")
def metrics(desk: DeskHere) -> Response:
    """Give the figures of the house; no name and no number of a person is among them."""
    registry = CollectorRegistry()
    registry.register(Figures(desk))
    return Response(generate_latest(registry), media_type=METRICS_TYPE)


class Figures(Collector):
    """The figures, read when they are asked for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        """Read every figure."""
        now, machine = self._desk.clock.now(), self._desk.machine_now()
        with self._desk.store.view() as view:
            truth = queue.truth(view)
            standing = queue.standing(view, limit=10_000)
            outbox, refused = system.outbox(view), system.refused_counts(view)
            beats = system.beats(view)
        yield _gauge("meterwatch_alerts_unclaimed", "Alerts that nobody has.", truth.unclaimed)
        yield _gauge("meterwatch_meters_silent", "Homes without data.", truth.silent_meters)
        if truth.newest_reading_at:
            age = (now - truth.newest_reading_at).total_seconds()
            yield _gauge("meterwatch_newest_reading_age_seconds", "Age of the newest reading.", age)
        found = Counter(words.severity(row.alert).value for row in standing)
        stands = {(level.value,): found[level.value] for level in words.Severity}
        yield _gauges("meterwatch_alerts_standing", "Alerts that stand.", ("severity",), stands)
        sent = {(state,): count for state, count in outbox.items()}
        yield _gauges("meterwatch_messages", "Messages.", ("state",), sent)
        labels = ("reason", "gateway")
        counts = {(row.reason, row.gateway): row.count for row in refused}
        yield _gauges("meterwatch_refused", "Payloads refused.", labels, counts)
        ages = {(b.role, b.beat): (machine - b.last_at).total_seconds() for b in beats}
        labels = ("role", "beat")
        yield _gauges("meterwatch_beat_age_seconds", "Time since a beat.", labels, ages)


Key = TypeVar("Key", bound=tuple[str, ...])


def _gauges(name: str, text: str, labels: Key, values: Mapping[Key, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for words_of, value in values.items():
        family.add_metric(words_of, value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
