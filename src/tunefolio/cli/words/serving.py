"""What serves: up, worker, beat, flower, demo, sandbox, broker."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command


def add(commands: Commands) -> None:
    _house(commands)
    _sandbox(commands)
    _broker(commands)


def _house(commands: Commands) -> None:
    up = command(commands, "up", "serving:up", "serve the house; the first person to sign up is its admin")
    up.add_argument("--host", help="address to listen on (TUNEFOLIO_HOST)")
    up.add_argument("--port", help="port to listen on (TUNEFOLIO_PORT)")
    worker = command(commands, "worker", "serving:worker", "run jobs beside the web servers; needs Redis")
    worker.add_argument("--concurrency", type=int, metavar="N", help="jobs at a time (TUNEFOLIO_WORKERS)")
    command(commands, "beat", "serving:beat", "ring the clock for the workers; one is enough; needs Redis")
    flower = command(commands, "flower", "serving:flower", "watch the queue and its workers in a browser")
    flower.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    flower.add_argument("--port", type=int, default=5555, help="port to listen on (5555)")
    demo = command(
        commands, "demo", "serving:demo", "serve a rehearsal with a simulated broker, on this machine only"
    )
    demo.add_argument("--port", help="port to listen on (TUNEFOLIO_PORT)")
    demo.add_argument("--fresh", action="store_true", help="forget the demo's books and begin anew")


def _sandbox(commands: Commands) -> None:
    help = "serve a simulated exchange with its brokers, to rehearse"
    sandbox = command(commands, "sandbox", "sandbox:sandbox", help)
    sandbox.add_argument("--port", type=int, default=8200, help="the first of five; 0: any free (8200)")
    sandbox.add_argument("--seed", type=int, default=2026, help="what every price comes from (2026)")
    hours = "trade at any hour, or as NSE does (always)"
    sandbox.add_argument("--hours", choices=("always", "calendar"), default="always", help=hours)
    sandbox.add_argument("--redirect", metavar="URL", default="", help="where a login returns to")
    sandbox.add_argument("--postback", metavar="URL", default="", help="where Zerodha tells of orders")
    sandbox.add_argument("--journal", metavar="FILE", help="open as it was left there, and go on")
    sandbox.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="of each answer (0)")


def _broker(commands: Commands) -> None:
    broker = commands.add_parser("broker", help="brokers: new, list, pages")
    verbs = broker.add_subparsers(metavar="VERB", required=True)
    new = command(verbs, "new", "broker:new", "make a further broker: folder, tests, page")
    new.add_argument("name", metavar="NAME", help="small letters and digits, such as fivepaisa")
    new.add_argument("--title", default="", help="what people call it; else the name")
    new.add_argument("--login", choices=("form", "redirect"), default="form", help="how one logs in (form)")
    new.add_argument("--to", metavar="FOLDER", help="a package of its own there, not a folder of ours")
    command(verbs, "list", "broker:listed", "the installed brokers and what they can do")
    command(verbs, "pages", "broker:pages", "make docs/brokers/README.md anew from the code")
