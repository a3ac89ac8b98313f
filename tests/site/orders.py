"""Which behaviour is due: what was ordered for an address, or what its id asks for by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.site.addresses import Kind
from tests.site.behaviours import BEHAVIOURS, Behaviour, behaviour_of

if TYPE_CHECKING:
    from tests.site.addresses import Address

EVERYTHING = "*"


@dataclass(slots=True)
class Order:
    """A behaviour that was asked for."""

    behaviour: Behaviour
    times: int | None
    """How many more requests it holds for; None for ever."""
    latency_ms: int


@dataclass(slots=True)
class Orders:
    """The behaviours that were asked for, by what they hold for."""

    latency_ms: int = 0
    """What every answer waits, unless an order says otherwise."""
    by_key: dict[str, Order] = field(default_factory=dict)

    def add(
        self, key: str, name: str, *, times: int | None = None, latency_ms: int | None = None
    ) -> None:
        """Order a behaviour for a key (``*`` is everything); it replaces an earlier order.

        Raises:
            KeyError: there is no behaviour of that name.
        """
        latency_ms = self.latency_ms if latency_ms is None else latency_ms
        self.by_key[key] = Order(BEHAVIOURS[name], times=times, latency_ms=latency_ms)

    def take(self, address: Address) -> tuple[Behaviour, int]:
        """The behaviour that is due for an address and its latency; uses up one of its times.

        Pages beside the content, such as ``/login``, are always served.
        """
        if self.by_key and address.kind is not Kind.OTHER:
            for key in (address.key, EVERYTHING):
                if (order := self.by_key.get(key)) is not None:
                    self._use(key, order)
                    return order.behaviour, order.latency_ms
        return behaviour_of(address.key), self.latency_ms

    def _use(self, key: str, order: Order) -> None:
        if order.times is not None:
            order.times -= 1
            if order.times <= 0:
                del self.by_key[key]
