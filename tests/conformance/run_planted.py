"""Judge one of our classes with one line of its source changed; prints the rules that it breaks.

    python run_planted.py MODULE OLD NEW CLASS ROLE

The module is not touched: the line is changed when it is imported into this process.  It has to
stand there exactly once.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE), str(HERE / "middles")]


class Planter(importlib.machinery.PathFinder):
    """Finds modules as ever, and changes one line in one of them."""

    module = old = new = ""
    has_planted = False

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        """As ever; the loader of one module is another."""
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if fullname == cls.module and spec is not None:
            spec.loader = _Loader(fullname, spec.origin or "")
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, name: str, path: str) -> None:
        self.path = path

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source = Path(self.path).read_text("utf-8")
        assert source.count(Planter.old) == 1, f"{source.count(Planter.old)} times: {Planter.old}"
        assert len(Planter.old.splitlines()) == 1
        assert len(Planter.new.splitlines()) == 1
        exec(compile(source.replace(Planter.old, Planter.new), self.path, "exec"), vars(module))
        Planter.has_planted = True


def main(module: str, old: str, new: str, name: str, role: str) -> None:
    """Plant, judge and print."""
    assert module not in sys.modules
    Planter.module, Planter.old, Planter.new = module, old, new
    sys.meta_path.insert(0, Planter)
    import stock

    (case,) = [c for c in stock.cases("pcstream") if (c.name, c.role) == (name, role)]
    report = case.judge()
    assert Planter.has_planted, f"{module} was not imported"
    faults = [{"rule": fault.rule, "text": str(fault)} for fault in report.faults]
    print(json.dumps(faults))


if __name__ == "__main__":
    main(*sys.argv[1:])
