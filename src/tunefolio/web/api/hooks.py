"""The door at which brokers knock by themselves: no session, no cookie; the call proves itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from tunefolio.services import postbacks
from tunefolio.web.api.broker_logins import BrokerName
from tunefolio.web.deps import HouseDep

router = APIRouter(prefix="/hooks", tags=["brokers"])
_MOST_BYTES = 32 * 1024
"""An order is told in about one."""


async def _short_body(request: Request) -> bytes:
    """The raw body, since a proof may be made of its very bytes; raises a 413 beyond the limit."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, f"Larger than the limit of {_MOST_BYTES // 1024} KB for a postback.")
    return bytes(body)


@router.post(
    "/{broker}",
    response_class=PlainTextResponse,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
async def postback(
    request: Request, house: HouseDep, broker: BrokerName, body: Annotated[bytes, Depends(_short_body)]
) -> Response:
    """A broker's word that an order has moved: the account is synced within seconds.

    The register of the broker's applications is told this address. A call that is not proved by the
    application's secret is answered like an address that does not exist.
    """
    address = request.client.host if request.client else ""
    await run_in_threadpool(postbacks.take, house, broker, body, address)
    return PlainTextResponse("taken\n")
