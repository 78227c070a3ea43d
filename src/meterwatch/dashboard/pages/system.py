"""How the service is: beats, what was refused and how to mend it, outbox, readings put aside."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from meterwatch.dashboard import codes, words
from meterwatch.dashboard.desk import ReaderHere
from meterwatch.dashboard.pages.queue import untexted
from meterwatch.dashboard.rule_words import in_force
from meterwatch.domain.signal import HUB_SILENT, METER_SILENT
from meterwatch.store.views import alerts, queue, system

router = APIRouter()
_REFUSED, _ASIDE, _INBOX, _SILENT = 30, 30, 20, 50


@router.get("/system")
def show(reader: ReaderHere) -> Response:
    """Show what the service knows of itself."""
    desk = reader.desk
    with desk.store.view() as view:
        values: dict[str, Any] = {
            "beats": system.beats(view),
            "counts": system.refused_counts(view),
            "refused": system.refused(view, _REFUSED),
            "aside": system.put_aside(view, _ASIDE),
            "outbox": system.outbox(view),
            "waiting": system.oldest_waiting(view),
            "inbox": system.inbox(view, _INBOX),
            "kept": {} if reader.desk.demo else system.kept(view, "console"),
            "unheard": system.never_heard(view),
            "truth": queue.truth(view),
            "silent": [
                row
                for kind in (HUB_SILENT, METER_SILENT)
                for row in alerts.page(view, alerts.Sought("standing", kind), None, _SILENT)
            ],
        }
    return reader.page(
        "system.html",
        **values,
        troubled=system.troubled(
            values["beats"], reader.desk.machine_now(), reader.desk.settings.beat_late
        ),
        meaning=lambda code: codes.pair(reader.tongue, codes.REFUSALS, code),
        oddity=lambda code: codes.pair(reader.tongue, codes.ODDITIES, code),
        providers=list(reader.desk.providers),
        untexted=untexted(reader.desk),
        roles=words.ROLES,
        names=words.BEATS,
        rules=in_force(reader.tongue, desk.settings.watched, desk.settings.presets),
    )
