"""What a client does, for those who run it: OpenTelemetry, Prometheus, health checks, and fields of logs.

Every module is thin: ``counters()``, ``definitions_health()`` and the event ``flag_evaluated`` of the
client have the facts. Importing this package imports nothing else; import the module that is needed.

- ``opentelemetry``: events for evaluations, and metrics; needs ``opentelemetry-api``.
- ``prometheus``: a collector; needs ``prometheus-client``.
- ``health``: WSGI and ASGI applications for probes; needs nothing.
"""
