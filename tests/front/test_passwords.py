"""Passwords: what a right and a wrong one cost, told by calls of bcrypt rather than by a clock."""

import asyncio
import threading

import bcrypt
import pytest
from pydantic import SecretStr

from exporter.front.passwords import MOST_CHECKS, MOST_OF_ONE, Busy, Passwords


def hashed(password, cost=4):
    return SecretStr(bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode())


@pytest.fixture
def users():
    return {"ann": hashed("north"), "ben": hashed("so:uth", 5)}


async def test_a_right_password_pays_for_bcrypt_once(users, costs):
    asked = Passwords(users)
    for _ in range(5):
        assert await asked.right(b"ann:north", "1.2.3.4")
        assert await asked.right(b"ben:so:uth", "1.2.3.4")
    assert costs == [4, 5]


async def test_a_wrong_password_pays_every_time_and_a_right_one_is_still_known_then(users, costs):
    asked = Passwords(users)
    assert await asked.right(b"ann:north", "")
    assert [await asked.right(b"ann:south", "") for _ in range(3)] == [False] * 3
    assert await asked.right(b"ann:north", "")
    assert costs == [4] * 4


async def test_an_unknown_user_costs_as_much_as_one_who_exists(costs):
    asked = Passwords({"ann": hashed("north"), "ben": hashed("north")})
    assert not await asked.right(b"ann:east", "")
    assert not await asked.right(b"eve:east", "")
    assert costs == [4, 4]


async def test_an_unknown_user_always_costs_the_same_be_it_much_or_little(users, costs):
    asked = Passwords(users)
    for name in range(40):
        costs.clear()
        for _ in range(2):
            assert not await asked.right(b"%d:north" % name, "")
        assert costs in ([4, 4], [5, 5])


async def test_an_unknown_user_does_not_get_in_with_the_password_of_a_stand_in():
    asked = Passwords({"ann": hashed("north")})
    assert not await asked.right(b"eve:north", "")
    assert not await asked.right(b":north", "")


async def test_a_password_that_bcrypt_would_cut_is_wrong_without_being_tried(costs):
    asked = Passwords({"ann": hashed("x" * 72)})
    assert await asked.right(b"ann:" + b"x" * 72, "")
    assert not await asked.right(b"ann:" + b"x" * 73, "")
    assert costs == [4]


async def test_the_same_guess_at_the_same_time_is_tried_once(users, costs):
    asked = Passwords(users)
    assert await asyncio.gather(*(asked.right(b"ann:north", "") for _ in range(100))) == [True] * 100
    assert await asyncio.gather(*(asked.right(b"ann:south", "") for _ in range(100))) == [False] * 100
    assert costs == [4, 4]


@pytest.fixture
def slow(monkeypatch):
    """bcrypt that waits until it is told to go on."""
    go_on = threading.Event()
    real = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *both: go_on.wait(30) and real(*both))
    yield go_on
    go_on.set()


async def test_while_others_guess_a_known_password_is_answered_at_once_and_a_new_one_still_has_its_turn(users, slow):
    asked = Passwords(users)
    slow.set()
    assert await asked.right(b"ann:north", "10.0.0.1")
    slow.clear()
    guesses = [asyncio.create_task(asked.right(b"ann:%d" % number, "10.6.6.6")) for number in range(20)]
    await asyncio.sleep(0)
    assert await asked.right(b"ann:north", "10.0.0.1")
    new = asyncio.create_task(asked.right(b"ben:so:uth", "10.0.0.2"))
    await asyncio.sleep(0)
    slow.set()
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert results[:MOST_OF_ONE] == [False] * MOST_OF_ONE
    assert all(isinstance(result, Busy) for result in results[MOST_OF_ONE:])
    assert await new
    assert not await asked.right(b"ann:again", "10.6.6.6")


async def test_guesses_from_everywhere_are_bounded_too(users, slow):
    asked = Passwords(users)
    guesses = [asyncio.create_task(asked.right(b"ann:%d" % n, f"10.0.0.{n}")) for n in range(MOST_CHECKS + 5)]
    await asyncio.sleep(0)
    slow.set()
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(result, Busy) for result in results) == 5
    assert not asked._checks
    assert not asked._waiting


async def test_a_client_that_goes_away_does_not_end_the_check_of_another(users, slow):
    asked = Passwords(users)
    first, second = (asyncio.create_task(asked.right(b"ann:north", "")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    slow.set()
    assert await second


async def test_nothing_that_is_kept_is_a_password(users):
    asked = Passwords(users)
    await asked.right(b"ann:north", "")
    assert "north" not in repr(vars(asked))
