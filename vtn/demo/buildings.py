"""The three buildings of the demo: real metered load, and what each is willing to shed."""

from dataclasses import dataclass

#: Name of the group that the events are sent to.
GROUP = "buildings"
#: Data points of each building: what it uses, and what it would use without events.
METER, BASELINE = "main-meter", "without-event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building with a VEN in it.

    Attributes:
        name: of its VEN.
        data: file of ``examples/data``.
        interval: of that file, as the configuration writes it.
        shed: part of its load that it sheds at SIMPLE level 1 and 2.
        policy: lines for its ``[policy]``.
        about: for people.
    """

    name: str
    data: str
    interval: str
    shed: tuple[str, str]
    policy: str
    about: str

    def configuration(self, data_file: str) -> str:
        """Returns what its ven.toml holds beside the connection: meters, load, policy."""
        return f'''
[[meters]]
type = "csv"
name = "{METER}"
file = "{data_file}"
every = "{self.interval}"
baseline = "{BASELINE}"
source_date = 2013-02-14
day = 2013-02-14

[[loads]]
type = "simulated"
name = "flexible"
meter = "{METER}"
shed = {{ "1" = "{self.shed[0]}", "2" = "{self.shed[1]}" }}

[policy]
{self.policy}
'''


BUILDINGS = (
    Building(
        name="home-1",
        data="uk-home-1.csv",
        interval="30m",
        shed=("0.15", "0.35"),
        policy='default = "optIn"',
        about="a home that puts off washing and heating",
    ),
    Building(
        name="home-2",
        data="uk-home-2.csv",
        interval="30m",
        shed=("0.30", "0.60"),
        policy='default = "optIn"\nmax_duration = "3h"',
        about="a home with night storage that takes part for 3 hours at most",
    ),
    Building(
        name="shop",
        data="shop.csv",
        interval="15m",
        shed=("0.10", "0.25"),
        policy='default = "optIn"',
        about="a shop that dims light and cooling",
    ),
)
