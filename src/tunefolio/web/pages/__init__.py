"""The pages: one file a noun, each route a few lines that authorise, ask a view or a service, and render."""

from fastapi import APIRouter

from tunefolio.web.pages import (
    actions,
    allocation,
    breaks,
    brokers,
    dashboard,
    deposits,
    entry,
    explain,
    holding,
    holdings,
    house,
    imports,
    people,
    performance,
    portfolios,
    settings,
    snapshots,
    transactions,
)

router = APIRouter()
for room in (
    people,
    dashboard,
    entry,
    holdings,
    deposits,
    holding,
    transactions,
    performance,
    allocation,
    explain,
    actions,
    breaks,
    imports,
    brokers,
    portfolios,
    snapshots,
    settings,
    house,
):
    router.include_router(room.router)
