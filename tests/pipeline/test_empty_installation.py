"""An installation into which nobody has been imported yet is a well one."""

from datetime import UTC, datetime
from pathlib import Path

from meterwatch import migrations
from meterwatch.config import Settings
from meterwatch.domain.usage import LocalTime
from meterwatch.pipeline.learn import Schooling, boards_before, last_night, night
from meterwatch.store import Store

MOMENT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_a_night_without_a_home_does_its_work(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'meterwatch.db'}"
    migrations.upgrade(url)
    store = Store(url)

    schooling = Schooling(LocalTime.of(UTC), Settings().prior())
    night(store, boards_before(store, MOMENT), schooling, MOMENT)

    assert last_night(store) == MOMENT
    store.close()
