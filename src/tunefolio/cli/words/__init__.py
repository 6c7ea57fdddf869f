"""The words of every command, a module for each room. A further room is a module with `add`, named in ROOMS.

`add(commands)` calls `command(commands, "name", "module:function", "help")` for each of its commands; the
function lies in tunefolio.cli.<module> and is imported when it is called.
"""

from __future__ import annotations

from tunefolio.cli.words import books, care, charges, market, people, serving, tax, tokens

ROOMS = (serving, people, tokens, books, market, charges, tax, care)
"""In the order in which `tunefolio --help` lists them."""
