"""Whom a target means, and which market contexts are the same."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.event import (
    Receiver,
    in_market,
    matches,
    normalize_uri,
    resources_of,
    same_market_context,
)
from oadr.event.target import (
    is_device_class,
    is_whole,
    knows_resources,
    names_whole,
    only_device_classes,
)
from oadr.messages.common import EVERYTHING, RawXml, Target, TransportInterface
from tests.oadr.event_samples import VEN

AREA = RawXml(xml="<area/>")
LINK = TransportInterface(point_of_receipt="A", point_of_delivery="B")


def test_r22_an_empty_target_means_the_receiver() -> None:
    assert matches(EVERYTHING, VEN)
    assert resources_of(EVERYTHING, VEN) == frozenset()


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (Target(ven_ids=("ven-1",)), True),
        (Target(ven_ids=("ven-2",)), False),
        (Target(resource_ids=("pump", "other")), True),
        (Target(resource_ids=("other",)), False),
        (Target(group_ids=("schools",)), True),
        (Target(group_ids=("bakeries",)), False),
        (Target(group_names=("Schools",)), False),
        (Target(ven_ids=("ven-2",), resource_ids=("other",), group_ids=("schools",)), True),
        (Target(ven_ids=("ven-2",), resource_ids=("other",), group_ids=("x",)), False),
    ],
)
def test_r22_one_criterion_that_names_the_receiver_is_enough(target: Target, meant: bool) -> None:
    assert matches(target, VEN) is meant


@pytest.mark.parametrize("name", ["VEN-1", "Ven-1", "ven-1 "])
def test_r512_a_ven_id_is_compared_with_its_case(name: str) -> None:
    assert not matches(Target(ven_ids=(name,)), VEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("group_names", "Schools"),
        ("party_ids", "party"),
        ("aggregated_pnodes", "agg"),
        ("pnodes", "node"),
        ("meter_assets", "meter"),
        ("service_areas", AREA),
        ("service_delivery_points", "point"),
        ("service_locations", AREA),
        ("transport_interfaces", LINK),
        ("end_device_assets", "Thermostat"),
    ],
)
def test_r22_every_kind_of_target_is_understood(field: str, value: object) -> None:
    receiver = Receiver(ven_id="v", **{field: frozenset({value})})  # type: ignore[arg-type]
    target = Target(**{field: (value,)})  # type: ignore[arg-type]
    assert matches(target, receiver)
    deaf = Receiver(ven_id="v", end_device_assets=frozenset())
    assert not matches(target, deaf)


def test_r22_a_receiver_that_does_not_know_its_groups_takes_any() -> None:
    receiver = Receiver(ven_id="v", group_ids=None)
    assert matches(Target(group_ids=("whatever",)), receiver)
    assert not matches(Target(resource_ids=("whatever",)), receiver)


@pytest.mark.parametrize(
    ("target", "resources"),
    [
        (Target(resource_ids=("pump", "other")), {"pump"}),
        (Target(resource_ids=("pump",), ven_ids=("ven-1",)), {"pump"}),
        (Target(ven_ids=("ven-1",)), set()),
        (Target(resource_ids=("pump",), group_ids=("schools",)), set()),
        (Target(resource_ids=("pump",), group_ids=("bakeries",)), {"pump"}),
    ],
)
def test_r22_resources_that_are_named_are_the_ones_meant(
    target: Target, resources: set[str]
) -> None:
    assert resources_of(target, VEN) == resources


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (Target(ven_ids=("ven-1",)), True),
        (Target(ven_ids=("ven-1",), resource_ids=("other",)), False),
        (Target(ven_ids=("ven-1",), resource_ids=("other", "hvac")), True),
        (Target(ven_ids=("ven-1",), resource_ids=("other",), group_ids=("schools",)), True),
    ],
)
def test_r112_a_resource_of_its_own_is_found(target: Target, found: bool) -> None:
    assert knows_resources(target, VEN) is found


def test_r112_a_ven_without_resources_stands_for_all_of_them() -> None:
    assert knows_resources(Target(ven_ids=("v",), resource_ids=("r",)), Receiver(ven_id="v"))


def test_r203_a_target_is_whole_if_it_has_no_sub_elements() -> None:
    assert is_whole(EVERYTHING)
    assert is_whole(Target(ven_ids=("ven-1",)))
    assert not is_whole(Target(ven_ids=("ven-1",), resource_ids=("pump",)))
    assert names_whole(Target(group_ids=("schools",)))
    assert not names_whole(Target(resource_ids=("pump",)))


def test_r111_device_classes_are_those_of_the_list_or_own_ones() -> None:
    assert is_device_class("Thermostat")
    assert is_device_class("x-heat-pump")
    assert not is_device_class("thermostat")
    assert only_device_classes(Target(end_device_assets=("EVSE", "x-a")))
    assert not only_device_classes(Target(end_device_assets=("EVSE", "Toaster")))
    assert not only_device_classes(Target(end_device_assets=("EVSE",), ven_ids=("v",)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.com/peak", "HTTP://Example.COM/peak"),
        ("http://example.com/peak", "http://example.com:80/peak"),
        ("https://example.com/peak", "https://example.com:443/peak"),
        ("http://example.com:/peak", "http://example.com/peak"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com/~a", "http://example.com/%7Ea"),
        ("http://example.com/%c3%bc", "http://example.com/%C3%BC"),
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),
        ("http://example.com/a/..", "http://example.com/"),
        ("http://example.com/a/b/.", "http://example.com/a/b/"),
        ("http://example.com/../a", "http://example.com/a"),
        ("http://user@example.com/", "http://user@EXAMPLE.com/"),
        ("http://ex%41mple.com/", "http://example.com/"),
        ("http://ex%c3mple.com/", "http://ex%C3mple.com/"),
        ("URN:programme:Peak", "urn:programme:Peak"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
        ("http://example.com/?a=%7e#%7E", "http://example.com/?a=~#~"),
        ("peak", " peak "),
        ("urn:/..//peak", "urn:/.//peak"),
    ],
)
def test_r512_market_contexts_are_compared_in_normal_form(one: str, other: str) -> None:
    assert same_market_context(one, other)
    assert same_market_context(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.com/peak", "http://example.com/Peak"),
        ("http://example.com/peak", "https://example.com/peak"),
        ("http://example.com/peak", "http://example.com/peak/"),
        ("http://example.com/peak", "http://example.com:8080/peak"),
        ("https://example.com", "https://example.com:80"),
        ("http://example.com/a%2Fb", "http://example.com/a/b"),
        ("http://User@example.com/", "http://user@example.com/"),
        ("http://example.com/", "http://example.com/?"),
        ("peak", "Peak"),
        ("urn:/..//peak", "urn://peak"),
    ],
)
def test_r512_market_contexts_that_mean_different_things_stay_apart(one: str, other: str) -> None:
    assert not same_market_context(one, other)


@given(st.text())
def test_r512_any_text_can_be_compared(text: str) -> None:
    assert same_market_context(text, normalize_uri(text)) or "%" in text


URIS = r"(http|urn):(//[a-zA-Z.]+(:[0-9]*)?)?(/([a-z.]|%[0-9A-Fa-f]{2})*)*"


@given(st.from_regex(URIS, fullmatch=True))
def test_r512_a_normal_form_is_its_own_normal_form(uri: str) -> None:
    assert normalize_uri(normalize_uri(uri)) == normalize_uri(uri)


def test_r48_a_ven_may_take_any_market_context_or_only_some() -> None:
    assert in_market("HTTP://EXAMPLE.com/peak", VEN)
    assert not in_market("http://example.com/other", VEN)
    assert in_market("anything", Receiver(ven_id="v"))
    assert not in_market("anything", Receiver(ven_id="v", market_contexts=frozenset()))


def test_r512_a_long_uri_takes_time_in_proportion_to_its_length() -> None:
    # With the square of it this would take a minute, not a fraction of a second.
    long = "http://market" + "/a" * 300_000 + "/.." * 300_000
    began = time.perf_counter()
    assert normalize_uri(long) == "http://market/"
    assert time.perf_counter() - began < 10
