"""A failure is told when it happens, in a line or two; the whole of it stands at the end of the run."""

from __future__ import annotations

import pytest

LENGTH = 300
"""How much of a reason is told at once, in characters."""


class ToldAtOnce:
    """Registered in the process that leads the run: its workers' reports come to it one by one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After the letter that pytest itself prints."""
        if report.failed:
            self._tell(report.nodeid, report.when, reason_of(report))

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read fails before its first test."""
        if report.failed:
            self._tell(report.nodeid, "collect", reason_of(report))

    def _tell(self, nodeid: str, when: str, reason: str) -> None:
        terminal = self._config.get_terminal_writer()
        if terminal.width_of_current_line:
            terminal.line()
        terminal.line(f"✗ {nodeid}{'' if when == 'call' else f' ({when})'}", red=True)
        terminal.line(f"  {reason}")
        terminal.flush()


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Where it broke and the first words of why; one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = report.longreprtext.strip().splitlines()
    if crash is None:
        return shortened(said[-1]) if said else "no reason was given"
    first = crash.message.strip().splitlines()
    return f"{crash.path}:{crash.lineno}: {shortened(first[0] if first else '')}"


def shortened(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"
