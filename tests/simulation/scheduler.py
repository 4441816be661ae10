"""The scheduler: simulated threads, of which one runs at a time, and the virtual time.

Nothing runs in parallel: the scheduler gives a turn to one simulated thread, which ends when that
thread blocks, is preempted, or ends.
"""

import heapq
from collections.abc import Callable

from .coroutines import new_stack
from .outside import Outside
from .randomness import Draws
from .violations import Killed, Violation

# More turns than this without any progress of the time are a busy loop.
MOST_TURNS_AT_ONCE = 3000
_READY, _BLOCKED, _RUNNING, _DONE = "ready", "blocked", "running", "done"


class Task(Outside):
    """A simulated thread."""

    def __init__(self, name: str, process, function: Callable[[], object]) -> None:
        self.name = name
        self.process = process
        self.function = function
        self.state = _READY
        # Each blocking has a number, so that a timer of an earlier blocking does nothing.
        self.blocking = 0
        self.is_timed_out = False
        self.is_killed = False
        self.error: BaseException | None = None
        self.joiners: list[Task] = []
        self.waits_for = ""
        self.held_locks = 0
        # What ``threading.current_thread()`` returns in this task.
        self.thread = None
        self.stack = None

    def run(self) -> None:
        """Run the function to its end; a task that was killed before its first turn has nothing to do."""
        try:
            if not self.is_killed:
                self.function()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - the scheduler looks at it
            self.error = error
        self.state = _DONE

    @property
    def is_done(self) -> bool:
        return self.state == _DONE


class Scheduler(Outside):
    """The scheduler of one run; ``draws`` is replaced at each step of the plan."""

    def __init__(self, draws: Draws, *, preempts: float = 0.0, on_threads: bool = False) -> None:
        self.draws = draws
        self.now = 0.0
        self.turns = 0
        # When the machine was suspended, and for how many seconds.
        self.leaps: list[tuple[float, float]] = []
        self.current: Task | None = None
        self.tasks: list[Task] = []
        # Called after each turn, and with a task that has ended.
        self.after_turn: Callable[[], object] = lambda: None
        self.on_end: Callable[[Task], object] = lambda _task: None
        self._ready: list[Task] = []
        self._timers: list[tuple[float, int, Task, int]] = []
        self._timer_count = 0
        self._turns_at_once = 0
        self._preempts = preempts
        self._on_threads = on_threads

    # Called by the director.

    def start(self, name: str, process, function: Callable[[], object]) -> Task:
        """Make a task; it gets its first turn when the scheduler chooses it."""
        task = Task(name, process, function)
        task.stack = new_stack(task.run, threads=self._on_threads)
        self.tasks.append(task)
        self._ready.append(task)
        return task

    def spin(self, turns: int) -> None:
        """Give at most ``turns`` turns, without letting time pass."""
        while self._ready and turns > 0:
            self._give_turn(self._ready.pop(self.draws.below(len(self._ready))))
            turns -= 1

    def run_until(self, moment: float) -> None:
        """Run everything that happens until ``moment``."""
        while True:
            self.spin(MOST_TURNS_AT_ONCE)
            if self._ready:
                continue
            if not self._timers or self._timers[0][0] > moment:
                break
            self._pass_time(self._timers[0][0])
        self._pass_time(moment)

    def leap(self, seconds: float) -> None:
        """Let time pass in which nothing runs, as in a suspended machine."""
        self.leaps.append((self.now, seconds))
        self._pass_time(self.now + seconds)

    def was_suspended_since(self, moment: float) -> bool:
        """Return whether the machine was suspended at ``moment`` or later."""
        return bool(self.leaps) and self.leaps[-1][0] >= moment

    def next_timer(self) -> float | None:
        """Return when the next task wakes up by itself."""
        while self._timers and not self._is_valid(self._timers[0]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    @property
    def is_idle(self) -> bool:
        """Whether no task can run before time passes."""
        return not self._ready

    def kill(self, tasks: list[Task]) -> None:
        """Unwind the stacks of these tasks; the caller has made their process dead."""
        for task in tasks:
            if task.state == _DONE or task is self.current:
                continue
            task.is_killed = True
            if task in self._ready:
                self._ready.remove(task)
            for _ in range(100):
                self._run(task)
                if task.state == _DONE:
                    break
            else:
                raise Violation("simulation", f"the task {task.name} cannot be unwound")

    def close(self) -> None:
        """Unwind everything that is left."""
        self.kill(list(self.tasks))

    # Called by tasks.

    def block(self, why: str, timeout: float | None = None) -> bool:
        """Wait until ``wake`` or for ``timeout`` seconds; return False after a timeout."""
        task = self.current
        if task is None:
            raise Violation("simulation", f"the director must not wait for {why}")
        task.blocking += 1
        task.state = _BLOCKED
        task.is_timed_out = False
        task.waits_for = why
        if timeout is not None:
            self._timer_count += 1
            due = self.now + max(0.0, timeout)
            heapq.heappush(self._timers, (due, self._timer_count, task, task.blocking))
        self._yield(task)
        return not task.is_timed_out

    def wake(self, task: Task) -> None:
        """Make a blocked task ready."""
        if task.state == _BLOCKED:
            task.state = _READY
            task.blocking += 1
            self._ready.append(task)

    def sleep(self, seconds: float) -> None:
        """Wait for a time."""
        self.block("sleep", seconds)

    def check_alive(self) -> None:
        """End the running task if it, or its process, was killed."""
        task = self.current
        if task is not None and (task.is_killed or task.process.is_dead):
            raise Killed

    def may_switch(self) -> None:
        """Let another task run, if the draw says so; the places where a real thread may lose its turn."""
        task = self.current
        if task is None or not self._preempts:
            return
        if self._ready and self.draws.chance(self._preempts):
            task.state = _READY
            self._ready.append(task)
            self._yield(task)

    # Internal.

    def _yield(self, task: Task) -> None:
        if task.is_killed:
            raise Killed
        task.stack.suspend()
        if task.is_killed:
            raise Killed
        task.state = _RUNNING

    def _run(self, task: Task) -> None:
        before, self.current = self.current, task
        task.stack.resume()
        self.current = before

    def _give_turn(self, task: Task) -> None:
        self.turns += 1
        self._turns_at_once += 1
        if self._turns_at_once > MOST_TURNS_AT_ONCE:
            raise Violation(
                "busy loop", f"{self._turns_at_once} turns at one moment, last {task.name}"
            )
        task.state = _RUNNING
        self._run(task)
        if task.state == _DONE:
            self._end(task)
        self.after_turn()

    def _end(self, task: Task) -> None:
        self.tasks.remove(task)
        for joiner in task.joiners:
            self.wake(joiner)
        self.on_end(task)

    def _is_valid(self, timer: tuple[float, int, Task, int]) -> bool:
        _, _, task, blocking = timer
        return task.state == _BLOCKED and task.blocking == blocking

    def _pass_time(self, moment: float) -> None:
        if moment > self.now:
            self.now = moment
            self._turns_at_once = 0
        while self._timers and self._timers[0][0] <= self.now:
            timer = heapq.heappop(self._timers)
            if self._is_valid(timer):
                timer[2].is_timed_out = True
                self.wake(timer[2])
