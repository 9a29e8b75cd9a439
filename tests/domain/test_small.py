"""Names, people and errors: small records, each with a promise of its own."""

import inspect

import pytest

from domain import errors
from domain.errors import Invalid, Mistake, PaymentRefused, PaymentUnderWay, Refusal
from domain.ids import CustomerId, MethodCode, OrderKey, StaffId, customer, gateway, staff
from domain.people import Contact, Customer, Staff

REFUSALS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Refusal)]


class TestActors:
    def test_say_who_did_it(self) -> None:
        """The history names people and gateways in one form."""
        assert customer(CustomerId(5)) == "customer:5"
        assert staff(StaffId(1)) == "staff:1"
        assert gateway(MethodCode("card")) == "gateway:card"


class TestPeople:
    @pytest.mark.parametrize(
        "person",
        [
            Customer(CustomerId(5), "Aysel", "Q", "a@example.com", "argon"),
            Staff(StaffId(1), "s@example.com", "argon"),
        ],
    )
    def test_never_show_their_password_hashes(self, person: Customer | Staff) -> None:
        """A hash does not get into logs by way of a representation."""
        assert "argon" not in repr(person)

    def test_are_written_to_by_value(self) -> None:
        """An order's contact stays as it was, whatever becomes of the account."""
        assert Contact("a@example.com", "Aysel", "Q") == Contact("a@example.com", "Aysel", "Q")


class TestErrors:
    def test_have_codes_of_their_own(self) -> None:
        """Every refusal has its own stable code and a title."""
        assert len({kind.code for kind in REFUSALS}) == len(REFUSALS)
        assert all(kind.title for kind in REFUSALS)

    def test_keep_what_they_say(self) -> None:
        """The detail is what people read."""
        assert Refusal("no").detail == "no" == str(Refusal("no"))

    def test_point_to_the_field(self) -> None:
        """Without a list of mistakes, the detail is the one mistake."""
        assert Invalid("too many", "#/quantity").mistakes == (Mistake("too many", "#/quantity"),)

    def test_keep_every_mistake(self) -> None:
        """Several mistakes are told together."""
        mistakes = [Mistake("a", "#/a"), Mistake("b", "#/b")]

        assert Invalid("two", mistakes=mistakes).mistakes == tuple(mistakes)

    def test_carry_their_evidence(self) -> None:
        """Whoever answers a client finds the keys and the seconds on the error."""
        key = OrderKey("key")

        assert PaymentRefused("no", [key]).order_keys == (key,)
        assert errors.OrderAlreadyPaid(key).order_key == key
        assert PaymentUnderWay(key, "https://bank.example", "wait").next_step == "https://bank.example"
        assert errors.TooManyFailures("slow down", 900).retry_after_seconds == 900
        assert errors.GatewayUnavailable("silent", [key], 7).order_keys == (key,)
        assert errors.GatewayUnavailable("silent", [key], 7).retry_after_seconds == 7
        assert errors.StoreUnavailable("busy", retry_after_seconds=1).retry_after_seconds == 1
