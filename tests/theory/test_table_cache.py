from featlearn.theory.activations.table_cache import TableCache


def test_what_was_used_last_is_kept_within_its_bytes() -> None:
    cache, made = TableCache(10), []

    def get(key: str, size: int) -> str:
        def make() -> str:
            made.append(key)
            return key

        return str(cache.get(key, make, lambda _: size))

    assert [get("a", 4), get("b", 4), get("a", 4), get("c", 4)] == ["a", "b", "a", "c"]
    assert made == ["a", "b", "c"]
    assert cache.bytes == 8
    get("a", 4)
    get("b", 4)
    assert made == ["a", "b", "c", "b"]
    assert get("large", 99) == "large"
    assert get("large", 99) == "large"
    assert made == ["a", "b", "c", "b", "large"]
    assert cache.bytes == 99
