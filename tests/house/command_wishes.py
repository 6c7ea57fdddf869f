"""How each command is used well in the walk's house, and what of it a person would ask after.

Beside each use that writes stand the acts it leaves; what only looks leaves the database as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.cli import Exit
from tunefolio.services.acts import Act

ASHA, BELA, CARA = "asha@example.com", "bela@example.com", "cara@example.com"
"""The admin, a member who waits for a link, a member who may go."""
BONUS = "file:NSE:WIPRO:2024-12-03:bonus"
FILES: Mapping[str, str] = {
    "trades.csv": (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id\n"
        "WIPRO,INE075A01022,2024-04-01,NSE,EQ,EQ,buy,false,100,480,1001,2001\n"
    ),
    "more.csv": (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id\n"
        "INFY,INE009A01021,2024-04-02,NSE,EQ,EQ,buy,false,10,1500,1002,2002\n"
    ),
    "book.txt": 'account "Old demat"\n2024-04-01 buy 10 NSE:INFY @ 1500\n',
    "actions.csv": "symbol,ex_date,kind,ratio,other,cost_ratio\nWIPRO,2024-12-03,bonus,1:1,,\n",
    "splits.csv": "symbol,ex_date,kind,ratio,other,cost_ratio\nWIPRO,2024-12-04,split,1:5,,\n",
    "closes.csv": "day,symbol,close\n2024-12-02,WIPRO,580.5\n",
    "later.csv": "day,symbol,close\n2024-12-03,WIPRO,581.5\n",
    "rates.csv": "day,base,quote,rate\n2024-12-02,USD,INR,84.7\n",
}


@dataclass(frozen=True)
class Use:
    """words: after the command's name, {home} for the folder of FILES; typed: on standard input; first: other
    commands that must have been. codes: of exit; what the doctor finds is the machine's. is_file:
    what it writes may be a file alone."""

    words: str = ""
    acts: tuple[Act, ...] = ()
    first: tuple[str, ...] = ()
    typed: str = ""
    codes: tuple[Exit, ...] = (Exit.OK,)
    is_file: bool = False


WRITES: Mapping[str, tuple[Use, ...]] = {
    "user add": (Use("dev@example.com", (Act.JOINED,)),),
    "user password": (Use(BELA, (Act.PASSWORD_RESET,)),),
    "user role": (Use(f"{BELA} reader", (Act.ROLE_CHANGED,)),),
    "user promote": (Use(BELA, (Act.ROLE_CHANGED,)),),
    "user demote": (Use(CARA, (Act.ROLE_CHANGED,), (f"user promote {CARA}",)),),
    "user disable": (Use(BELA, (Act.DISABLED,)),),
    "user enable": (Use(BELA, (Act.ENABLED,), (f"user disable {BELA}",)),),
    "user lock": (Use(BELA, (Act.DISABLED,)),),
    "user unlock": (Use(BELA, (Act.ENABLED,), (f"user lock {BELA}",)),),
    "user reset": (Use(BELA, (Act.RESET_ASKED,)),),
    "user remove-factors": (Use(BELA, (Act.FACTOR_OFF,)),),
    "user invite": (Use("", (Act.INVITED,)),),
    "user links": (Use("", (Act.LINK_SHOWN,)), Use(BELA, (Act.LINK_SHOWN,))),
    "user export": (Use(f"{BELA} {{home}}/bela.zip", (Act.EXPORTED,), is_file=True),),
    "user keep": (Use(CARA, (Act.STAYING,), (f"user delete {CARA}",)),),
    "user delete": (Use(CARA, (Act.LEAVING,)), Use(f"{CARA} --now", (Act.ERASED,))),
    "token make": (Use(f"{BELA} nightly --scope read", (Act.TOKEN_MADE,)),),
    "token revoke": (
        Use(f"{ASHA} --id 1", (Act.TOKEN_REVOKED,)),
        Use(f"{ASHA} --all", (Act.TOKEN_REVOKED,)),
    ),
    "token change-key": (Use("", (Act.KEY_CHANGED,)), Use("--at-once", (Act.KEY_CHANGED,))),
    "import": (
        Use(f"{{home}}/more.csv --user {ASHA} --account Demat", (Act.IMPORTED,)),
        Use(
            f"{{home}}/more.csv --user {ASHA} --new-account Other",
            (Act.ACCOUNT_MADE, Act.IMPORTED),
        ),
        Use(f"{{home}}/book.txt --user {ASHA}", (Act.BOOK_READ,)),
        Use(f"--undo 1 --user {ASHA}", (Act.IMPORT_UNDONE,)),
    ),
    "sync": (Use(f"--user {ASHA}", (Act.SYNC_ASKED,), codes=(Exit.FINDINGS,)),),
    "snapshot": (Use(f"--user {ASHA}", (Act.SNAPSHOT_TAKEN,)),),
    "actions": (
        Use(f"--file {{home}}/splits.csv --user {ASHA}", (Act.ACTIONS_READ,)),
        Use(f"--apply {BONUS} --account Demat --user {ASHA}", (Act.ACTION_APPLIED,)),
        Use(f"--apply all --account Demat --user {ASHA}", (Act.ACTION_APPLIED,)),
        Use(f"--decline {BONUS} --account Demat --user {ASHA}", (Act.ACTION_DECLINED,)),
        Use(
            f"--undo {BONUS} --account Demat --user {ASHA}",
            (Act.ACTION_UNDONE,),
            (f"actions --apply {BONUS} --account Demat --user {ASHA}",),
        ),
    ),
    "closes": (Use(f"--file {{home}}/later.csv --user {ASHA}", (Act.PRICES_READ,)),),
    "rates": (Use(f"--file {{home}}/rates.csv --user {ASHA}", (Act.RATES_READ,)),),
    "calendar": (
        Use("close 2026-12-04 --note Storm", (Act.CALENDAR_SAID,)),
        Use("open 2026-12-05 --windows 09:15-15:30 --kind special", (Act.CALENDAR_SAID,)),
        Use("undo 2026-12-04", (Act.CALENDAR_UNDONE,), ("calendar close 2026-12-04 --note Storm",)),
    ),
    "key rotate": (Use("", (Act.SEALED_ANEW,)),),
}
"""Commands that change what the house keeps, in every manner, with the acts each leaves, oldest first."""

LOOKS: Mapping[str, tuple[Use, ...]] = {
    "user list": (Use(),),
    "token list": (Use(ASHA),),
    "import": (Use(f"{{home}}/more.csv --dry-run --user {ASHA} --account Demat"),),
    "export": (
        Use(f"--user {ASHA} --output {{home}}/books.zip"),
        Use(f"--text --history --user {ASHA} --output {{home}}/books.txt"),
    ),
    "check": (Use(),),
    "book": (Use("{home}/book.txt"),),
    "actions": (Use(f"--all --user {ASHA}"),),
    "prices export": (Use("--all --format csv --out {home}/prices.csv"),),
    "prices show": (Use("NSE:WIPRO"),),
    "instruments search": (Use(f"WIPRO --user {ASHA}"),),
    "instruments changes": (Use(f"--user {ASHA}"),),
    "calendar": (Use("--month 2026-12"), Use("now"), Use("said")),
    "charges": (Use("--broker zerodha --segment delivery --side buy --qty 10 --price 1500"),),
    "tax": (Use(f"--user {ASHA} --year 2024-25"),),
    "doctor": (Use(codes=(Exit.OK, Exit.FINDINGS)),),
    "jobs": (Use(),),
    "settings": (Use(),),
    "version": (Use(),),
    "broker list": (Use(),),
}
"""Commands, and manners of them, that change nothing there."""

NOT_WALKED: Mapping[str, str] = {
    "up": "serves until it is stopped: what is done there is done by ways (test_activity.py) and jobs",
    "worker": "runs jobs: what they do stands there as the house's own work",
    "beat": "rings the clock; changes nothing itself",
    "flower": "watches the queue; another program",
    "demo": "serves a rehearsal in a house of its own",
    "sandbox": "serves a simulated exchange; has no house",
    "broker new": "writes source files; has no house",
    "broker pages": "writes a page of the documentation; has no house",
    "instruments refresh": "asks sources on the network: Act.LISTS_ASKED in services/test_masters.py",
}
"""Commands that cannot be gone to their end here, with the reason."""

ELSEWHERE: Mapping[str, tuple[Act, ...]] = {
    "services/test_masters.py": (Act.LISTS_ASKED,),
    "services/test_backfill.py": (Act.PRICES_ASKED,),
    "services/test_rates.py": (Act.RATES_ASKED,),
    "services/test_actions.py": (Act.ACTIONS_ASKED,),
}
"""What `instruments refresh`, `closes`, `rates` and `actions --look` leave where they ask a source."""
