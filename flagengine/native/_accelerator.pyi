from collections.abc import Callable, Iterable, ValuesView
from typing import Any, Literal, Protocol, Self, final, type_check_only

# The same as collections.abc.Buffer, which needs Python 3.12.
@type_check_only
class Buffer(Protocol):
    def __buffer__(self, flags: int, /) -> memoryview: ...

def bucket(prefix: str, subject: str, salt: str = "", /) -> int: ...
def bucket_column(
    prefix: str,
    salt: str,
    offsets: Buffer | None,
    data: Buffer | None,
    out: Buffer,
    *,
    start: int = 0,
    count: int,
    large_offsets: bool = False,
    validity: Buffer | None = None,
    limit: int = 0,
) -> None: ...
def json_copy(document: object, max_values: int, /) -> dict[str, Any] | None: ...
def json_same(given: object, known: object, /) -> bool: ...
def json_size(copy: object, /) -> int: ...
def implementation() -> Literal["avx-512", "sha-ni", "armv8-ce", "portable-c"]: ...
def _use(
    name: Literal["avx-512", "sha-ni", "armv8-ce", "portable-c", "fastest"], /
) -> Literal["avx-512", "sha-ni", "armv8-ce", "portable-c"]: ...

@final
class Hasher:
    def __new__(
        cls, prefix: str, salt: str = "", uppers: Iterable[int] = (), limit: int = 0
    ) -> Self: ...
    def bucket(self, subject: str, /) -> int: ...
    def draw(self, subject: str, /) -> int: ...
    def within(self, subject: str, /) -> bool: ...

@final
class TextTest:
    def __new__(
        cls,
        key: str,
        kind: Literal["equals", "contains", "starts_with", "ends_with"],
        operands: tuple[str, ...],
        negated: bool,
    ) -> Self: ...
    def test(self, props: object, /) -> bool | None: ...

@final
class PlainFlag:
    def __new__(
        cls,
        conditions: tuple[tuple[Any, ...], ...],
        nothing: object,
        otherwise: Callable[..., Any],
    ) -> Self: ...
    @property
    def otherwise(self) -> Callable[..., Any]: ...
    def __call__(self, distinct_id: object, props: object, subject: object = None, /) -> Any: ...

class Answers:
    def __new__(
        cls, snapshot: Any, distinct_id: object, props: Any, options: dict[str, Any]
    ) -> Self: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def get(self, key: str, default: Any = None, /) -> Any: ...
    def values(self) -> ValuesView[Any]: ...

@final
class Shortcut:
    def __new__(
        cls,
        function: Callable[..., Any],
        snapshot: type,
        ask: Callable[..., Any],
        answers: type = ...,
    ) -> Self: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

@final
class FlagTable:
    def __new__(cls, keys: dict[str, None], compiled: dict[str, Callable[..., Any]]) -> Self: ...

@final
class KnownJson:
    def __new__(cls, copy: dict[str, Any]) -> Self: ...
    def same(self, document: object, /) -> bool: ...
