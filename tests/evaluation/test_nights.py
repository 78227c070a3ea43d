import numpy as np

from meterwatch.detectors.schedule import PAST_DAYS, ROLLED_DAYS
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.nights import Learnt, Nights, learn_nights
from meterwatch.evaluation.priors import in_folds
from meterwatch.evaluation.records import Record
from tests.evaluation.known import PRIOR, entered
from tests.evaluation.made_up import HOUR, START, record


def learnt(*records: Record, arrivals: Arrivals | None = None) -> list[Learnt]:
    nights = Nights.of([entered(each, arrivals) for each in records])
    return learn_nights(nights, [PRIOR] * len(records), [5.0])[5.0]


def noon(days: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return START + (np.array(days) * 24.0 + 12.0) * HOUR


def test_the_profile_of_a_day_is_learnt_from_the_days_before_it() -> None:
    (home,) = learnt(record(((60 * 24, 61 * 24),)))
    longest = home.at(noon([59, 60, 61, 62, 94, 96])).longest_silence_hours.tolist()
    # The silence runs from 20 h of day 59 to 7 h of day 61: 4 + 24 + 7 hours.
    assert longest == [11.0, 11.0, 11.0, 35.0, 35.0, 11.0]


def test_the_night_begins_at_three_in_the_morning() -> None:
    (home,) = learnt(record(((60 * 24, 61 * 24),)))
    at = START + (62 * 24 + np.array([2.9, 3.1])) * HOUR
    assert home.at(at).longest_silence_hours.tolist() == [11.0, 35.0]


def test_the_future_changes_no_profile_of_the_past() -> None:
    days = noon(list(range(28, 70)))
    one, other = (home.at(days) for home in learnt(record(), record(((70 * 24, 90 * 24),))))
    assert one.limits_hours.tobytes() == other.limits_hours.tobytes()
    assert one.usual_litres.tobytes() == other.usual_litres.tobytes()


def test_each_home_learns_alone() -> None:
    beside = learnt(record(), record(((40 * 24, 41 * 24),), leak=5.0))[0]
    alone = learnt(record())[0]
    assert beside.profiles.limits_hours.tobytes() == alone.profiles.limits_hours.tobytes()


def test_what_is_sent_late_is_learnt_late() -> None:
    late = Arrivals(transport_hours=30.0)
    (home,) = learnt(record(((60 * 24, 61 * 24),)), arrivals=late)
    longest = home.at(noon([61, 62, 63])).longest_silence_hours.tolist()
    assert longest == [11.0, 24.0, 35.0]  # heard up to nine in the evening of the day before


def test_a_day_is_counted_once_it_is_final() -> None:
    nights = Nights.of([entered(record())])
    for night, silences, past in nights.lived():
        assert silences.next_day[0] == night - ROLLED_DAYS + 1
        assert past.shape == (1, PAST_DAYS, 24)


def test_a_prior_in_folds_knows_nothing_of_the_home_it_is_for() -> None:
    names = [f"home {number}" for number in range(7)]
    priors = in_folds(Nights.of([entered(record(name=name)) for name in names]), 3)
    for name, prior in zip(names, priors, strict=True):
        assert name not in prior.fitted_on
        assert set(prior.fitted_on) < set(names)
