"""What a step of the plan does. Each function is named as the step's kind."""

import errno
from uuid import UUID

from flagengine.transports.errors import QueueFullError

from .disk import Fault
from .server import FLAG_KEYS
from .violations import Violation

_BLINDING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EIO)
_CODES = {"write": (errno.EIO, errno.ENOSPC), "open": (errno.EIO, errno.EMFILE, errno.EACCES)}


def capture(simulation, who: int, count: int, size: int, lane: str) -> None:
    process = simulation.process(who)
    if process is not None:
        _app(
            simulation, process, "capture", lambda: _capture(simulation, process, count, size, lane)
        )


def _capture(simulation, process, count: int, size: int, lane: str) -> None:
    scheduler = simulation.machine.scheduler
    for _ in range(count):
        record = _begin(simulation, process, lane)
        began = scheduler.now
        process.calls += 1
        verb = process.client.capture_ai if lane == "ai" else process.client.capture
        name = "$ai_generation" if lane == "ai_named" else "clicked"
        try:
            uuid = verb(name, distinct_id="u", uuid=record.uuid, properties={"text": "x" * size})
        except QueueFullError:
            if simulation.config.overflow != "raise":
                raise
            uuid = None
        process.calls -= 1
        record.ended = scheduler.turns
        if uuid is not None:
            simulation.observer.ledger.accept(record, scheduler.now)
            simulation.observer.queues.accepted(record, size)
        else:
            record.state = "refused"
        blocks = simulation.config.overflow == "block"
        simulation.observer.check_call(
            "capture", began, simulation.config.block_timeout if blocks else 0.0
        )


def _begin(simulation, process, lane: str):
    ledger, process_lanes = simulation.observer.ledger, process.lanes
    process_lanes.add(lane)
    uuid = str(UUID(int=(7 << 76) | (2 << 62) | len(ledger.records)))
    return ledger.begin(uuid, process, lane, simulation.machine.scheduler.turns)


def immediate(simulation, who: int) -> None:
    process = simulation.process(who)
    if process is None:
        return

    def call() -> None:
        process.begin_flush()
        record = _begin(simulation, process, "events")
        record.state = "maybe"
        process.is_unsure = True
        try:
            uuid = process.client.capture_immediate("clicked", distinct_id="u", uuid=record.uuid)
        except QueueFullError:
            if simulation.config.overflow != "raise":
                raise
            return
        finally:
            process.end_flush()
        record.ended = simulation.machine.scheduler.turns
        if uuid is not None and not record.taken:
            raise Violation("false delivery", f"capture_immediate of event {record.number}")

    _app(simulation, process, "immediate", call)


def flush(simulation, who: int, timeout: float | None) -> None:
    process = simulation.process(who)
    if process is None:
        return

    def call() -> None:
        observer, scheduler = simulation.observer, simulation.machine.scheduler
        process.begin_flush()
        before = dict(observer.ledger.of(process))
        began = scheduler.now
        process.flushing.append(began)
        done = process.client.flush(timeout)
        process.flushing.remove(began)
        process.end_flush()
        simulation.machine.note("flush", done)
        observer.check_call("flush", began, timeout)
        left = [record for uuid, record in before.items() if uuid in observer.ledger.of(process)]
        if done and left and not process.is_closing and not process.disk_has_failed:
            raise Violation("flush", f"returned True with {len(left)} events left")

    _app(simulation, process, "flush", call)


def tick(simulation, who: int) -> None:
    process = simulation.process(who)
    if process is not None and simulation.config.driver == "manual":
        _app(simulation, process, "tick", process.client.tick)


def shutdown(simulation, who: int, timeout: float, discard: bool) -> None:
    process = simulation.process(who)
    if process is not None:
        shut_down(simulation, process, timeout, discard=discard)


def shut_down(simulation, process, timeout: float, *, discard: bool = False) -> None:
    """Shut a client down on a thread of the application."""

    def call() -> None:
        began = simulation.machine.scheduler.now
        process.is_closing = True
        process.begin_flush()
        if discard:
            process.has_discarded = True
            ledger = simulation.observer.ledger
            inherited = [each for each in ledger.records.values() if each.process.is_dead]
            for record in [*ledger.of(process).values(), *inherited]:
                record.may_vanish = True
        before = dict(simulation.observer.ledger.of(process))
        done = process.client.shutdown(timeout, discard=discard)
        process.has_shut_down = True
        process.end_flush()
        simulation.machine.note("shutdown", done)
        simulation.observer.check_call("shutdown", began, timeout)
        left = before.keys() & simulation.observer.ledger.of(process).keys()
        if done and left and not process.disk_has_failed:
            raise Violation("shutdown", f"returned True with {len(left)} events left")

    _app(simulation, process, "shutdown", call)


def exit(simulation, who: int) -> None:  # noqa: A001 - the name of the step
    process = simulation.process(who)
    if process is not None:
        _app(simulation, process, "exit", process.exit)


def kill(simulation, who: int) -> None:
    process = simulation.process(who)
    if process is not None:
        process.is_killed = True
        process.die()
        simulation.machine.reap()


def start(simulation) -> None:
    if len(simulation.machine.alive) < 3:
        simulation.start()


def fork(simulation, who: int) -> None:
    process = simulation.process(who)
    if process is not None and len(simulation.machine.alive) < 3:
        _app(simulation, process, "fork", process.fork)


def run(simulation, seconds: float) -> None:
    simulation.machine.scheduler.run_until(simulation.machine.scheduler.now + seconds)


def spin(simulation, turns: int) -> None:
    simulation.machine.scheduler.spin(turns)


def weather(simulation, faults: tuple[str, ...], probability: float, seconds: float) -> None:
    today = simulation.machine.network.weather
    today.faults, today.probability = faults, probability
    today.until = simulation.machine.scheduler.now + seconds


def calm(simulation) -> None:
    simulation.machine.network.weather.until = 0.0


def limit(simulation, events: int) -> None:
    simulation.machine.server.most_events = events


def wall(simulation, seconds: float) -> None:
    simulation.machine.clock.shift += seconds


def leap(simulation, seconds: float) -> None:
    simulation.machine.scheduler.leap(seconds)


def threads(simulation, are_exhausted: bool) -> None:
    simulation.machine.threading.is_exhausted = are_exhausted
    for process in simulation.machine.alive:
        process.lacked_threads = process.lacked_threads or are_exhausted


def trap(simulation, who: int, operations: int, in_write: bool) -> None:
    process = simulation.process(who)
    if process is not None:
        process.is_killed = True
        process.set_trap(operations, in_write=in_write)


def disk(simulation, operation: str, count: int, full: bool, room: int) -> None:
    files = simulation.machine.disk
    for process in simulation.machine.alive:
        process.disk_has_failed = True
    if full:
        files.capacity = files.used() + room
    else:
        code = simulation.machine.scheduler.draws.pick(_CODES.get(operation, (errno.EIO,)))
        files.faults.append(Fault(operation, code, count, "/spool"))


def blind(simulation, seconds: float) -> None:
    """Let no file of the spool be opened for reading, as in a process without free descriptors."""
    machine = simulation.machine
    machine.disk.blind(machine.scheduler.draws.pick(_BLINDING), machine.scheduler.now + seconds)


def heal(simulation) -> None:
    simulation.machine.disk.heal(simulation.machine.scheduler.now)


def flip(simulation) -> None:
    """Change one bit of a file of the spool."""
    machine = simulation.machine
    files = [file for _, file in machine.disk.files("/spool") if file.content]
    if files:
        file = machine.scheduler.draws.pick(files)
        content = file.content
        position = machine.scheduler.draws.below(8 * len(content))
        machine.note("flips", position)
        before = [
            record for record in simulation.observer.ledger.records.values()
            if record.uuid.encode() in content
        ]  # fmt: skip
        content[position // 8] ^= 1 << position % 8
        for record in before:
            if record.uuid.encode() not in content:
                record.flipped_in = file
        _damaged(simulation)


def vanish(simulation) -> None:
    """Delete a file or a folder of the spool, as a cleaner of old files may do."""
    machine = simulation.machine
    paths = list(machine.disk.tree("/spool"))
    if paths:
        path = machine.scheduler.draws.pick(paths)
        machine.note("vanishes", path)
        for below in [*machine.disk.tree(path), path]:
            machine.disk.remove(
                below, machine.clock.wall(), directory=machine.disk.find(below).is_directory
            )
        _damaged(simulation)


def _damaged(simulation) -> None:
    machine, observer = simulation.machine, simulation.observer
    machine.disk.is_damaged = True
    for process in machine.alive:
        process.disk_has_failed = True
    for record in observer.ledger.records.values():
        # An acknowledgement may be gone, or a folder of which no living process knows.
        record.may_double = True
        is_on_disk = observer.is_on_disk(record)
        record.is_durable = record.is_durable and is_on_disk
        # Behind a shutdown nobody looks any more.
        record.may_vanish = record.may_vanish or (record.process.is_closing and not is_on_disk)


def power(simulation) -> None:
    """Cut the power: all processes die, and the disk keeps what was synced."""
    for process in simulation.machine.alive:
        process.is_killed = True
        process.die()
    simulation.machine.reap()
    records, disk = simulation.observer.ledger.records.values(), simulation.machine.disk
    is_synced = simulation.config.fsync == "always"
    for record in records:
        # Also events that an exit left to the next process: only "always" promises that they survive.
        is_at_risk = not is_synced and not disk.contains(record.uuid.encode(), synced=True)
        record.may_vanish = record.may_vanish or (
            is_at_risk and simulation.observer.is_on_disk(record)
        )
    disk.cut_power(simulation.machine.scheduler.draws)
    for record in records:
        record.power_was_cut(is_synced)
    simulation.start()


def read(simulation, who: int, all: bool, locally: bool, person: int) -> None:  # noqa: A002 - as in the plan
    process = simulation.process(who)
    if process is not None:
        _app(
            simulation,
            process,
            "read",
            lambda: read_flags(simulation, process, all, locally, person),
        )


def read_flags(simulation, process, all: bool, locally: bool, person: int) -> dict:  # noqa: A002
    """Read one or all flags; return the values."""
    client, name = process.client, f"p{person}"
    process.reads += 1
    if all:
        values = client.get_all_flags(name, only_evaluate_locally=locally) or {}
    else:
        key = FLAG_KEYS[0]
        values = {key: client.get_feature_flag(key, name, only_evaluate_locally=locally)}
    simulation.machine.note("read", *values.values())
    simulation.observer.flags.read(process, values, name, is_local=locally)
    process.reads -= 1
    return values


def change(simulation) -> None:
    simulation.machine.server.version += 1


def reload(simulation, who: int, timeout: float) -> None:
    process = simulation.process(who)
    if process is None:
        return

    def call() -> None:
        began = simulation.machine.scheduler.now
        simulation.observer.flags.requested(process)
        process.client.reload_feature_flags(timeout)
        if simulation.config.driver == "threads":
            simulation.observer.check_call("reload", began, timeout)

    _app(simulation, process, "reload", call)


def _app(simulation, process, name: str, function) -> None:
    process.run(f"app-{name}", function)
