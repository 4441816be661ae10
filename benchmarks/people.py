"""The persons of the workloads, each with a UUID and seven properties, from a fixed seed.

E-mail addresses and operands are in lower case, so that rivals without a case-insensitive substring
test may use their case-sensitive test.
"""

from __future__ import annotations

import random
import uuid
from functools import lru_cache

from benchmarks.specs import Person

__all__ = ["BROWSERS", "COUNTRIES", "DOMAINS", "HOT", "MANY", "PLANS", "people"]

#: Their dicts take about 10 MB, which is more than the caches, as in a server with many users.
MANY = 10_000
#: Few enough to stay in the caches, so that the engine is measured and not the memory.
HOT = 200

COUNTRIES = ("us", "gb", "de", "fr", "es", "it", "nl", "se", "pl", "br")
DOMAINS = ("@corp.example", "@mail.example", "@school.example")
PLANS = ("free", "pro", "enterprise")
BROWSERS = ("chrome", "firefox", "safari")
_SEED = 20_261_124
# Seven of ten persons live in the first three countries and seven of ten have a corporate address, so
# W1 hashes about half of all persons.
_COUNTRY_WEIGHTS = (40, 20, 10, 6, 5, 5, 4, 4, 3, 3)
_DOMAIN_WEIGHTS = (70, 20, 10)


@lru_cache(maxsize=4)
def people(count: int) -> tuple[Person, ...]:
    """Return the first `count` persons; with a larger number, these persons stay the same."""
    # A fixed seed, because the persons must be the same in every run.
    source = random.Random(_SEED)
    return tuple(_person(number, source) for number in range(count))


def _person(number: int, source: random.Random) -> Person:
    domain = source.choices(DOMAINS, _DOMAIN_WEIGHTS)[0]
    return Person(
        id=str(uuid.UUID(int=source.getrandbits(128), version=4)),
        properties={
            "email": f"person.{number}{domain}",
            "country": source.choices(COUNTRIES, _COUNTRY_WEIGHTS)[0],
            "plan": source.choice(PLANS),
            "seats": source.randrange(1, 101),
            "browser": source.choice(BROWSERS),
            "signed_up": f"2025-{source.randrange(1, 13):02}-{source.randrange(1, 29):02}",
            "beta": source.random() < 0.5,
        },
    )
