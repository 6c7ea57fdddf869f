"""Looking after the house: doctor, jobs, key, settings, version."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command, where


def add(commands: Commands) -> None:
    doctor = command(
        commands, "doctor", "care:doctor", "say what is wrong with this installation and how to mend it"
    )
    jobs = command(commands, "jobs", "care:jobs", "newest jobs and the timetable")
    jobs.add_argument("--limit", type=int, default=20, help="how many (20)")
    for one in (doctor, jobs):
        where(one)
    key = commands.add_parser("key", help="the key that seals broker secrets: rotate")
    verbs = key.add_subparsers(metavar="VERB", required=True)
    where(command(verbs, "rotate", "care:rotate", "seal every secret with a new key; stop the house before"))
    command(commands, "settings", "care:settings", "every setting: name, default, meaning")
    command(commands, "version", "care:version", "version of TuneFolio and of what it stands on")
