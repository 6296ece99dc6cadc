from vtn.store import Store, change


async def test_nothing_has_changed_in_an_empty_database(store: Store) -> None:
    async with store.read() as tx:
        assert await change.changes_since(tx, version=0) == (frozenset(), 0)


async def test_changes_are_told_once(store: Store) -> None:
    async with store.begin() as tx:
        assert await change.bump(tx, party_pks=[3, 5]) == 1
        assert await change.bump(tx, party_pks=[5, 8]) == 2
        assert await change.bump(tx, party_pks=[]) == 0
    async with store.read() as tx:
        assert await change.changes_since(tx, version=0) == (frozenset({3, 5, 8}), 2)
        assert await change.changes_since(tx, version=1) == (frozenset({5, 8}), 2)
        assert await change.changes_since(tx, version=2) == (frozenset(), 2)


async def test_counters_do_not_meet(store: Store) -> None:
    async with store.begin() as tx:
        numbers = [await change.next_number(tx, name=name) for name in ("a", "b", "a", "a")]
    assert numbers == [1, 1, 2, 3]
