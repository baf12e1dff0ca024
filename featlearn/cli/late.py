"""A library that is loaded when it is first used: most commands compute nothing, and should answer at once."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


def load_when_used(name: str) -> None:
    """From now on, ``import name`` takes no time; the library is loaded in its place when an attribute is asked for."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        module = sys.modules[name] = module_from_spec(spec)
        module.__class__ = _Late
        del module.__path__  # so that importing a part of the library asks for it, and loads all


class _Late(ModuleType):
    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        assert spec is not None
        assert spec.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__path__ = spec.submodule_search_locations or []
        spec.loader.exec_module(self)
        return getattr(self, name)
