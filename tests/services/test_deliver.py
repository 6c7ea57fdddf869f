"""From an alert to the channels: codes, muting, retries, giving up, and never twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.acts import acts_of
from tests.services.desks import Desk, seated
from tests.services.test_alerts import listed, made, seen
from tunefolio.core.alerts import AlertKind, Repeat
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.core.notice import ChannelId, ChannelKind, Notice
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.services import alert_holdings as alert_holdings
from tunefolio.services import channels, deliver, jobs
from tunefolio.services.acts import Act
from tunefolio.store import channels as ways
from tunefolio.store import jobs as rows
from tunefolio.store import notices
from tunefolio.store.notices import DeliveryState

pytestmark = pytest.mark.one_is_enough


@dataclass
class Letterbox:
    """A channel in this process. troubles: what it raises, one a letter, before it takes any."""

    letters: list[tuple[Notice, str]] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    def fit(self, target: str) -> str:
        return target.strip()

    def hint(self, target: str) -> str:
        return f"{target[:2]}…"

    def notify(self, notice: Notice, target: Secret) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.letters.append((notice, target.reveal()))


@dataclass
class Posted:
    desk: Desk
    box: Letterbox


@pytest.fixture
def posted(migrated_url: str) -> Iterator[Posted]:
    """A desk whose house can send mail and webhooks, into one letterbox."""
    with seated(migrated_url) as desk:
        box = Letterbox()
        house = replace(desk.house, notifiers={ChannelKind.EMAIL: box, ChannelKind.WEBHOOK: box})
        yield Posted(replace(desk, house=house), box)


def work(desk: Desk, minutes: int = 0) -> None:
    """Some minutes pass; everything due is done, and what that asks for."""
    desk.clock.advance(timedelta(minutes=minutes))
    while True:
        with desk.house.database.reading() as db:
            due = rows.due(db, Caretaker("test"), desk.clock.now(), 50)
        if not due:
            return
        for job in due:
            jobs.run(desk.house, job)


def proven(posted: Posted, kind: ChannelKind = ChannelKind.EMAIL) -> ChannelId:
    """A channel whose code has been typed."""
    desk = posted.desk
    with desk.house.database.writing() as db:
        id = channels.add(db, desk.house, desk.viewer, kind, "asha@example.org")
    work(desk)
    code = re.search(r"\d{6}", posted.box.letters.pop()[0].title)
    assert code is not None
    with desk.house.database.writing() as db:
        assert channels.confirm(db, desk.house, desk.viewer, id, code[0])
    assert acts_of(desk.house, desk.viewer)[0] is Act.CHANNEL_PROVEN
    return id


def spoken(posted: Posted) -> InstrumentId:
    """An alert speaks."""
    infy = listed(posted.desk)
    seen(posted.desk, infy, "1490")
    made(posted.desk, infy, level="1500", repeat=Repeat.EVERY)
    seen(posted.desk, infy, "1500")
    return infy


def states(desk: Desk) -> list[DeliveryState]:
    with desk.house.database.reading() as db:
        told = notices.page(db, desk.viewer, None, 50)
        found = notices.deliveries_by_notice(db, desk.viewer, [one.id for one in told])
    return [one.state for some in found.values() for one in some]


def titles(desk: Desk) -> list[str]:
    with desk.house.database.reading() as db:
        return [one.notice.title for one in notices.page(db, desk.viewer, None, 50)]


@pytest.mark.on_both
def test_an_alert_reaches_a_proven_channel_once(posted: Posted) -> None:
    proven(posted)
    spoken(posted)
    work(posted.desk)
    work(posted.desk, 60)
    assert [(one.title, target) for one, target in posted.box.letters] == [
        ("INFY: at or above 1,500 INR", "asha@example.org")
    ]
    assert posted.box.letters[0][0].link.startswith("http")
    assert states(posted.desk) == [DeliveryState.SENT]


def test_an_unproven_channel_gets_nothing_but_its_code(posted: Posted) -> None:
    desk = posted.desk
    with desk.house.database.writing() as db:
        channels.add(db, desk.house, desk.viewer, ChannelKind.EMAIL, "asha@example.org")
    work(desk)
    spoken(posted)
    work(desk)
    assert len(posted.box.letters) == 1
    assert states(desk) == []


def test_a_code_is_guessed_at_five_times_and_lives_half_an_hour(posted: Posted) -> None:
    desk = posted.desk
    with desk.house.database.writing() as db:
        id = channels.add(db, desk.house, desk.viewer, ChannelKind.EMAIL, "asha@example.org")
    work(desk)
    for _ in range(5):
        with desk.house.database.writing() as db:
            assert channels.confirm(db, desk.house, desk.viewer, id, "nothing") is False
    with desk.house.database.writing() as db, pytest.raises(Misuse, match="too often"):
        channels.confirm(db, desk.house, desk.viewer, id, "nothing")
    with desk.house.database.writing() as db:
        channels.send_code(db, desk.house, desk.viewer, id)
    assert acts_of(desk.house, desk.viewer)[:2] == [Act.CHANNEL_CODE, Act.CHANNEL_REFUSED]
    work(desk)
    desk.clock.advance(timedelta(minutes=31))
    with desk.house.database.writing() as db, pytest.raises(Misuse, match="no longer"):
        channels.confirm(db, desk.house, desk.viewer, id, "nothing")


def test_a_webhook_is_proven_by_its_answer(posted: Posted) -> None:
    desk = posted.desk
    with desk.house.database.writing() as db:
        id = channels.add(db, desk.house, desk.viewer, ChannelKind.WEBHOOK, "https://example.org/ key")
    work(desk)
    with desk.house.database.reading() as db:
        assert ways.channel_of(db, desk.viewer, id).verified is not None


def test_a_muted_kind_stays_on_the_page(posted: Posted) -> None:
    id = proven(posted)
    desk = posted.desk
    with desk.house.database.writing() as db:
        channels.mute(db, desk.house, desk.viewer, id, [AlertKind.PRICE])
    spoken(posted)
    work(desk)
    assert titles(desk) == ["INFY: at or above 1,500 INR"]
    assert posted.box.letters == []


def test_a_busy_channel_is_tried_again_when_it_asks_to_be(posted: Posted) -> None:
    proven(posted)
    posted.box.troubles = [Retry("busy", after=timedelta(minutes=10)), Retry("away")]
    spoken(posted)
    work(posted.desk)
    work(posted.desk, 9)
    assert len(posted.box.troubles) == 1, "not before it asked"
    work(posted.desk, 2)
    assert states(posted.desk) == [DeliveryState.QUEUED]
    work(posted.desk, 5)
    assert states(posted.desk) == [DeliveryState.SENT]
    assert len(posted.box.letters) == 1


def test_a_refused_letter_is_told_of_on_the_page(posted: Posted) -> None:
    proven(posted)
    posted.box.troubles = [Rejected("no such box")]
    spoken(posted)
    work(posted.desk)
    assert states(posted.desk) == [DeliveryState.FAILED]
    assert titles(posted.desk)[0] == "A message to as… did not arrive"


@pytest.mark.on_both
def test_what_never_arrives_is_given_up(posted: Posted) -> None:
    proven(posted)
    posted.box.troubles = [Retry("away")] * 99
    spoken(posted)
    for _ in range(deliver.MOST_ATTEMPTS + 3):
        work(posted.desk, 20)
    assert states(posted.desk) == [DeliveryState.GIVEN_UP]
    assert 99 - len(posted.box.troubles) == deliver.MOST_ATTEMPTS
    assert titles(posted.desk)[0] == "A message to as… did not arrive"


def test_a_test_message_takes_the_way_of_alerts(posted: Posted) -> None:
    id = proven(posted)
    desk = posted.desk
    with desk.house.database.writing() as db:
        channels.test(db, desk.house, desk.viewer, id)
    work(desk)
    assert posted.box.letters[0][0].title.startswith("Test message")
    assert states(desk) == [DeliveryState.SENT]


@pytest.mark.on_both
def test_the_p_and_l_of_a_position_and_a_drawdown_are_judged_by_a_job(posted: Posted) -> None:
    desk = posted.desk
    desk.write_down("2026-11-19 buy 10 NSE:INFY @ 1400")
    infy = listed(desk)
    seen(desk, infy, "1400")
    made(desk, infy, AlertKind.PNL, level="1000", direction="up")
    made(desk, infy, AlertKind.PNL, level="0.05", measure="ratio")
    work(desk, 1)
    assert titles(desk) == []
    seen(desk, infy, "1500")
    work(desk, 1)
    assert sorted(titles(desk)) == ["INFY: P&L at or above 1,000 INR", "INFY: P&L at or above 5 %"]
    seen(desk, infy, "1501")
    work(desk, 1)
    assert len(titles(desk)) == 2
