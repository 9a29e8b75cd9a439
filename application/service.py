"""The inside of the hexagon: a record of every use case, read at the edge and never handed inward."""

import attrs

from application.accounts import Hire, Register, SignIn
from application.asking import AskGateway
from application.backends import ChecksSettings
from application.banking import TakeUpEntry
from application.books import Books
from application.checkout import CheckOutCart, CheckOutOrders
from application.connecting import Gateways
from application.deciding import Decide
from application.guarding import Guards
from application.hearing import HearCallback
from application.hearsay import Hearsay
from application.janitor import LookAfterPayments
from application.opening import OpenPayment
from application.paying import Checkout
from application.payments import ApprovePayment, CancelOrder, MoveOrder, VerifyBill
from application.policy import Policy
from application.ports import Clock, Currencies, IdempotencyKeys, Keys, Outbox, Passwords, Prunes, Publishes
from application.proof import Prove
from application.pruning import Prune
from application.relay import Relay
from application.shop import FillCart, ManageMethods, OfferMethods, PutProduct
from application.storage import Begin
from application.views import Queries
from application.wallets import CreditWallet


@attrs.frozen(kw_only=True)
class Outside:
    """Everything that the core needs from outside, as bootstrap and tests provide it."""

    begin: Begin
    queries: Queries
    books: Books
    outbox: Outbox
    prunes: Prunes
    idempotency: IdempotencyKeys
    gateways: Gateways
    settings: ChecksSettings
    clock: Clock
    keys: Keys
    passwords: Passwords
    currencies: Currencies
    publish: Publishes
    policy: Policy


@attrs.frozen(kw_only=True)
class Application:
    """What Kassa can do."""

    register: Register
    hire: Hire
    sign_in: SignIn
    put_product: PutProduct
    fill_cart: FillCart
    offer_methods: OfferMethods
    manage_methods: ManageMethods
    check_out_cart: CheckOutCart
    check_out_orders: CheckOutOrders
    hear_callback: HearCallback
    verify_bill: VerifyBill
    approve_payment: ApprovePayment
    cancel_order: CancelOrder
    move_order: MoveOrder
    credit_wallet: CreditWallet
    take_up_entry: TakeUpEntry
    look_after_payments: LookAfterPayments
    relay: Relay
    prune: Prune
    prove: Prove
    queries: Queries
    idempotency: IdempotencyKeys
    currencies: Currencies
    clock: Clock
    guards: Guards

    @classmethod
    def over(cls, outside: Outside) -> "Application":
        """Put the use cases together over what is outside."""
        begin, clock, gateways = outside.begin, outside.clock, outside.gateways
        ask = AskGateway(begin=begin, gateways=gateways, clock=clock, policy=outside.policy)
        opening = OpenPayment(
            begin=begin, gateways=gateways, clock=clock, keys=outside.keys, policy=outside.policy
        )
        checkout = Checkout(
            decide=Decide(gateways=gateways, clock=clock), ask=ask, open=opening, queries=outside.queries
        )
        cancel = CancelOrder(begin=begin, clock=clock, ask=ask)
        return cls(
            register=Register(begin=begin, passwords=outside.passwords),
            hire=Hire(begin=begin, passwords=outside.passwords),
            sign_in=SignIn(begin=begin, passwords=outside.passwords, clock=clock),
            put_product=PutProduct(begin=begin),
            fill_cart=FillCart(begin=begin, clock=clock, keys=outside.keys),
            offer_methods=OfferMethods(queries=outside.queries),
            manage_methods=ManageMethods(begin=begin, gateways=gateways, settings=outside.settings),
            check_out_cart=CheckOutCart(checkout=checkout),
            check_out_orders=CheckOutOrders(checkout=checkout),
            hear_callback=HearCallback(
                ask=ask, queries=outside.queries, hearsay=Hearsay(gateways.guards.monotonic)
            ),
            verify_bill=VerifyBill(ask=ask),
            approve_payment=ApprovePayment(begin=begin, clock=clock),
            cancel_order=cancel,
            move_order=MoveOrder(begin=begin, clock=clock, cancel=cancel),
            credit_wallet=CreditWallet(begin=begin, clock=clock),
            take_up_entry=TakeUpEntry(begin=begin, clock=clock),
            look_after_payments=LookAfterPayments(ask=ask),
            relay=Relay(outbox=outside.outbox, publish=outside.publish, clock=clock),
            prune=Prune(prunes=outside.prunes, clock=clock, policy=outside.policy),
            prove=Prove(books=outside.books),
            queries=outside.queries,
            idempotency=outside.idempotency,
            currencies=outside.currencies,
            clock=clock,
            guards=gateways.guards,
        )
