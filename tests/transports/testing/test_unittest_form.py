"""``flags_set`` in a TestCase: as a block, a decorator, and for a whole test."""

import unittest

from flagengine.transports import Client
from flagengine.transports.testing import flags_set

client = Client(disabled=True)


def beta() -> object:
    return client.get_feature_flag("beta", "user-1")


class WholeTests(unittest.TestCase):
    def setUp(self) -> None:
        self.flags = self.enterContext(flags_set(beta="all"))

    def test_a_set_up_holds_for_the_test(self) -> None:
        self.flags.set("gamma")
        assert beta() == "all"
        assert client.get_feature_flag("gamma", "user-1") is True

    @flags_set(beta="one")
    def test_a_decorator_wins_over_it(self) -> None:
        assert beta() == "one"


class Blocks(unittest.TestCase):
    def test_a_block_holds_until_its_end(self) -> None:
        with flags_set(beta=True) as flags:
            assert beta() is True
            assert flags.read == ["beta"]
        assert beta() is None


class Asynchronous(unittest.IsolatedAsyncioTestCase):
    @flags_set(beta="task")
    async def test_a_coroutine_is_a_test(self) -> None:
        assert beta() == "task"
