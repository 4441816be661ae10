"""Write posthog-names.md from the tables of the code: ``python docs/write_posthog_names.py``."""

import tomllib
from pathlib import Path

from flagengine.transports.posthog.missing import OF_CLIENTS, OF_THE_MODULE
from flagengine.transports.posthog.names import OPTIONS, OptionName

TARGET = Path(__file__).with_name("posthog-names.md")
EXPECTED = TARGET.parents[1] / "tests/transports/posthog/upstream/expectations.toml"

HEAD = """\
# The names of posthog-python

Written by `docs/write_posthog_names.py` from the tables of `flagengine.transports.posthog`; a test fails when
they differ. All of it is about posthog-python 7.91.1.

Change the import, and leave the program as it is:

| there | here |
|---|---|
| `import posthog` | `import flagengine.transports.posthog as posthog` |
| `from posthog import Posthog` | `from flagengine.transports.posthog import Posthog` |
| `posthog.integrations.django.PosthogContextMiddleware` | `flagengine.transports.posthog.integrations.django.PosthogContextMiddleware` |

```python
import flagengine.transports.posthog as posthog
from flagengine.transports import MemorySink

sink = MemorySink()
client = posthog.Posthog("phc_key", sink=sink)
client.feature_flags = [{"key": "beta", "active": True, "filters": {"groups": [{}]}}]
with posthog.new_context():
    posthog.identify_context("user-1")
    if client.feature_enabled("beta", "user-1"):
        client.capture("saw beta", properties={"$set": {"plan": "pro"}})
client.flush(timeout_seconds=5)
print([(event.name, event.decoded()["distinct_id"]) for event in sink.events])
```

```text
[('$feature_flag_called', 'user-1'), ('saw beta', 'user-1')]
```

`Posthog` is a `flagengine.transports.Client` with posthog-python's constructor, argument order, attributes and
forms of answers; `AsyncPosthog` is an `AsyncClient`. All methods and options of those are there as well, so
`Posthog("phc_key", strict_local_evaluation=True)` works, and a program can move on name by name.

The module's functions use a default client, which is made of the module's variables at the first call. A
variable that is set later has the effect that it has in posthog-python (`disabled`, `debug`, `before_send`,
`privacy_mode`, `enable_full_ai_capture`), or a warning says that it has none. A key that is set after a call
without a key still counts. A misspelt variable is named in a warning, and is an error for type checkers.

There are also the modules `client`, `async_client`, `contexts`, `types`, `feature_flags` (its two exceptions),
`flag_definition_cache`, and `integrations` with `django`, `drf`, `flask`, `asgi` and `celery`.

## Options of the constructor

"Same" is an option of this client with the same name and meaning; [options.md](options.md) describes it.

| there | here | what differs |
|---|---|---|
"""

DJANGO = """\

## Django, Flask, ASGI, Celery, Django REST framework

All settings of the Django middleware are read: `POSTHOG_MW_CLIENT`, `POSTHOG_MW_CAPTURE_EXCEPTIONS`,
`POSTHOG_MW_REQUEST_FILTER`, `POSTHOG_MW_EXTRA_PROPERTIES` (older name `POSTHOG_MW_EXTRA_TAGS`),
`POSTHOG_MW_PROPERTIES_MAP` (`POSTHOG_MW_TAG_MAP`), `POSTHOG_MW_CAPTURE_TRACING_HEADERS`
(`POSTHOG_MW_TRUST_TRACING_HEADERS`), and `POSTHOG_DRF_CLIENT`. A setting that is misspelt or of the wrong type
stops the start of the project with an `ImproperlyConfigured`; posthog-python ignores it. The client must be one
of this package. The person is that of the header, otherwise the authenticated user, with the property `email`.

What is other than there: a request always begins a fresh context; the middleware also reports what other
middleware and handlers raise; secrets in URLs are redacted; `$ip` is the first address of `X-Forwarded-For`;
a callback that raises is logged, and the request goes on (if the properties map raises, nothing is sent
unmapped); what counts as control flow is not reported ([frameworks.md](frameworks.md)). The methods
`extract_tags` and `extract_request_user` are not there to be overridden: use the callbacks.

The integration of Flask takes the arguments of `PosthogFlaskIntegration`, that of ASGI those of
`PosthogASGIMiddleware`, and that of Celery those of `PosthogCeleryIntegration`, whose events have the same names
and properties. `posthog.integrations.otel` is not there.
"""

DIFFERENCES = """\

## What differs

- Nothing is raised into the application, also with `debug=True`: errors are logged (logger `flagengine`), and
  lost events go to `on_error`. Nothing gives a `DeprecationWarning`.
- `$lib` is `flagengine`; `lib_name="posthog-python"` keeps the name that dashboards filter by.
- An event's own properties and the context's tags beat super properties; there, super properties win.
- `set` and `set_once` send only the given properties; there, the context's tags are set on the person, too. Both
  send an event `$set`, whose properties have `$set` or `$set_once`; a hook finds them in `event["properties"]`.
- `group_identify` without a distinct id and outside of a context is the group's own event, `$<type>_<key>`;
  there, it has a random id.
- The first read of flags waits for the definitions, and flags are decided locally where posthog-python asks the
  server: a flag with 100 % needs no hash. `enable_local_evaluation=False` loads no definitions at all; there,
  they are loaded once. A flag that the server did not know is asked for again after the next load.
- `get_feature_variants` and `get_feature_payloads` decide local flags locally; there, they always ask the server.
- `AsyncPosthog` evaluates flags locally, and has all getters of `Posthog`.
- `get_feature_flag_payload` of a client sends no event, that of the module does, as there. A call with
  `match_value` is a look-up and sends none.
- `$feature_flag_called` of a local answer also has the reason and the time of the definitions. In `sync_mode`,
  the events of flag reads are sent in the background; `flush` sends them.
- A payload that is no JSON is returned as text; there, it is None.
- A disabled client returns `{}` from `get_all_flags`; there, None.
- `feature_flags` returns a copy. Assigning `feature_flags`, `group_type_mapping` or `cohorts` ends the loading
  from the server.
- A forked child keeps the context that was active at the fork.
- `flush` and `shutdown` return whether all went well; `shutdown` takes at most 30 s by default.
- `set_code_variables_mask_patterns_context` and `set_code_variables_ignore_patterns_context` leave all local
  variables out of the context's reports, which is safe; the patterns are options of the client.
- `enable_keep_alive` and `disable_connection_reuse` apply to the clients that are made afterwards.
- `start_span` returns a span that records nothing, as there without `traces`.
- `InconclusiveMatchError` and `RequiresServerEvaluation` can be imported, but nothing raises them.

## Names that are not there

Using one raises an error that says what to use instead. `posthog.ai` is not there either: its wrappers of AI
libraries need a client of posthog-python; `capture_ai` and `prepare_ai_properties` are there.

| name | what to use |
|---|---|
"""

TESTS = """\

## posthog-python's own tests

Its tests of flags, contexts and capture run over these names (`tests/transports/posthog/upstream`), with the
functions that make its requests replaced by this client's transport. {passed} pass. {private} use private
parts of posthog-python, so that they say nothing about a program. {failed} fail, for these reasons:

| tests | why |
|---|---|
"""


def render() -> str:
    """Return the page."""
    options = "".join(f"| `{each.old}` | {_here(each)} | {each.note} |\n" for each in OPTIONS)
    names = [*((f"posthog.{name}", hint) for name, hint in OF_THE_MODULE.items())]
    names += [(f"client.{name}", hint) for name, hint in OF_CLIENTS.items()]
    missing = "".join(f"| `{name}` | {hint} |\n" for name, hint in names)
    return HEAD + options + DJANGO + DIFFERENCES + missing + _tests()


def _here(option: OptionName) -> str:
    if option.new is None:
        return "no effect, and a warning"
    return "same" if option.new == option.old else f"`{option.new}`"


def _tests() -> str:
    expected = tomllib.loads(EXPECTED.read_text("utf-8"))
    reasons = [each for each in expected.values() if isinstance(each, dict)]
    failed = sum(len(each["tests"]) for each in reasons)
    rows = sorted(((len(each["tests"]), each["why"]) for each in reasons), reverse=True)
    return TESTS.format(
        failed=failed, **{name: expected[name] for name in ("passed", "private")}
    ) + ("".join(f"| {count} | {why} |\n" for count, why in rows))


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
