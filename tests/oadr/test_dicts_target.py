"""The three ways to name a target, and every kind of target there is."""

from typing import Any

import pytest
from openleadr import objects

from oadr import messages as m
from oadr.dicts import plain, target_from
from oadr.dicts.target import with_targets
from tests.oadr.openleadr_dicts import AREA

#: openleadr's dict, and what it means.
KINDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"aggregated_pnode": {"node": "a"}}, {"aggregated_pnodes": ("a",)}),
    ({"end_device_asset": {"mrid": "a"}}, {"end_device_assets": ("a",)}),
    ({"meter_asset": {"mrid": "a"}}, {"meter_assets": ("a",)}),
    ({"pnode": {"node": "a"}}, {"pnodes": ("a",)}),
    ({"service_area": {"feature_collection": AREA.xml}}, {"service_areas": (AREA,)}),
    ({"service_delivery_point": {"node": "a"}}, {"service_delivery_points": ("a",)}),
    ({"service_location": {"feature_collection": AREA.xml}}, {"service_locations": (AREA,)}),
    (
        {"transport_interface": {"point_of_receipt": "a", "point_of_delivery": "b"}},
        {
            "transport_interfaces": (
                m.TransportInterface(point_of_receipt="a", point_of_delivery="b"),
            )
        },
    ),
    ({"group_id": "a"}, {"group_ids": ("a",)}),
    ({"group_name": "a"}, {"group_names": ("a",)}),
    ({"resource_id": "a"}, {"resource_ids": ("a",)}),
    ({"ven_id": "a"}, {"ven_ids": ("a",)}),
    ({"party_id": "a"}, {"party_ids": ("a",)}),
]


@pytest.mark.parametrize(("raw", "fields"), KINDS, ids=[next(iter(raw)) for raw, _ in KINDS])
def test_a_target_of_each_kind_goes_out_and_comes_back(
    raw: dict[str, Any], fields: dict[str, Any]
) -> None:
    """M11: openleadr writes five of the kinds."""
    target = m.Target(**fields)
    grouped = {kind: [value] for kind, value in raw.items()}
    assert with_targets(target) == {"targets": [raw], "targets_by_type": grouped}
    assert target_from(targets=[raw]) == target
    assert target_from(targets_by_type=grouped) == target
    assert target_from(target=raw) == target
    assert target_from(**with_targets(target)) == target


def test_a_kind_that_openleadr_wraps_may_be_given_as_a_name() -> None:
    assert target_from(targets=[{"meter_asset": "a"}]) == m.Target(meter_assets=("a",))


def test_objects_have_names_of_their_own_for_two_kinds() -> None:
    found = target_from(
        targets=[
            objects.Target(aggregated_p_node=objects.AggregatedPNode(node="a")),
            objects.Target(p_node=objects.PNode(node="b"), ven_id="v"),
        ]
    )
    assert found == m.Target(aggregated_pnodes=("a",), pnodes=("b",), ven_ids=("v",))


@pytest.mark.parametrize(
    "given",
    [
        {"target": {"ven_id": "v"}},
        {"target": objects.Target(ven_id="v")},
        {"target": [objects.Target(ven_id="v")]},
        {"targets": {"ven_id": "v"}},
        {"targets": ({"ven_id": "v"},)},
        {"targets": [objects.Target(ven_id="v")], "targets_by_type": {"ven_id": ["v"]}},
        {"targets_by_type": {"ven_id": "v"}},
        {"targets": [], "targets_by_type": {"ven_id": ["v"]}},
        {"target": None, "targets": None, "targets_by_type": {"ven_id": ["v"], "group_id": []}},
    ],
)
def test_one_ven_can_be_named_in_many_ways(given: dict[str, Any]) -> None:
    assert target_from(**given) == m.Target(ven_ids=("v",))


@pytest.mark.parametrize("given", [{}, {"targets": []}, {"target": objects.Target()}])
def test_nothing_named_means_everything(given: dict[str, Any]) -> None:
    assert target_from(**given) == m.EVERYTHING


def test_names_of_digits_are_texts() -> None:
    """X2."""
    assert target_from(targets=[{"resource_id": 42}]) == m.Target(resource_ids=("42",))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"targets": ["v"]}, "targets[0] is 'v'; expected a dict or an object"),
        ({"targets": [{"vens": "v"}]}, "targets[0]: target 'vens' is not known; expected one of"),
        ({"targets_by_type": {"vens": ["v"]}}, "targets_by_type: target 'vens' is not known"),
        ({"targets_by_type": ["v"]}, "targets_by_type is ['v']; expected a dict or an object"),
        ({"target": {"ven_id": {"id": "v"}}}, "target.ven_id is {'id': 'v'}; expected a text"),
        (
            {"target": {"meter_asset": {"node": "a"}}},
            "target.meter_asset.mrid is missing; expected a text",
        ),
        (
            {"target": {"transport_interface": {"point_of_receipt": "a"}}},
            "target.transport_interface.point_of_delivery is missing; expected a text",
        ),
        (
            {"target": {"service_area": "everywhere"}},
            "target.service_area is 'everywhere'; expected GML mark-up under feature_collection",
        ),
        (
            {"targets": [{"ven_id": "v"}], "targets_by_type": {"ven_id": ["w"]}},
            "targets and targets_by_type name different targets; expected the same, or one",
        ),
    ],
)
def test_what_is_wrong_with_a_target_is_named_with_its_key(
    given: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared
        target_from(**given)
    assert str(raised.value).startswith(text)


def test_plain_makes_dicts_of_objects_wherever_they_stand() -> None:
    meter = objects.MeterAsset(mrid="a")
    assert plain({"x": (meter, {"y": meter}), "z": objects.MeterAsset}) == {
        "x": [{"mrid": "a"}, {"y": {"mrid": "a"}}],
        "z": objects.MeterAsset,
    }
