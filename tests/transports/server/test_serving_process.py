"""``flagengine serve`` as a process where it is deployed: signals, pipes, files, users and ports."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flagengine.transports.cli.serve import command
from flagengine.transports.server.connections.listening import opened_sockets
from tests.waiting import eventually

from .raw_client import RawClient, flags_request, request

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")

ROOT = Path(__file__).parents[3]
SMALL = str(ROOT / "fixtures/snapshots/small.json")
COMMAND = (sys.executable, "-m", "flagengine", "serve", "--port", "0")


class Serving:
    """A server that runs as a process."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, said: list[str]) -> None:
        self.process = process
        self.port = port
        self.said = said

    def stop(self, sent: int = signal.SIGTERM) -> int:
        self.process.send_signal(sent)
        return self.process.wait(20)

    def status(self) -> int | None:
        """Ask for flags; return the status of the answer, None without one."""
        with RawClient(self.port).send(flags_request()) as client:
            found = client.answer()
            return None if found is None else found.status


@contextmanager
def serving(
    *arguments: str,
    command: tuple[str, ...] = COMMAND,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Iterator[Serving]:
    """Run the command; collect what it says until it ends."""
    process = subprocess.Popen(
        [*command, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        **options,
    )
    assert process.stderr is not None
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(map(bytes.decode, process.stderr or ())))
    try:
        first = ""
        while (found := re.search(r"http://\S+?:(\d+)", first)) is None:
            first = process.stderr.readline().decode()
            assert first, "the process has ended"
        reader.start()
        yield Serving(process, int(found[1]), said)
    finally:
        process.kill()
        process.wait()
        if reader.ident is not None:
            reader.join()
        process.stderr.close()


# Signals.


@posix
def test_a_signal_lets_open_requests_end():
    body = json.dumps({"token": "a", "distinct_id": "u"}).encode()
    head = request("/flags?v=1", "POST", Content_Length=str(len(body)))
    with serving(SMALL) as server, RawClient(server.port).send(head, body[:-1]) as client:
        with RawClient(server.port).send(request()) as idle:
            assert idle.answer()
            server.process.send_signal(signal.SIGTERM)
            assert idle.is_ended(), "a connection that waits for its next request ends at once"
        client.send(body[-1:])
        found = client.answer()
        assert found is not None
        assert found.json()["featureFlags"]
        assert client.is_ended()
        assert server.process.wait(10) == 0
    assert server.said == []


@posix
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_open_streams_and_is_a_success(sent: signal.Signals):
    with serving(SMALL) as server, RawClient(server.port) as client:
        stream = client.send(request("/_events/stream")).answer()
        assert stream is not None
        assert stream.status == 200
        assert server.stop(sent) == 0
        last = b""
        while piece := client.piece():
            last = (last + piece)[-5:]
        assert last == b"0\r\n\r\n", "the stream ends whole"
    assert server.said == []


@posix
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(sent: signal.Signals):
    head = request("/flags", "POST", b"{", Content_Length="2")
    with serving(SMALL) as server, RawClient(server.port).send(head) as client:
        with RawClient(server.port).send(request()) as idle:
            assert idle.answer()
            server.process.send_signal(sent)
            assert idle.is_ended()
        server.process.send_signal(sent)
        assert server.process.wait(5) == 128 + sent
        assert client.is_ended()


@posix
def test_a_request_that_does_not_end_is_given_up_after_the_time_for_it(tmp_path: Path):
    file = tmp_path / "server.toml"
    file.write_text(
        f"[server]\nport = 0\nshutdown_timeout = 1\n[[projects]]\ndefinitions = {SMALL!r}\n"
    )
    head = request("/flags", "POST", b"{", Content_Length="2")
    with (
        serving("--config", str(file), command=COMMAND[:-2]) as server,
        RawClient(server.port).send(head) as client,
    ):
        assert server.status() == 200
        assert server.stop() == 0
        assert [found.status for found in client.answers()] == [500]
    assert "Traceback" not in "".join(server.said)


@posix
def test_a_server_upstream_that_hangs_does_not_delay_the_end(tmp_path: Path):
    static = {"key": "id", "type": "cohort", "value": 9}
    flag = {"key": "members", "active": True, "filters": {"groups": [{"properties": [static]}]}}
    definitions, file = tmp_path / "definitions.json", tmp_path / "server.toml"
    definitions.write_text(json.dumps({"flags": [flag], "cohorts": {}}))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file.write_text(
            "[server]\nport = 0\nshutdown_timeout = 1\n"
            f"[[projects]]\nproject_key = 'phc_any'\ndefinitions = {str(definitions)!r}\n"
            f"upstream = 'http://127.0.0.1:{silent.getsockname()[1]}'\nupstream_timeout = 60\n"
        )
        with (
            serving("--config", str(file), command=COMMAND[:-2]) as server,
            RawClient(server.port).send(flags_request()) as client,
        ):
            silent.settimeout(10)
            with silent.accept()[0]:
                assert server.stop() == 0
            assert [found.status for found in client.answers()] == [500]


@posix
def test_sighup_reads_definitions_and_forced_values_again(tmp_path: Path):
    definitions, forced = tmp_path / "flags.json", tmp_path / "forced.json"
    definitions.write_text('{"flags": []}')
    forced.write_text("{}")
    options = (str(definitions), "--overrides", str(forced), "--poll-interval", "3600")
    with serving(*options) as server, RawClient(server.port) as client:

        def flags() -> Any:
            found = client.send(flags_request()).answer()
            assert found is not None
            return found.json()["flags"]

        assert flags() == {}
        flag = {"key": "one", "active": True, "filters": {"groups": [{}]}}
        definitions.write_text(json.dumps({"flags": [flag]}))
        forced.write_text('{"two": true}')
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: flags().keys(), {"one", "two"})


@posix
def test_a_terminal_that_is_gone_ends_it():
    import pty  # noqa: PLC0415 - not on Windows

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, SMALL],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),  # noqa: PLW1509 - no thread runs in it
    )
    os.close(theirs)
    try:
        said = b""
        while b"Ctrl-C" not in said:
            said += os.read(ours, 4096)
        os.close(ours)  # the kernel sends SIGHUP
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def _take_terminal(terminal: int) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415 - the same

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


# Other protocols.


def _curl(option: str, url: str) -> subprocess.CompletedProcess[str]:
    """Ask for flags with curl; its standard error has the first lines and headers."""
    curl = shutil.which("curl")
    if curl is None or "HTTP2" not in subprocess.check_output([curl, "--version"], text=True):
        pytest.skip("needs curl with HTTP/2")
    body = '{"token": "phc_any", "distinct_id": "user-1"}'
    line = [curl, "-s", "-v", option, "-d", body, f"{url}/flags?v=1"]
    return subprocess.run(line, capture_output=True, text=True, timeout=20, check=False)


def test_curl_that_offers_http_2_is_answered_over_http_1():
    with serving(SMALL) as server:
        found = _curl("--http2", f"http://127.0.0.1:{server.port}")
        assert "> Upgrade: h2c" in found.stderr
        assert "< HTTP/1.1 200" in found.stderr
        assert " 101 " not in found.stderr
        assert json.loads(found.stdout)["featureFlags"]
        assert server.stop() == 0
    assert server.said == []


def test_curl_that_begins_with_http_2_is_refused_and_others_are_served():
    with serving(SMALL) as server:
        assert _curl("--http2-prior-knowledge", f"http://127.0.0.1:{server.port}").returncode > 0
        assert server.status() == 200
        assert server.stop() == 0
    assert [each for each in server.said if "the request is not valid HTTP" in each]


def test_a_browser_that_opens_a_web_socket_gets_the_answer_of_the_path():
    offer = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    offer["Sec_WebSocket_Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    with serving(SMALL) as server, RawClient(server.port) as client:
        for path, status in (("/_health", 200), ("/socket", 404)):
            found = client.send(request(path, **offer)).answer()
            assert found is not None
            assert found.status == status
            assert "upgrade" not in found.headers
        assert server.stop() == 0
    assert server.said == []


# Where it runs.


def test_a_port_that_is_taken_is_said_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = CliRunner().invoke(command, [SMALL, "--port", port])
    assert found.exit_code == 2
    where = f"Error: cannot listen at 127.0.0.1:{port}"
    assert found.output == f"{where}: another program has the port\n"


@pytest.mark.parametrize(
    ("host", "why"),
    [("192.0.2.1", "this machine has no such address"), ("a..b", "there is no host of this name")],
)
def test_an_address_that_cannot_be_opened_is_said_in_one_line(host: str, why: str):
    found = CliRunner().invoke(command, [SMALL, "--host", host, "--port", "0"])
    assert found.exit_code == 2
    assert found.output == f"Error: cannot listen at {host}:0: {why}\n"


def test_all_addresses_of_a_host_get_the_same_port():
    opened = opened_sockets("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in opened}) == 1
    finally:
        for each in opened:
            each.close()


@posix
def test_it_needs_no_home_and_no_folder_to_write_to():
    bare = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    line = ("/usr/bin/env", "-i", *(f"{name}={value}" for name, value in bare.items()), *COMMAND)
    with serving(SMALL, command=line, cwd="/") as server:
        assert server.status() == 200
        assert server.stop() == 0
    assert server.said == []


@posix
@pytest.mark.parametrize("closing", [False, True], ids=["broken pipe", "closed"])
def test_a_log_that_nobody_can_read_does_not_end_it(*, closing: bool):
    reading, writing = os.pipe()
    line = [*COMMAND[:-1], (port := _free_port()), SMALL, "--access-log", "json"]
    if closing:
        line = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *line]
    process = subprocess.Popen(line, stderr=writing, stdout=writing)
    os.close(writing)
    os.close(reading)
    try:
        with _connected(int(port), process) as client:
            for _ in range(3):
                found = client.send(flags_request()).answer()
                assert found is not None
                assert found.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _connected(port: int, process: subprocess.Popen[Any]) -> RawClient:
    """Connect as soon as the port is open."""
    while process.poll() is None:
        try:
            return RawClient(port)
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    raise AssertionError("the process has ended")


@posix
def test_it_answers_again_after_more_connections_than_it_may_have_files():
    line = ("/bin/sh", "-c", 'ulimit -Hn 64; ulimit -n 64; exec "$@"', "sh", *COMMAND)
    with serving(SMALL, command=line) as server:
        many = [RawClient(server.port) for _ in range(150)]
        for each in many:
            each.send(request())
        statuses = [found.status if (found := each.answer()) else None for each in many[:100]]
        assert statuses.count(200) >= 16
        for each in many:
            each.sock.close()
        # Until it has noticed that all of them are gone.
        eventually(server.status, 200)
        assert [server.status() for _ in range(5)] == [200] * 5
        assert server.stop() == 0
    assert "Traceback" not in "".join(server.said)
