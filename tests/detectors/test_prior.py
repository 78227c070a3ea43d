import json
from pathlib import Path

import numpy as np
import pytest

from meterwatch.config.prior import read_prior
from meterwatch.detectors.prior import Prior, fit_prior
from meterwatch.detectors.silences import Silences
from tests.detectors.test_limits import lived


def test_the_prior_that_ships_names_its_homes_and_their_licence() -> None:
    prior = read_prior()
    assert "DAIAD project" in prior.source
    assert "CC BY-SA" in prior.source
    assert len(prior.fitted_on) == len(set(prior.fitted_on)) > 30
    assert ((prior.hazard > 0.0) & (prior.hazard < 1.0)).all()
    assert 5.0 < prior.begun_a_day.sum() < 15.0


def test_a_prior_is_what_homes_show_together_and_each_counts_as_one_year() -> None:
    silences = lived(1, homes=3)
    thrice = Silences.joined([silences, silences, silences])
    once, again = fit_prior(silences, ("a", "b", "c")), fit_prior(thrice)
    assert once.fitted_on == ("a", "b", "c")
    assert once.begun_a_day == pytest.approx(again.begun_a_day)
    assert np.abs(once.hazard - again.hazard).max() < 0.2


def test_homes_known_for_less_than_four_weeks_teach_nothing() -> None:
    known, fresh = lived(1, homes=2), lived(2, homes=1, days=20)
    both = fit_prior(Silences.joined([known, fresh]))
    assert both.hazard.tobytes() == fit_prior(known).hazard.tobytes()
    with pytest.raises(ValueError, match="28 known days"):
        fit_prior(fresh)


def test_a_prior_survives_its_file(tmp_path: Path) -> None:
    prior = fit_prior(lived(3), ("one", "two"), "a source")
    table = {name: np.asarray(value).tolist() for name, value in prior.table().items()}
    file = tmp_path / "prior.json"
    file.write_text(json.dumps(table), encoding="utf-8")
    back = read_prior(file)
    assert back.hazard.tobytes() == prior.hazard.tobytes()
    assert (back.fitted_on, back.source) == (("one", "two"), "a source")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"hazard": 1}', "{"])
def test_a_file_that_is_no_prior_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.json"):
        read_prior(file)


def test_a_prior_is_made_of_its_own_table() -> None:
    prior = read_prior()
    assert Prior.of(prior.table()).hazard.tobytes() == prior.hazard.tobytes()
