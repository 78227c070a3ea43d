"""What people said of water that runs: which leak is known, which is yet to be answered for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from meterwatch.detectors.night_flow import FlowsTold
from meterwatch.domain.lesson import flow_left_at
from meterwatch.domain.signal import FLAT_FLOW, SLOW_LEAK, Condition, SubjectKind
from meterwatch.domain.usage import Floats, LocalTime
from meterwatch.pipeline.lessons import Answers
from meterwatch.store import Store, Transaction


def running_since(tx: Transaction) -> Mapping[int, datetime]:
    """Say since when water runs in each home about which an alert of it stands."""
    began: dict[int, datetime] = {}
    for (kind, number, name), one in tx.alerts.standing().items():
        of_flow = kind is SubjectKind.HOUSEHOLD and name in {FLAT_FLOW, SLOW_LEAK}
        if of_flow and one.condition is not Condition.CLEARED:
            began[number] = min(one.began_at, began.get(number, one.began_at))
    return began


def flows_told(
    store: Store,
    homes: Sequence[int],
    answers: Answers,
    running: Mapping[int, datetime],
    local: LocalTime,
) -> FlowsTold:
    """Give what was said of each home, in the order of `homes`, by a visit or in a text."""
    leaks = {home: (SubjectKind.HOUSEHOLD, home, SLOW_LEAK) for home in homes}
    with store.transaction(read_only=True) as tx:
        closed = tx.alerts.answered(list(leaks.values()))
    left = []
    for home in homes:
        said = (flow_left_at(answers.get(home, ())), closed.get(leaks[home]))
        left.append(max((at for at in said if at is not None), default=None))
    return FlowsTold(_local(left, local), _local([running.get(home) for home in homes], local))


def _local(moments: Sequence[datetime | None], local: LocalTime) -> Floats:
    known = [np.nan if moment is None else moment.timestamp() for moment in moments]
    at = np.array(known, dtype=np.float64)
    return np.where(np.isnan(at), np.nan, local.seconds(np.nan_to_num(at)))
