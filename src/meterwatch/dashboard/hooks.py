"""What carriers post to us: receipts of messages, and what people write back.

Anybody can reach this door, so nothing of a request is believed or kept before the provider has
proved its signature.
"""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from meterwatch.dashboard.desk import Desk, DeskHere, not_found
from meterwatch.domain.notification import Receipt
from meterwatch.notify.provider import Forged, Hook, Unreadable
from meterwatch.pipeline import respond

router = APIRouter()
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200


async def body_of(request: Request) -> bytes:
    """Read the body, which the guard has limited in size."""
    return await request.body()


@router.post("/hooks/{provider}/{what:path}")
def take(
    request: Request,
    desk: DeskHere,
    provider: str,
    what: str,
    body: Annotated[bytes, Depends(body_of)],
) -> Response:
    """Take one post of a carrier: 204 if it was taken, 403 if forged, 400 if not understood."""
    carrier = desk.providers.get(provider)
    if carrier is None:
        raise not_found()
    try:
        read = carrier.read(hook_of(request, desk, what, body))
    except Forged:
        return PlainTextResponse("The signature is missing or wrong.", 403)
    except (Unreadable, ValueError):
        return PlainTextResponse("This is neither a receipt nor a reply.", 400)
    now = desk.clock.now()
    for one in read:
        if isinstance(one, Receipt):
            respond.take_receipt(desk.store, one, now)
        else:
            respond.take_reply(desk.store, one, now)
    return Response(status_code=204)


def hook_of(request: Request, desk: Desk, what: str, body: bytes) -> Hook:
    """Put a post into the words of the providers; ValueError if it has too many fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form: dict[str, str] = {}
    if kind == _FORM:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
        form = dict(pairs)
    return Hook(
        path=what,
        url=called(request, desk.settings.public_url),
        headers=dict(request.headers),
        form=form,
        body=body,
        received_at=desk.clock.now(),
    )


def called(request: Request, public_url: str) -> str:
    """Rebuild the address that the carrier called: signatures cover it."""
    if not public_url:
        return str(request.url)
    asked = request.scope["query_string"].decode("latin-1")
    query = f"?{asked}" if asked else ""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return f"{public_url.rstrip('/')}{raw.partition(b'?')[0].decode('latin-1')}{query}"
