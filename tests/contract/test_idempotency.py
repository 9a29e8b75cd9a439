"""A client's key makes the same request act once."""

from datetime import timedelta

import attrs
import pytest

from application.ports import IdempotencyScope, KeptReply
from domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from tests.builders import NOON, later
from tests.contract.storages import Storage

LEASE = timedelta(minutes=1)
UNTIL = NOON + LEASE
SCOPE = IdempotencyScope(caller="customer:1", operation="checkout", target="/v1/cart/checkout", key="k-1")
REPLY = KeptReply(201, bytes(range(256)))


class TestIdempotencyKeys:
    """What a client's key was answered."""

    def test_answers_the_same_again(self, storage: Storage) -> None:
        """Byte for byte, as often as asked; the first answer stays."""
        keys = storage.idempotency
        assert keys.claim(SCOPE, "print", NOON, LEASE) is None

        keys.keep(SCOPE, UNTIL, REPLY, NOON)
        keys.keep(SCOPE, UNTIL, KeptReply(200, b"another"), NOON)
        keys.free(SCOPE, UNTIL)

        assert keys.claim(SCOPE, "print", NOON, LEASE) == REPLY
        assert keys.claim(SCOPE, "print", later(hours=71), LEASE) == REPLY

    def test_refuses_another_request(self, storage: Storage) -> None:
        """Running or answered, the key belongs to the request that it came with first."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)
        with pytest.raises(IdempotencyKeyReused):
            keys.claim(SCOPE, "another", NOON, LEASE)

        keys.keep(SCOPE, UNTIL, REPLY, NOON)

        with pytest.raises(IdempotencyKeyReused):
            keys.claim(SCOPE, "another", later(hours=1), LEASE)

    def test_lets_one_run_at_a_time(self, storage: Storage) -> None:
        """While the first request runs the same key is refused, until the lease ends."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)

        with pytest.raises(IdempotencyKeyInFlight):
            keys.claim(SCOPE, "print", NOON + LEASE - timedelta(microseconds=1), LEASE)
        assert keys.claim(SCOPE, "print", NOON + LEASE, LEASE) is None
        with pytest.raises(IdempotencyKeyInFlight):
            keys.claim(SCOPE, "print", NOON + LEASE, LEASE)

    def test_may_be_tried_again_after_a_failure(self, storage: Storage) -> None:
        """A freed key is as good as new, for another request too."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)

        keys.free(SCOPE, UNTIL)

        assert keys.claim(SCOPE, "another", NOON, LEASE) is None

    def test_heeds_nobody_whose_lease_ended(self, storage: Storage) -> None:
        """Whoever comes back late neither frees nor answers what another has taken over."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)
        keys.claim(SCOPE, "print", UNTIL, LEASE)

        keys.free(SCOPE, UNTIL)
        keys.keep(SCOPE, UNTIL, REPLY, UNTIL)

        with pytest.raises(IdempotencyKeyInFlight):
            keys.claim(SCOPE, "print", UNTIL, LEASE)

    def test_forgets_after_three_days(self, storage: Storage) -> None:
        """Then the key acts anew, and is answered anew."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)
        keys.keep(SCOPE, UNTIL, REPLY, NOON)
        now = later(hours=72)

        assert keys.claim(SCOPE, "another", now, LEASE) is None
        keys.keep(SCOPE, now + LEASE, KeptReply(200, b"new"), now)

        assert keys.claim(SCOPE, "another", now, LEASE) == KeptReply(200, b"new")

    @pytest.mark.parametrize("field", [field.name for field in attrs.fields(IdempotencyScope)])
    def test_tells_scopes_apart(self, storage: Storage, field: str) -> None:
        """Another caller, operation, target or key is another matter altogether."""
        keys = storage.idempotency
        keys.claim(SCOPE, "print", NOON, LEASE)
        keys.keep(SCOPE, UNTIL, REPLY, NOON)

        assert keys.claim(attrs.evolve(SCOPE, **{field: "another"}), "another", NOON, LEASE) is None

    def test_has_no_use_for_what_nobody_claimed(self, storage: Storage) -> None:
        """Keeping or freeing an unknown key leaves nothing behind."""
        storage.idempotency.keep(SCOPE, UNTIL, REPLY, NOON)
        storage.idempotency.free(SCOPE, UNTIL)

        assert storage.idempotency.claim(SCOPE, "print", NOON, LEASE) is None
