"""What customers, banks and strangers do at the scripted bank, and what the shop hears of it."""

from collections.abc import Callable

import attrs

from adapters.gateways.sandbox import SCHEMA
from application.backends import Settings
from application.gateways import Received
from application.landing import Outcome
from domain.ids import GatewayOrderId, MethodCode
from domain.payment import Payment
from tests.fakes import FakeBackend, FakeGateway
from tests.steps.money import format_money, parse_money
from tests.steps.shop import UNKNOWN_REFERENCE, Claim, Heard, Landing, Signature, Trouble
from tests.world import World

API_KEY = "sk_test_of_the_bank"
OWN_PAGE = "https://shop.example/thanks"
ENDED = ("captured", "failed", "canceled")
CLAIMED = {Claim.CONFIRMED: "captured", Claim.REFUSED: "failed"}
HOUR = 3600


class LockedBackend(FakeBackend):
    """The bank behind its keys, with the settings of the sandbox's methods: no keys, no bank."""

    def __init__(self) -> None:
        super().__init__()
        self.settings_schema = SCHEMA
        self.keys = {"api_key": API_KEY, "signing_secret": self.gateway.secret}

    def connect(self, settings: Settings) -> FakeGateway:
        """The bank, for those who have its keys."""
        assert {name: settings[name] for name in self.keys} == self.keys, "the bank's keys are lost"
        return super().connect(settings)


@attrs.frozen
class BankSide:
    """The bank as one story meets it."""

    world: World

    @property
    def _bank(self) -> FakeGateway:
        return self.world.bank

    def has_page(self, payment: Payment) -> bool:
        """Whether the customer was sent to a page that the bank really has."""
        held = self._held(payment)
        return held is not None and payment.bill.next_step == f"{self._bank.address}/pay/{held['id']}"

    def asked(self, payment: Payment) -> tuple[str, ...]:
        """The amounts that the bank was asked to collect."""
        held = self._held(payment)
        return (format_money(held["amount"], held["currency"]),) if held else ()

    def taken(self, payment: Payment) -> str:
        """What the bank has taken for a payment, less what went back."""
        held = self._held(payment)
        taken = held["amount_captured"] - held["amount_refunded"] if held else 0
        return format_money(taken, payment.amount.currency.code)

    def _held(self, payment: Payment) -> dict | None:
        return self._bank.find(payment.order_id, None)

    # what customers do there

    def confirm(self, payment: Payment, amount: str, heard: Heard) -> Landing | None:
        """The money is taken: what is due, or another amount."""
        return self._act(payment, heard, lambda: self._bank.confirm(payment.order_id, *parse_money(amount)))

    def hold(self, payment: Payment) -> None:
        """The money is held."""
        self._act(payment, Heard.BOTH, lambda: self._bank.authorise(payment.order_id))

    def refuse(self, payment: Payment, heard: Heard) -> Landing | None:
        """The card is refused."""
        return self._act(payment, heard, lambda: self._bank.decline(payment.order_id))

    def give_up(self, payment: Payment) -> Landing | None:
        """The customer presses cancel."""
        return self._act(payment, Heard.BOTH, lambda: self._bank.cancel(payment.order_id))

    def hesitate(self, payment: Payment) -> Landing | None:
        """The bank says nothing yet, to the shop neither."""
        return self._act(payment, Heard.RETURN, lambda: self._bank.hesitate(payment.order_id))

    def take_by_hand(self, payment: Payment) -> None:
        """Held money is taken."""
        self._act(payment, Heard.NEITHER, lambda: self._bank.confirm(payment.order_id))

    def send_late(self, payment: Payment) -> None:
        """The money is taken although the payment was over."""
        self._bank.confirm(payment.order_id, payment.amount.minor)
        self._tell(payment)

    def _act(self, payment: Payment, heard: Heard, deed: Callable[[], None]) -> Landing | None:
        assert self.has_page(payment), "the customer has nowhere to go"
        self.world.clock.turn(milliseconds=10)
        if self._bank.status(payment.order_id) not in ENDED:
            # A closed payment takes no money, and nothing is told of it.
            deed()
            if heard in {Heard.BOTH, Heard.REPORT}:
                self._tell(payment)
        return self.come_back(payment) if heard in {Heard.BOTH, Heard.RETURN} else None

    def come_back(self, payment: Payment, *, forged: bool = False) -> Landing:
        """The customer's browser opens the return address, perhaps with a query of its own making."""
        received = self._bank.callback(
            payment.order_id, "captured" if forged else None, method="GET", forged=forged, now=self._now()
        )
        landing = self.world.app.hear_callback.land(
            code=payment.method_code, order_id=payment.order_id, received=received
        )
        assert landing.order_key
        assert self.world.app.queries.order(landing.order_key)
        assert landing.return_url in {None, OWN_PAGE}
        page = "the failure page" if landing.outcome is Outcome.FAILED else "the success page"
        return Landing(page="the shop's own page" if landing.return_url else page, told=str(landing.outcome))

    # what the shop is told

    def report(
        self,
        code: MethodCode,
        sent_for: Payment | None,
        about: Payment | None,
        claim: Claim,
        how: Signature,
        times: int,
    ) -> None:
        """The same report so many times, as the bank would send it or as a stranger would."""
        seconds = self._now() - (HOUR if how is Signature.OLD else 0)
        taken = about.amount.minor if about and claim is Claim.CONFIRMED else 0
        received = self._bank.callback(
            about.order_id if about else UNKNOWN_REFERENCE,
            CLAIMED[claim],
            forged=how is Signature.ANOTHER,
            now=seconds,
            amount_authorized=taken,
            amount_captured=taken,
        )
        for _ in range(times):
            self._hear(code, sent_for.order_id if sent_for else None, _signed(received, how))

    def _tell(self, payment: Payment) -> None:
        received = self._bank.callback(payment.order_id, now=self._now())
        self._hear(payment.method_code, payment.order_id, received)

    def _hear(self, code: MethodCode, order_id: GatewayOrderId | None, received: Received) -> None:
        self.world.app.hear_callback(code=code, order_id=order_id, received=received)

    def _now(self) -> float:
        return self.world.clock.now().timestamp()

    # what goes wrong

    def fail(self, kind: Trouble) -> None:
        """Goes wrong until `recover`; what answers too late, or nonsense, has done what it was asked."""
        match kind:
            case Trouble.SILENT | Trouble.ERRORS:
                self._bank.trouble(None)
            case Trouble.NONSENSE | Trouble.SLOW:
                self._bank.trouble(None, done=True)
            case Trouble.LOST_ANSWERS:
                self._bank.trouble(None, operation="initiate", done=True)
                self._bank.trouble(None, operation="verify")
            case Trouble.REFUSES:
                self._bank.refuse(None)
            case Trouble.EARLY:
                self._bank.meanwhile("initiate", self._tell_early)

    def _tell_early(self) -> None:
        opening = self._bank.calls[-1]
        received = self._bank.callback(opening.order_id, now=self._now())
        self._hear(MethodCode("card"), GatewayOrderId(opening.order_id), received)

    def recover(self) -> None:
        """Nothing goes wrong any more."""
        self._bank.recover()


def _signed(received: Received, how: Signature) -> Received:
    name = "x-sandbox-signature"
    header = received.headers[name]
    if how is Signature.SPOILT:
        header = header[:-1] + ("0" if header[-1] != "0" else "1")
    others = {key: value for key, value in received.headers.items() if key != name}
    return attrs.evolve(received, headers=others if how is Signature.NONE else {**others, name: header})
