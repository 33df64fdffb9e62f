"""JSON documents of any length, written as what they list is read."""

from collections.abc import Callable, Iterable, Iterator

from pydantic import BaseModel

from plangate.infrastructure.cli.render.text import harmless_json

_MEMBER = "  "
_ITEM = _MEMBER * 2


def json_document(
    name: str,
    items: Iterable[BaseModel],
    rest: Callable[[], BaseModel] | None = None,
    *,
    ensure_ascii: bool,
) -> Iterator[str]:
    """One JSON object: the list `name`, and then the other members of `rest`, asked at the end.

    Nothing is written before the first item is there.
    """
    before = head = f'{{\n{_MEMBER}"{name}": ['
    for item in items:
        text = harmless_json(item.model_dump_json(indent=2, ensure_ascii=ensure_ascii))
        yield f"{before}\n" + "\n".join(f"{_ITEM}{line}" for line in text.split("\n"))
        before = ","
    end = f"{head}]" if before is head else f"\n{_MEMBER}]"
    if rest is None:
        yield f"{end}\n}}\n"
    else:
        text = rest().model_dump_json(indent=2, exclude={name}, ensure_ascii=ensure_ascii)
        yield f"{end},{harmless_json(text).removeprefix('{')}\n"
