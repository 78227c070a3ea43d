"""Finds or makes the areas that a file names: each is known by its name below the one above it."""

from collections.abc import Iterable

from meterwatch.domain.household import Area, Level
from meterwatch.pipeline.import_homes.homes import Path
from meterwatch.pipeline.import_homes.remarks import Remarks
from meterwatch.store.registry import Registry

_WORDS = {
    Level.DISTRICT: ("区", "district"),
    Level.STREET: ("街道", "street"),
    Level.COMMUNITY: ("社区", "community"),
    Level.GRID: ("网格", "grid"),
}


class Places:
    """The tree of areas while a file is taken in."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._there = list(registry.areas())
        self.ids: dict[Path, int] = {}
        self.new = 0

    def take(self, paths: Iterable[tuple[Path, int]], faults: Remarks) -> None:
        """Find or make every area of these paths, each with the line that names it.

        Long paths come first, so that a line that leaves the district out means the one community
        of that name which other lines place.
        """
        for path, line in sorted(paths, key=lambda named: (-len(named[0]), named[1])):
            self._place(path, line, faults)

    def _place(self, path: Path, line: int, faults: Remarks) -> None:
        parent: Area | None = None
        for depth, (level, name) in enumerate(path, 1):
            found = self._below(parent, level, name)
            column = f"area_{level}({_WORDS[level][0]})"
            if len(found) > 1:
                faults.add(
                    line,
                    column,
                    f"有 {len(found)} 个“{name}”,请写上它上一级",
                    f"there are {len(found)} called {name!r}; write the area above it as well",
                )
                return
            if found and found[0].level is not level:
                zh, en = _WORDS[found[0].level]
                faults.add(
                    line,
                    column,
                    f"“{name}”已经登记为{zh},请写在那一列",
                    f"{name!r} is registered as a {en}; write it in that column",
                )
                return
            parent = found[0] if found else self._add(parent, level, name)
            self.ids[path[:depth]] = parent.id

    def _below(self, parent: Area | None, level: Level, name: str) -> list[Area]:
        if parent is not None:
            return [a for a in self._there if a.parent_id == parent.id and a.name == name]
        return [a for a in self._there if a.level is level and a.name == name]

    def _add(self, parent: Area | None, level: Level, name: str) -> Area:
        area = self._registry.add_area(parent.id if parent else None, level, name)
        self._there.append(area)
        self.new += 1
        return area
