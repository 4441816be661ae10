"""Preemption at the calls of functions, for runs that look for races."""


def tracer_of(scheduler):
    """Return a tracing function that may switch threads when a function of the client is called."""

    def trace(frame, event, _argument):
        code = frame.f_code
        if event == "call" and "/transports/" in code.co_filename and not code.co_name.startswith("<"):
            scheduler.may_switch()

    return trace
