"""The only wiring: settings and clocks come in here and go down as plain values.

`house` holds everything of one installation within one process, `roles` says what each process of
`run` does with it, `replaying` and `staging` move a house by recorded and by invented homes.
"""

from meterwatch.app.house import House, NotMigrated, open_store

__all__ = ["House", "NotMigrated", "open_store"]
