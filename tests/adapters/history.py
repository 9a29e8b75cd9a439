"""A shop with a history, made by the database itself: enough rows for its planner to mean what it says.

Almost everything is over: orders are paid, payments settled, events told. The few that are not lie
anywhere among them.
"""

from tests.adapters.conftest import Shelf

ORDERS = 10_000
CUSTOMERS = 10_000
OPEN = 50

_AT = "timestamptz '2026-03-05 12:00Z' - interval '1 day' * (:orders - n) / 10"
_IS_OPEN = "n % (:orders / :open) = 0"
_HELD = "json_build_array('NEW', 'HOLD', :at, 'customer:1', null)"
_MOVES = f"""CASE WHEN {_IS_OPEN} THEN json_build_array({_HELD}) ELSE json_build_array({_HELD},
    json_build_array('HOLD', 'PROCESSING', :at, 'gateway:card', null),
    json_build_array('PROCESSING', 'COMPLETED', :at, 'staff:1', null)) END""".replace(":at", _AT)
_SQL = f"""
    INSERT INTO payment_methods VALUES (1, 'card', 'Card', 'sandbox', true, true, 'e30=',
        '{{"min_amount":null,"max_amount":null,"currencies":[],"customers":[],"skus_refused":[]}}', false);
    INSERT INTO customers (first_name, last_name, email, email_key, password_hash)
        SELECT 'A', 'B', n || '@shop.test', n || '@shop.test', 'hash' FROM generate_series(1, :customers) n;
    INSERT INTO accounts SELECT email_key FROM customers;
    INSERT INTO staff (email, email_key, password_hash)
        SELECT n || '@staff.test', n || '@staff.test', 'hash' FROM generate_series(1, :customers) n;
    INSERT INTO products (sku, name, price, currency, exponent, seller, on_hand, reserved)
        SELECT 'sku-' || n, 'Thing', 100, 'AZN', 2, 'Kassa', 10, 0 FROM generate_series(1, :customers) n;
    INSERT INTO carts (id, customer_id, lines, version, changed_on)
        SELECT 'cart-of-' || n, :customers + 1 - n, '{{"sku-1":1,"sku-2":2,"sku-3":3}}', 1, ({_AT})::date
        FROM generate_series(1, :customers) n;
    INSERT INTO orders (id, key_hash, key_sealed, checkout_id, customer_id, seller, status, payment_status,
            total, currency, exponent, placed_with, history, payment_id, created_at, updated_at, sequence,
            version)
        SELECT n, encode(sha256(convert_to('order-key-' || n, 'UTF8')), 'hex'),
            encode(convert_to('order-key-' || n, 'UTF8'), 'base64'), 'checkout-of-' || n, 1 + n % :customers,
            'Kassa', CASE WHEN {_IS_OPEN} THEN 'HOLD' ELSE 'COMPLETED' END,
            CASE WHEN {_IS_OPEN} THEN 'unpaid' ELSE 'paid' END, 200, 'AZN', 2,
            '{{"contact":null,"shipping_address":null,"billing_address":null,"note":null}}', {_MOVES}, n,
            {_AT}, {_AT}, CASE WHEN {_IS_OPEN} THEN 2 ELSE 4 END, 3
        FROM generate_series(1, :orders) n;
    INSERT INTO order_lines
        SELECT n, position, 'sku-' || 1 + (n + position) % :customers, 'Thing', 1, 100
        FROM generate_series(1, :orders) n, generate_series(0, 1) position;
    INSERT INTO payments (id, order_id, customer_id, method_id, method_code, auto_approve, is_offline,
            is_approved, looks, look_at, created_at, updated_at, sequence, version, backend, amount, currency,
            exponent, state, transaction_id, request, response, bill_created_at, bill_updated_at,
            is_under_way)
        SELECT n, 'reference' || n, 1 + n % :customers, 1, 'card', true, false, true, 1,
            CASE WHEN {_IS_OPEN} THEN timestamptz '2026-03-06 12:00Z' END, {_AT}, {_AT},
            CASE WHEN {_IS_OPEN} THEN 1 ELSE 2 END, 3, 'sandbox', 200,
            'AZN', 2, CASE WHEN {_IS_OPEN} THEN 'waiting' ELSE 'paid' END, 't' || n, '{{}}', '[]',
            {_AT}, {_AT}, {_IS_OPEN}
        FROM generate_series(1, :orders) n;
    INSERT INTO payment_orders SELECT n, 0, n, 200, {_IS_OPEN} FROM generate_series(1, :orders) n;
    INSERT INTO outbox (type, subject, subject_id, sequence, occurred_at, data, attempts, due_at,
            delivered_at, is_parked)
        SELECT subject || '.moved', subject, n, sequence, {_AT}, '{{}}', 1, timestamptz '2026-03-06 12:00Z',
            CASE WHEN {_IS_OPEN} AND sequence = last THEN NULL ELSE {_AT} END,
            {_IS_OPEN} AND sequence = last AND n % 2 = 0
        FROM generate_series(1, :orders) n,
            LATERAL (VALUES ('order', CASE WHEN {_IS_OPEN} THEN 2 ELSE 4 END),
                ('payment', CASE WHEN {_IS_OPEN} THEN 1 ELSE 2 END)) what (subject, last),
            generate_series(1, last) sequence;
    UPDATE products SET reserved = held FROM (
        SELECT sku, sum(quantity) AS held FROM order_lines JOIN orders ON orders.id = order_id
        WHERE status = 'HOLD' GROUP BY sku) held WHERE held.sku = products.sku;
    INSERT INTO inbox (method_code, received_at, http_method, path, query, body, verdict, payment_id)
        SELECT 'card', {_AT}, 'POST', '/', '', '',
            CASE WHEN {_IS_OPEN} THEN 'unconfirmed' ELSE 'settled' END, n
        FROM generate_series(1, :orders) n;
    INSERT INTO bank_entries (account, reference, booked_on, amount, currency, exponent, text, verdict,
            why, owed, judged_at)
        SELECT 'account', 'reference' || n, ({_AT})::date, 200, 'AZN', 2, '', 'review', 'unknown', 200, {_AT}
        FROM generate_series(1, :orders) n;
    INSERT INTO wallets SELECT n, 'AZN', 2, 100, 1 FROM generate_series(1, :customers) n;
    INSERT INTO wallet_postings (customer_id, currency, "by", reason, at)
        SELECT n, 'AZN', 'staff:1', 'sorry', {_AT} FROM generate_series(1, :customers) n;
    INSERT INTO wallet_entries
        SELECT id, account, amount
        FROM wallet_postings, (VALUES ('wallet', 100), ('issued', -100)) entry (account, amount);
    INSERT INTO failures (subject_hash, at)
        SELECT encode(sha256(convert_to('customer:' || n % :customers, 'UTF8')), 'hex'), {_AT}
        FROM generate_series(1, :orders) n;
    INSERT INTO idempotency_keys (scope_hash, fingerprint, locked_until, status, body_sealed, kept_at)
        SELECT encode(sha256(convert_to('scope' || n, 'UTF8')), 'hex'), 'print', {_AT}, 201, 'e30=', {_AT}
        FROM generate_series(1, :orders) n;
    SELECT setval('order_ids', :orders), setval('payment_ids', :orders), setval('method_ids', 1);
    ANALYZE;
"""


def make_history(shelf: Shelf) -> None:
    """Ten orders a day, the last of them today."""
    numbers = {"orders": ORDERS, "customers": CUSTOMERS, "open": OPEN}
    script = _SQL
    for name, number in numbers.items():
        script = script.replace(f":{name}", str(number))
    shelf.execute(script)
