"""The least a FastAPI route can do: send bytes that are ready. The yardstick for our hot routes."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

app = FastAPI()
_BODY = Path(os.environ["BENCH_BODY"]).read_bytes()


@app.get("/")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/holdings")
def holdings() -> Response:
    return Response(_BODY, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        http="httptools",
        access_log=False,
        log_level="error",
    )
