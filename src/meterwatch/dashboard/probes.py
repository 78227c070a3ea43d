"""What machines ask the console: does it live, is it ready, how much of everything there is."""

from collections.abc import Iterator

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
        alerts = GaugeMetricFamily(
            "meterwatch_alerts_standing", "Alerts that stand.", labels=["severity"]
        )
        found = [words.severity(row.alert) for row in standing]
        for severity in words.Severity:
            alerts.add_metric([severity], found.count(severity))
        yield alerts
        messages = GaugeMetricFamily("meterwatch_messages", "Messages.", labels=["state"])
        for state, count in outbox.items():
            messages.add_metric([state], count)
        yield messages
        payloads = GaugeMetricFamily(
            "meterwatch_refused", "Payloads refused.", labels=["reason", "gateway"]
        )
        for row in refused:
            payloads.add_metric([row.reason, row.gateway], row.count)
        yield payloads
        ages = GaugeMetricFamily(
            "meterwatch_beat_age_seconds", "Time since a beat.", labels=["role", "beat"]
        )
        for beat in beats:
            ages.add_metric([beat.role, beat.beat], (machine - beat.last_at).total_seconds())
        yield ages


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
