"""What staff set up in the same process: the shop itself, its goods, and its ways to pay."""

from datetime import timedelta
from typing import Any

from adapters.gateways.settings import SettingsDesk
from adapters.system import RandomKeys
from application.service import Application
from domain.errors import NotFound
from domain.ids import MethodCode, Sku
from domain.methods import MethodRules
from domain.money import Money
from tests.fakes import OneWord, Unclosing
from tests.live import HOLD_SECONDS, SETTINGS
from tests.steps.in_process_door import Door
from tests.steps.in_process_gateway import API_KEY, BankSide, LockedBackend
from tests.steps.in_process_views import refusing
from tests.steps.money import parse_money
from tests.steps.shop import OFFLINE, STAFF, UNKNOWN_METHOD, MethodSeen, Pace, StockSeen, Terms
from tests.world import World

CARDS = ("4111111111111111", "4000000000000002", "4000000000009999")


class InProcessCatalog:
    """A shop of the story's own, with nothing and nobody in it yet."""

    world: World
    door: Door
    bank: BankSide

    def __init__(self) -> None:
        self._terms: dict[str, Terms] = {}
        self.open(Pace.CALM)

    def open(self, pace: Pace) -> None:
        """Sets up the shop; before anything else happens."""
        assert not self._terms, "the shop is already in use"
        self.world = World(
            is_furnished=False,
            backend=LockedBackend(),
            keys=RandomKeys(),
            settings=SettingsDesk(),
            hold=timedelta(minutes=float(str(SETTINGS[pace]["hold_minutes"]))),
            first_look=timedelta(seconds=float(str(SETTINGS[pace]["janitor_seconds"]))),
        )
        self.door, self.bank = Door(self.app), BankSide(self.world)

    @property
    def app(self) -> Application:
        """The use cases."""
        return self.world.app

    def money(self, text: str) -> Money:
        """Money as people write it, in the core's own type."""
        minor, code = parse_money(text)
        currency = self.app.currencies.get(code)
        assert currency, f"the shop knows no {code}"
        return Money(minor, currency)

    # goods

    @refusing()
    def stock(self, goods: str, units: int, price: str, *, seller: str = "", by: str = STAFF) -> None:
        """Puts goods on sale, or says anew how many there are at what price."""
        self.door.staff(by)
        self.app.put_product(
            sku=Sku(goods), name=goods, price=self.money(price), on_hand=units, seller=seller or None
        )

    @refusing()
    def stock_seen(self, goods: str) -> StockSeen:
        """Goods as anybody sees them."""
        product = self.app.queries.product(Sku(goods))
        if product is None:
            raise NotFound("there is no such product")
        stock = product.stock
        return StockSeen(
            price=str(product.price),
            on_hand=stock.on_hand,
            reserved=stock.reserved,
            available=stock.available,
        )

    # ways to pay

    def offer(self, method: str, terms: Terms = Terms(), *, by: str = STAFF) -> None:  # noqa: B008
        """Sets up a way to pay."""
        if terms.closes_nothing:
            # What a gateway can do is told by its class.
            self.world.bank.__class__ = Unclosing
        if terms.says_one_word:
            self.world.bank.__class__ = OneWord
        self._put_method(method, terms, by)
        self._terms[method] = terms

    def withdraw(self, method: str) -> None:
        """Switches a method off."""
        self._put_method(method, self._terms.setdefault(method, Terms()), STAFF, enabled=False)

    @refusing()
    def _put_method(self, method: str, terms: Terms, by: str, enabled: bool = True) -> None:
        self.door.staff(by)
        backend, _, approves = OFFLINE.get(method, ("sandbox", None, True))
        self.app.manage_methods.put(
            code=code_of(method),
            name=f"{method.capitalize()}, renamed" if terms.renamed else method.capitalize(),
            backend=backend,
            auto_approve=approves and not terms.waits_for_approval,
            enabled=enabled,
            settings=self._settings(method, terms),
            rules=self._rules(terms),
        )

    def _settings(self, method: str, terms: Terms) -> dict[str, object]:
        settings: dict[str, object] = {"base_url": self.world.bank.address}
        if method in OFFLINE:
            kind = OFFLINE[method][1]
            settings = {"kind": kind, "instructions": f"How to pay: {method}"} if kind else {}
        elif not terms.renamed:
            settings |= {"api_key": API_KEY, "signing_secret": self.world.bank.secret}
        if terms.only_holds:
            settings["capture"] = "manual"
        if terms.waits_a_moment:
            settings["hold_minutes"] = HOLD_SECONDS / 60
        if terms.due_days:
            settings["due_days"] = terms.due_days
        if terms.unknown_setting:
            settings["moon_phase"] = "full"
        return settings

    def _rules(self, terms: Terms) -> MethodRules:
        return MethodRules(
            min_amount=self.money(terms.at_least) if terms.at_least else None,
            max_amount=self.money(terms.at_most) if terms.at_most else None,
            currencies=(terms.currency,) if terms.currency else (),
            customers=(self.door.customer(terms.customer),) if terms.customer else (),
            skus_refused=(Sku(terms.not_for),) if terms.not_for else (),
        )

    def offered_code(self, method: str) -> MethodCode:
        """The code of a method, set up as usual when the story has not said how."""
        if method != UNKNOWN_METHOD and method not in self._terms:
            self.offer(method)
        return code_of(method)

    @refusing()
    def method_seen(self, method: str) -> MethodSeen:
        """A payment method as staff see it."""
        self.door.staff(STAFF)
        stored = self.app.queries.method(code_of(method))
        if stored is None:
            raise NotFound("there is no such payment method")
        shown = self.app.manage_methods.shown(stored)
        at_most = stored.rules.max_amount
        return MethodSeen(
            id=stored.id,
            name=stored.name,
            backend=stored.backend,
            auto_approve=stored.auto_approve,
            enabled=stored.enabled,
            settings=shown,
            at_most=at_most and str(at_most),
            secrets_shown=self.leaks(shown),
        )

    def methods_offered(self) -> frozenset[str]:
        """The methods that anybody is shown."""
        return frozenset(name_of(method.code) for method in self.app.queries.methods() if method.enabled)

    def leaks(self, shown: Any) -> tuple[str, ...]:
        """Which card numbers and secrets stand in what somebody is shown."""
        return tuple(word for word in (*CARDS, API_KEY, self.world.bank.secret) if word in repr(shown))


def code_of(method: str) -> MethodCode:
    """What the shop calls a method of the features."""
    return MethodCode(method.replace(" ", "-"))


def name_of(code: MethodCode) -> str:
    """What the features call a method of the shop."""
    return code.replace("-", " ")
