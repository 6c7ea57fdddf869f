"""The encoders here and the adapters' parsers share no code, neither directly nor by way of a third."""

from __future__ import annotations

import ast
from pathlib import Path

import tunefolio

SOURCE = Path(tunefolio.__file__).parent
WORDS_OF_THE_WIRE = {
    "tradingsymbol",
    "instrument_token",
    "t1_quantity",
    "access_token",
    "error_type",
    "chartPreviousClose",
}


def modules() -> dict[str, Path]:
    """Dotted name → file, of the whole product."""
    return {
        ".".join(("tunefolio", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in SOURCE.rglob("*.py")
    }


def imports(path: Path, known: set[str]) -> set[str]:
    """Modules of ours that a file imports, at any depth of its own code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found & known


def reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    """Everything that `start`-rooted modules import, however indirectly."""
    todo = [name for name in graph if name == start or name.startswith(f"{start}.")]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


def test_encoders_share_no_code_with_parsers() -> None:
    files = modules()
    graph = {name: imports(path, set(files)) for name, path in files.items()}
    assert "tunefolio.sandbox.kite.ticks" in graph
    from_sandbox = reached("tunefolio.sandbox", graph)
    assert not any(name.startswith(("tunefolio.adapters", "tunefolio.services")) for name in from_sandbox)
    from_adapters = reached("tunefolio.adapters", graph)
    assert not any(name.startswith("tunefolio.sandbox") for name in from_adapters)
    for name in from_sandbox & from_adapters:
        text = files[name].read_text("utf-8")
        spoken = {word for word in WORDS_OF_THE_WIRE if word in text}
        assert not spoken, f"{name} speaks the wire for both sides: {spoken}"
        assert "import struct" not in text, f"{name} packs bytes for both sides"
        assert "from struct" not in text
