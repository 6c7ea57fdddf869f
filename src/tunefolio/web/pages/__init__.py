"""The pages: one file a noun, each route a few lines that authorise, ask a view or a service, and render."""

from fastapi import APIRouter

from tunefolio.web.pages import (
    brokers,
    dashboard,
    house,
    imports,
    people,
    portfolios,
    settings,
    snapshots,
    transactions,
)

router = APIRouter()
for room in (people, dashboard, transactions, imports, brokers, portfolios, snapshots, settings, house):
    router.include_router(room.router)
