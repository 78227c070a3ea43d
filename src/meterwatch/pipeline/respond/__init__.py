"""Respond: what people do about an alert, whichever way they say it.

A click, a form and a reply by SMS end in the same acts; each is one transaction.
"""

from meterwatch.pipeline.respond.absences import declare_absence, end_absence
from meterwatch.pipeline.respond.acts import acknowledge, correct, decline, go, report
from meterwatch.pipeline.respond.budgets import set_budget
from meterwatch.pipeline.respond.outages import announce_outage, end_outage
from meterwatch.pipeline.respond.receipts import take_receipt
from meterwatch.pipeline.respond.replies import take_reply
from meterwatch.pipeline.respond.swaps import declare_swap

__all__ = [
    "acknowledge",
    "announce_outage",
    "correct",
    "declare_absence",
    "declare_swap",
    "decline",
    "end_absence",
    "end_outage",
    "go",
    "report",
    "set_budget",
    "take_receipt",
    "take_reply",
]
