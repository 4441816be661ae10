"""Keep-alive connections that stay open: `python -m benchmarks.server.connections PORT COUNT REQUEST`.

REQUEST is the bytes of a request in hexadecimal. Each connection sends it once and then rests. The process prints
a line when all have their answer, and ends when its input does. It runs on the core of the load.
"""

from __future__ import annotations

import asyncio
import resource
import sys

__all__ = ["main"]

_AT_ONCE = 200
# What the process and its event loop need besides the connections.
_OTHER_FILES = 100


async def _open(
    port: int, request: bytes, turn: asyncio.Semaphore
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with turn:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            message = f"a connection was answered {head[:60]!r}"
            raise ConnectionError(message)
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return reader, writer


async def _hold(port: int, count: int, request: bytes) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)
    held = await asyncio.gather(*(_open(port, request, turn) for _ in range(count)))
    print(len(held), flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)


def main(arguments: list[str]) -> None:
    """Hold the connections."""
    port, count, request = int(arguments[0]), int(arguments[1]), bytes.fromhex(arguments[2])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + _OTHER_FILES), most))
    asyncio.run(_hold(port, count, request))


if __name__ == "__main__":
    main(sys.argv[1:])
