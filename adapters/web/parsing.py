"""Reading JSON strictly: what two readers might understand differently is refused, with its place."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import attrs
from pydantic import BaseModel, ValidationError

from domain.cards import holds_card_number
from domain.errors import CardNumberFound, Invalid, Mistake

DEPTH_MAX = 16
INTEGER_DIGITS_MAX = 18
MISTAKES_MAX = 50

B = TypeVar("B", bound=BaseModel)


@attrs.frozen
class _Unfit:
    """Stands where a number was that JSON's readers disagree on."""

    why: str


class _Object(dict[str, Any]):
    """A JSON object that remembers whether a name came twice."""

    has_repeated_name = False


def parsed(raw: bytes, model: type[B]) -> tuple[B, object]:
    """The document in a body, and the same as plain JSON. Raises: Invalid with every mistake's place."""
    found = _loaded(raw)
    mistakes = list(_mistakes(found, "#", 1))[:MISTAKES_MAX]
    if mistakes:
        raise Invalid("the body is not acceptable JSON", mistakes=mistakes)
    try:
        return model.model_validate_json(raw), found
    except ValidationError as error:
        listed = error.errors(include_url=False, include_input=False, include_context=False)
        mistakes = [Mistake(_said(each["type"], each["msg"]), pointer_to(each["loc"])) for each in listed]
        raise Invalid("the body is not valid", mistakes=mistakes[:MISTAKES_MAX]) from None


def pointer_to(place: tuple[int | str, ...]) -> str:
    """A place as a JSON Pointer fragment. Source: RFC 6901 sections 3 and 6."""
    return "#" + "".join(f"/{_escaped(str(step))}" for step in place if step != "[key]")


def ensure_no_card_number(text: str, pointer: str = "#") -> None:
    """Raises: CardNumberFound when a card number stands in the text."""
    if holds_card_number(text):
        raise CardNumberFound("a card number stands here; never send one", pointer)


def _loaded(raw: bytes) -> object:
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise Invalid("the body is not UTF-8") from None
    except RecursionError:
        raise Invalid("the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error.msg}, at character {error.pos}") from None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        found.has_repeated_name = True
    return found


def _integer(digits: str) -> int | _Unfit:
    if len(digits.lstrip("-")) > INTEGER_DIGITS_MAX:
        return _Unfit(f"integers have at most {INTEGER_DIGITS_MAX} digits")
    return int(digits)


def _fraction(digits: str) -> float | _Unfit:
    value = float(digits)
    return _Unfit("the number is too large") if value in (float("inf"), float("-inf")) else value


def _constant(name: str) -> _Unfit:
    return _Unfit(f"{name} is no JSON")


def _mistakes(value: object, pointer: str, depth: int) -> Iterator[Mistake]:
    if isinstance(value, _Unfit):
        yield Mistake(value.why, pointer)
    elif isinstance(value, str):
        yield from _mistakes_in_text(value, pointer)
    elif isinstance(value, dict | list) and depth > DEPTH_MAX:
        yield Mistake(f"nested deeper than {DEPTH_MAX} levels", pointer)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _mistakes(item, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, _Object):
        yield from _mistakes_in_object(value, pointer, depth)


def _mistakes_in_object(value: _Object, pointer: str, depth: int) -> Iterator[Mistake]:
    for name, item in value.items():
        # A bad name is told by the place of its object, so that it is never repeated.
        unfit = list(_mistakes_in_text(name, pointer))
        yield from unfit
        if not unfit:
            yield from _mistakes(item, f"{pointer}/{_escaped(name)}", depth + 1)
    if value.has_repeated_name:
        yield Mistake("a name comes twice", pointer)


def _mistakes_in_text(text: str, pointer: str) -> Iterator[Mistake]:
    if "\0" in text:
        yield Mistake("a text holds no NUL", pointer)
    if any("\ud800" <= char <= "\udfff" for char in text):
        yield Mistake("half of a surrogate pair is no character", pointer)
    ensure_no_card_number(text, pointer)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _said(kind: str, message: str) -> str:
    # A pattern helps nobody who is not a program; those read it in the API's description.
    if kind == "string_pattern_mismatch":
        return "characters stand here that cannot be part of it, or those it needs are missing"
    return message[:1].lower() + message[1:]
