"""Frozen, slotted value classes: the part of `dataclasses` that clienttone uses, at a tenth of its cost at start.

Importing `dataclasses` and making our classes with it took longer than everything else that ``import clienttone`` does.
Use it so, and type checkers see the real one::

    TYPE_CHECKING = False  # typing's own costs its import
    if TYPE_CHECKING:
        from dataclasses import dataclass
    else:
        from clienttone.records import dataclass

`dataclasses.fields`, ``replace`` and ``asdict`` work on these classes as on any dataclass.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal, NoReturn


def dataclass(*, frozen: Literal[True], slots: Literal[True]) -> Callable[[type], type]:
    """A decorator that makes a class of annotated names a frozen, slotted dataclass; defaults must be immutable."""
    return _record


def _record(cls: type) -> type:
    names = tuple(cls.__annotations__)
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    body = {key: value for key, value in cls.__dict__.items() if key not in (*names, "__dict__", "__weakref__")}
    made = type(cls)(cls.__name__, cls.__bases__, {**_METHODS, **body, "__slots__": names, "__match_args__": names})
    made.__init__ = _init(made, names, defaults)  # type: ignore[misc]
    made._values = staticmethod(_getter(names))  # type: ignore[attr-defined]
    made.__dataclass_fields__ = _Fields(defaults)  # type: ignore[attr-defined]
    return made


def _init(cls: Any, names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[..., None]:
    """``__init__`` as one would write it, but that it sets the slots directly, past the frozen ``__setattr__``."""
    scope = {f"_set_{name}": getattr(cls, name).__set__ for name in names}
    scope |= {f"_default_{name}": value for name, value in defaults.items()}
    arguments = ", ".join(f"{name}=_default_{name}" if name in defaults else name for name in names)
    lines = [f"_set_{name}(self, {name})" for name in names]
    lines += ["self.__post_init__()"] * hasattr(cls, "__post_init__")
    exec(f"def __init__(self, {arguments}):\n " + "\n ".join(lines), scope)
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {**cls.__annotations__, "return": "None"}
    return init


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda record: (get(record),)


class _Fields:
    """``__dataclass_fields__``, made by `dataclasses` itself when it is first asked for."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self.defaults = defaults

    def __get__(self, record: object, cls: Any) -> dict[str, Any]:
        from dataclasses import field, make_dataclass

        fields = [
            (name, kind, field(default=self.defaults[name])) if name in self.defaults else (name, kind)
            for name, kind in cls.__annotations__.items()
        ]
        made: Any = make_dataclass(cls.__name__, fields)
        found: dict[str, Any] = made.__dataclass_fields__
        cls.__dataclass_fields__ = found
        return found


def _repr(self: Any) -> str:
    inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({inside})"


def _eq(self: Any, other: Any) -> Any:
    return self._values(self) == self._values(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    return type(self), self._values(self)


def _setattr(self: Any, name: str, value: object = None) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")


_METHODS = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__reduce__": _reduce,
    "__setattr__": _setattr,
    "__delattr__": _setattr,
}
