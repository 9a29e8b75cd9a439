"""What only a type checker can see: the two statuses that share digits, and the kinds of ids."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MIXED_UP = {
    "an order's status as a payment's": (
        "from domain.bill import PaymentStatus\n"
        "from domain.order_status import OrderPaymentStatus\n"
        "told: PaymentStatus = OrderPaymentStatus.PAID\n"
    ),
    "a payment's status as an order's": (
        "from domain.bill import PaymentStatus\n"
        "from domain.order_status import OrderPaymentStatus\n"
        "told: OrderPaymentStatus = PaymentStatus.SUCCESS\n"
    ),
    "one compared with the other": (
        "from domain.bill import PaymentStatus\n"
        "from domain.order import Order\n"
        "def is_failed(order: Order) -> bool:\n"
        "    return order.payment_status is PaymentStatus.FAILED\n"
    ),
    "an order's id as the gateway's": (
        "from domain.ids import GatewayOrderId, OrderId\nreference: GatewayOrderId = OrderId(1)\n"
    ),
    "a payment's id as an order's": (
        "from domain.ids import OrderId, PaymentId\norder_id: OrderId = PaymentId(1)\n"
    ),
}
RIGHT = (
    "from domain.bill import PaymentStatus\n"
    "from domain.ids import OrderId\n"
    "from domain.order_status import OrderPaymentStatus\n"
    "paid: OrderPaymentStatus = OrderPaymentStatus.PAID\n"
    "success: PaymentStatus = PaymentStatus.SUCCESS\n"
    "order_id: OrderId = OrderId(1)\n"
)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the type checker says about each snippet, all checked in one run."""
    folder = tmp_path_factory.mktemp("snippets")
    snippets = {**MIXED_UP, "right": RIGHT}
    files = {name: folder / f"snippet_{number}.py" for number, name in enumerate(snippets)}
    for name, file in files.items():
        file.write_text(snippets[name], "utf-8")

    run = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"),
            *("--cache-dir", str(ROOT / ".mypy_cache"), *map(str, files.values())),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert run.stderr == ""
    lines = run.stdout.splitlines()
    return {name: [line for line in lines if file.name in line] for name, file in files.items()}


class TestTypes:
    @pytest.mark.parametrize("name", MIXED_UP)
    def test_cannot_be_mixed_up(self, complaints: dict[str, list[str]], name: str) -> None:
        """Taking one for the other is an error before anything runs."""
        assert len(complaints[name]) == 1
        assert any(kind in complaints[name][0] for kind in ("[assignment]", "[comparison-overlap]"))

    def test_can_be_used_as_they_are(self, complaints: dict[str, list[str]]) -> None:
        """The checker is no fault-finder: the right use passes."""
        assert complaints["right"] == []
