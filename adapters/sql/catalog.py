"""The repositories of products with their stock, and of carts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Executable,
    FromClause,
    Select,
    TableValuedAlias,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from adapters.sql.held import Held
from adapters.sql.mapping_catalog import cart_from_row, cart_to_row, product_from_row, product_to_row
from adapters.sql.one_of import one_of
from adapters.sql.session import Change, Session
from adapters.sql.tables import carts, products
from domain.cart import Cart
from domain.catalog import Product
from domain.ids import CartId, CustomerId, Sku

_FIND = select(products).where(one_of(products.c.sku, "skus")).order_by(products.c.sku)
_LOCK = _FIND.with_for_update(key_share=True)
_INSERT_PRODUCT = insert(products)
_UPDATE_PRODUCT = update(products).where(products.c.sku == bindparam("the_sku"))

_CART = select(carts).where(carts.c.customer_id == bindparam("customer"))
_cart = _CART.subquery("cart")

# The skus in a cart, in each database's words.
LINES: Mapping[str, TableValuedAlias] = {
    "sqlite": func.json_each(carts.c.lines).table_valued("key", name="line"),
    "postgresql": func.json_object_keys(cast(carts.c.lines, JSON)).table_valued("key").render_derived("line"),
}


def goods_where(dialect: str, condition: ColumnElement[bool]) -> tuple[FromClause, ColumnElement[bool]]:
    """The products to be joined on a condition about the lines of a cart, and on what.

    PostgreSQL expects a hundred lines in every cart, and would rather read all products than look so many
    up; with an offset, if of nothing, it looks up those that there are.
    """
    if dialect == "sqlite":
        return products, condition
    return select(products).where(condition).offset(0).lateral("good"), true()


def _around(dialect: str) -> Select[Any]:
    """A cart, with the products in it and one more."""
    line = LINES[dialect]
    in_it = select(line.c.key.label("sku")).select_from(carts.join(line, true()))
    in_it = in_it.where(carts.c.customer_id == bindparam("customer"))
    wanted = in_it.union(select(bindparam("the_sku", type_=products.c.sku.type))).subquery("wanted")
    goods, on = goods_where(dialect, products.c.sku == wanted.c.sku)
    together = wanted.join(goods, on).join(_cart, true(), isouter=True)
    return select(_cart, *(column for column in goods.c if column.name != "id")).select_from(together)


_AROUND = {dialect: _around(dialect) for dialect in LINES}
_INSERT_CART = insert(carts)
_MINE = (carts.c.id == bindparam("the_id"), carts.c.version == bindparam("the_version"))
_UPDATE_CART = update(carts).where(*_MINE)
_DELETE_CART = delete(carts).where(*_MINE)


class SqlProducts:
    """Products with their stock."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: Held[Sku, Product] = Held([])

    def find(self, skus: Iterable[Sku]) -> Mapping[Sku, Product]:
        """Those that exist, to look at."""
        wanted, loaded = sorted(set(skus)), self._held.loaded
        missing = [sku for sku in wanted if sku not in loaded]
        found = {**self._read(_FIND, missing), **loaded} if missing else loaded
        return {sku: found[sku] for sku in wanted if sku in found}

    def lock(self, skus: Iterable[Sku]) -> Mapping[Sku, Product]:
        """Those that exist, locked in the order of their skus."""
        wanted, loaded = sorted(set(skus)), self._held.loaded
        missing = [sku for sku in wanted if sku not in loaded]
        if missing:
            loaded.update(self._read(_LOCK, missing))
        return {sku: loaded[sku] for sku in wanted if sku in loaded}

    def add(self, product: Product) -> None:
        """Store a new product."""
        self._held.add(product.sku, product)

    def save(self, product: Product) -> None:
        """Store a product that was locked. Raises: AssertionError for one that was not."""
        if product.sku not in self._held.loaded:
            raise AssertionError(f"product {product.sku} is saved without having been locked")
        self._held.save(product.sku, product)

    def changes(self) -> Sequence[Change]:
        """What was noted, to be written."""
        saved = sorted(self._held.saved.items())
        changed = [{**product_to_row(product), "the_sku": sku} for sku, product in saved]
        return [
            Change(_INSERT_PRODUCT, [product_to_row(new) for new in self._held.added.values()]),
            Change(_UPDATE_PRODUCT, changed, guarded="products"),
        ]

    def _read(self, statement: Executable, skus: list[Sku]) -> dict[Sku, Product]:
        found = map(product_from_row, self._session.run(statement, {"skus": skus}))
        return {product.sku: product for product in found}


class SqlCarts:
    """The customers' carts; one read is remembered for the whole unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._active: dict[CustomerId, Cart | None] = {}
        self._saved: dict[CartId, Cart] = {}
        self._deleted: dict[CartId, Cart] = {}

    def of(self, customer_id: CustomerId) -> Cart | None:
        """The customer's active cart."""
        if customer_id not in self._active:
            row = self._session.run(_CART, {"customer": customer_id}).one_or_none()
            self._active[customer_id] = cart_from_row(row) if row else None
        return self._active[customer_id]

    def around(self, customer_id: CustomerId, sku: Sku) -> tuple[Cart | None, Mapping[Sku, Product]]:
        """The cart, with this product and those in it, by one statement."""
        rows = self._session.run(_AROUND[self._session.dialect], {"customer": customer_id, "the_sku": sku})
        if rows:
            self._active[customer_id] = cart_from_row(rows[0]) if rows[0].id else None
        goods = map(product_from_row, rows)
        return self._active.get(customer_id), {product.sku: product for product in goods}

    def save(self, cart: Cart) -> None:
        """Store a cart, new or changed."""
        self._active[cart.customer_id] = self._saved[cart.id] = cart

    def delete(self, cart: Cart) -> None:
        """Remove a cart."""
        self._active[cart.customer_id] = None
        self._saved.pop(cart.id, None)
        self._deleted[cart.id] = cart

    def changes(self) -> Sequence[Change]:
        """What was noted, to be written: deletions first."""
        gone = [_guard(cart) for cart in self._deleted.values() if cart.version]
        born = [cart for cart in self._saved.values() if not cart.version]
        saved = [cart for cart in self._saved.values() if cart.version]
        new = [{**cart_to_row(cart), "version": 1} for cart in born]
        changed = [{**cart_to_row(cart), **_guard(cart), "version": cart.version + 1} for cart in saved]
        return [
            Change(_DELETE_CART, gone, guarded="carts"),
            Change(_INSERT_CART, new, born),
            Change(_UPDATE_CART, changed, saved, "carts"),
        ]


def _guard(cart: Cart) -> Mapping[str, object]:
    return {"the_id": cart.id, "the_version": cart.version}
