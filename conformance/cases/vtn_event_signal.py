"""The signals of events, with a VTN under test: what an operator can create arrives (R104)."""

from decimal import Decimal

from conformance.actions import SignalSpec
from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_stage import staged
from oadr.enums import SignalType


async def _arrive(t: VtnTest, *signals: SignalSpec) -> None:
    """Has an event created with these signals."""
    async with staged(t) as stage:
        await stage.create(stage.event(10, *signals))


def _signal(
    t: VtnTest, name: str, kind: SignalType, *values: str, unit: str = "", symbol: str = ""
) -> SignalSpec:
    """Returns a signal of steps of two units."""
    given = tuple(map(Decimal, values))
    each = t.device.unit * 2
    return SignalSpec(name=name, type=kind, unit=unit, symbol=symbol, values=given, each=each)


def _prices(t: VtnTest, name: str, unit: str) -> tuple[SignalSpec, ...]:
    """Returns the three signals of a price."""
    return (
        _signal(t, name, SignalType.PRICE, "0.25", "-0.03", "3.14", unit=unit, symbol="EUR"),
        _signal(t, name, SignalType.PRICE_RELATIVE, "0", "0.1", "-0.1", unit=unit, symbol="EUR"),
        _signal(t, name, SignalType.PRICE_MULTIPLIER, "1", "1.5", "0.5"),
    )


@vtn_case("K1_0104A", "ELECTRICITY_PRICE", rules=(104, 107), suite=Suite.EVENT)
async def electricity_price(t: VtnTest) -> None:
    """The price of electricity arrives in its three types.

    1. An operator creates an event with ELECTRICITY_PRICE as price and priceRelative, in euros
       per kWh, and as priceMultiplier.
    2. The VTN sends all three signals.
    """
    await _arrive(t, *_prices(t, "ELECTRICITY_PRICE", "currencyPerKWh"))


@vtn_case("K1_0104B", "ENERGY_PRICE", rules=(104, 107), suite=Suite.EVENT)
async def energy_price(t: VtnTest) -> None:
    """The price of energy arrives in its three types.

    1. An operator creates an event with ENERGY_PRICE as price and priceRelative, in euros per
       kWh, and as priceMultiplier.
    2. The VTN sends all three signals.
    """
    await _arrive(t, *_prices(t, "ENERGY_PRICE", "currencyPerKWh"))


@vtn_case("K1_0104C", "DEMAND_CHARGE", rules=(104, 107), suite=Suite.EVENT)
async def demand_charge(t: VtnTest) -> None:
    """The charge for power arrives in its three types.

    1. An operator creates an event with DEMAND_CHARGE as price and priceRelative, in euros per
       kW, and as priceMultiplier.
    2. The VTN sends all three signals.
    """
    await _arrive(t, *_prices(t, "DEMAND_CHARGE", "currencyPerKW"))


@vtn_case("K1_0104D", "bids", rules=(104, 107), suite=Suite.EVENT)
async def bids(t: VtnTest) -> None:
    """What a VEN may bid arrives as price, power and energy.

    1. An operator creates an event with BID_PRICE, BID_LOAD and BID_ENERGY.
    2. The VTN sends all three signals.
    """
    await _arrive(
        t,
        _signal(t, "BID_PRICE", SignalType.PRICE, "12.5", unit="currency", symbol="EUR"),
        _signal(t, "BID_LOAD", SignalType.SETPOINT, "4000", unit="powerReal"),
        _signal(t, "BID_ENERGY", SignalType.SETPOINT, "1500", unit="energyReal"),
    )


@vtn_case("K1_0104E", "CHARGE_STATE", rules=(104, 107), suite=Suite.EVENT)
async def charge_state(t: VtnTest) -> None:
    """How far to charge arrives as energy, as a change and as a share.

    1. An operator creates an event with CHARGE_STATE as setpoint, delta and multiplier.
    2. The VTN sends all three signals.
    """
    name = "CHARGE_STATE"
    await _arrive(
        t,
        _signal(t, name, SignalType.SETPOINT, "9000", "12000", unit="energyReal"),
        _signal(t, name, SignalType.DELTA, "-500", "500", unit="energyReal"),
        _signal(t, name, SignalType.MULTIPLIER, "0.25", "1"),
    )


@vtn_case("K1_0104F", "LOAD_DISPATCH", rules=(104, 107), suite=Suite.EVENT)
async def load_dispatch(t: VtnTest) -> None:
    """The power of a load arrives in all its types.

    1. An operator creates an event with LOAD_DISPATCH as setpoint, delta, multiplier and level.
    2. The VTN sends all four signals.
    """
    name = "LOAD_DISPATCH"
    await _arrive(
        t,
        _signal(t, name, SignalType.SETPOINT, "40", "0", unit="powerReal"),
        _signal(t, name, SignalType.DELTA, "-10", "10", unit="powerReal"),
        _signal(t, name, SignalType.MULTIPLIER, "0.5", "1"),
        _signal(t, name, SignalType.LEVEL, "-10", "10", unit="powerReal"),
    )


@vtn_case("K1_0104G", "LOAD_CONTROL", rules=(104, 107), suite=Suite.EVENT)
async def load_control(t: VtnTest) -> None:
    """The state of a load controller arrives in all its types.

    1. An operator creates an event with LOAD_CONTROL as capacity, level offset, percent offset
       and setpoint.
    2. The VTN sends all four signals.
    """
    name = "LOAD_CONTROL"
    await _arrive(
        t,
        _signal(t, name, SignalType.LOAD_CONTROL_CAPACITY, "0.5", "1"),
        _signal(t, name, SignalType.LOAD_CONTROL_LEVEL_OFFSET, "-1", "2"),
        _signal(t, name, SignalType.LOAD_CONTROL_PERCENT_OFFSET, "-20", "20"),
        _signal(t, name, SignalType.LOAD_CONTROL_SETPOINT, "21", "19"),
    )


@vtn_case("K1_0111", "signals for classes of devices", rules=(106, 107, 111), suite=Suite.EVENT)
async def device_classes(t: VtnTest) -> None:
    """Each signal of an event may be for other devices.

    1. An operator creates an event with SIMPLE for thermostats, and with ELECTRICITY_PRICE for
       electric vehicles and water heaters.
    2. The VTN sends both signals, each with its device classes.
    """
    async with staged(t) as stage:
        simple = stage.signal(1, assets=("Thermostat",))
        price = stage.price(0.25, assets=("Electric_Vehicle", "Water_Heater"))
        await stage.create(stage.event(10, simple, price))
