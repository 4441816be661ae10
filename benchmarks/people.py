"""The persons that flags are evaluated for: UUIDs and seven properties each, from a fixed seed.

E-mail addresses and operands are lower case, so that rivals without a case-insensitive substring
test may use their plain one: whatever helps a rival is left to it.
"""

from __future__ import annotations

import random
import uuid
from functools import lru_cache

from benchmarks.specs import Person

__all__ = ["BROWSERS", "COUNTRIES", "DOMAINS", "HOT", "MANY", "PLANS", "people"]

#: Their dicts take some 10 MB: more than the caches hold, as in a server with many users.
MANY = 10_000
#: Few enough to stay in the caches, so that the engine is measured and not the memory.
HOT = 200

COUNTRIES = ("us", "gb", "de", "fr", "es", "it", "nl", "se", "pl", "br")
DOMAINS = ("@corp.example", "@mail.example", "@school.example")
PLANS = ("free", "pro", "enterprise")
BROWSERS = ("chrome", "firefox", "safari")
_SEED = 20_261_124
# Seven in ten live in the first three countries and seven in ten have a corporate address, so
# about half of all persons get as far as the hash in W1.
_COUNTRY_WEIGHTS = (40, 20, 10, 6, 5, 5, 4, 4, 3, 3)
_DOMAIN_WEIGHTS = (70, 20, 10)


@lru_cache(maxsize=4)
def people(count: int) -> tuple[Person, ...]:
    """The first `count` persons; a smaller number is always the start of a larger one."""
    # Not for secrets: the same persons every time is the point.
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
