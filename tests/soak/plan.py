"""What happens on a day, drawn from a seed: who lives in the town, and what befalls them."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from oadr.enums import OptType, ResponseRequired

VENS = 50
DAY = timedelta(hours=24)
#: How far the clock of a building may be wrong.
SKEW = 30.0
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building.

    Attributes:
        name: of its VEN.
        skew: by how much its clock is wrong.
        push: whether the VTN pushes; it polls otherwise.
    """

    name: str
    skew: timedelta
    push: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """The operator publishes an event.

    Attributes:
        event: its ID.
        starts_in: time from now until it starts.
        steps: duration and level of each interval.
        start_after: the window in which buildings start at random.
        response: whether an answer is wanted.
        to: the buildings that it is for.
    """

    event: str
    starts_in: timedelta
    steps: tuple[tuple[timedelta, Decimal], ...]
    start_after: timedelta
    response: ResponseRequired
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modify:
    """The operator changes the level of the last interval of an event."""

    event: str
    level: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """The operator cancels an event."""

    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMind:
    """A building changes its answer to one of the events that it holds."""

    who: str
    which: int
    opt: OptType


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A building says when it takes part, and when not."""

    who: str
    opt_id: str
    opt: OptType
    starts_in: timedelta
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSchedule:
    """A building takes back one of its schedules."""

    who: str
    which: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A building or, without a name, the VTN goes down for a while.

    Attributes:
        who: name of the building; empty for the VTN.
        kill: at once, in place of in an orderly way.
        down: for how long.
    """

    who: str
    kill: bool
    down: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reregister:
    """The operator asks a building to register again."""

    who: str


Happening = Publish | Modify | Cancel | ChangeMind | Schedule | EndSchedule | Restart | Reregister


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day.

    Attributes:
        seed: that it was drawn from.
        happenings: what happens and when, since the begin, in order.
    """

    seed: int
    buildings: tuple[Building, ...]
    happenings: tuple[tuple[timedelta, Happening], ...]


def draw(seed: int, *, vens: int = VENS, length: timedelta = DAY) -> Day:
    """Returns the day that belongs to a seed."""
    lot = _Lot(seed, vens, length)
    happenings = [
        *(entry for number in range(8) for entry in lot.event(f"event-{number}")),
        # These are still to come when both sides are compared.
        *(entry for number in range(2) for entry in lot.event(f"late-{number}", late=True)),
        *(lot.change_of_mind() for _ in range(40)),
        *(lot.schedule(number) for number in range(40)),
        *(lot.end_of_schedule() for _ in range(15)),
        *(lot.restart(lot.name()) for _ in range(30)),
        *(lot.restart("") for _ in range(3)),
        *(lot.reregistration() for _ in range(5)),
    ]
    happenings.sort(key=lambda entry: entry[0])
    return Day(seed=seed, buildings=lot.buildings, happenings=tuple(happenings))


class _Lot:
    """Draws."""

    def __init__(self, seed: int, vens: int, length: timedelta) -> None:
        self._random = Random(seed)
        self._length = length
        self.buildings = tuple(
            Building(
                name=f"ven-{number}",
                skew=timedelta(seconds=self._random.uniform(-SKEW, SKEW)),
                push=number % 2 == 1,
            )
            for number in range(vens)
        )

    def name(self) -> str:
        return self._random.choice(self.buildings).name

    def _moment(self) -> timedelta:
        return self._random.uniform(0.01, 1) * self._length

    def _minutes(self, least: int, most: int) -> timedelta:
        return self._random.randint(least, most) * MINUTE

    def event(self, event: str, *, late: bool = False) -> list[tuple[timedelta, Happening]]:
        """Returns an event, and what the operator does with it later."""
        random = self._random
        at = random.uniform(0.7, 1) * self._length if late else self._moment()
        everyone = [building.name for building in self.buildings]
        some = random.sample(everyone, random.randint(1, len(everyone)))
        publish = Publish(
            event=event,
            starts_in=self._minutes(900, 1200) if late else self._minutes(5, 300),
            steps=tuple(
                (self._minutes(5, 60), Decimal(random.randint(0, 3)))
                for _ in range(random.randint(1, 4))
            ),
            start_after=random.choice([0, 0, 5]) * MINUTE,
            response=random.choice([ResponseRequired.ALWAYS] * 4 + [ResponseRequired.NEVER]),
            to=tuple(random.choice([everyone, some])),
        )
        entries: list[tuple[timedelta, Happening]] = [(at, publish)]
        for _ in range(random.choice([0, 0, 1, 2])):
            at += self._minutes(1, 200)
            entries.append((at, Modify(event=event, level=Decimal(random.randint(0, 3)))))
        if random.random() < 0.3:
            at += self._minutes(1, 200)
            entries.append((at, Cancel(event=event)))
        return entries

    def change_of_mind(self) -> tuple[timedelta, Happening]:
        opt = self._random.choice(list(OptType))
        which = self._random.randrange(100)
        return self._moment(), ChangeMind(who=self.name(), which=which, opt=opt)

    def schedule(self, number: int) -> tuple[timedelta, Happening]:
        return self._moment(), Schedule(
            who=self.name(),
            opt_id=f"opt-{number}",
            opt=self._random.choice(list(OptType)),
            starts_in=self._minutes(0, 600),
            lasts=self._random.choice([0, 30, 60, 240]) * MINUTE,
        )

    def end_of_schedule(self) -> tuple[timedelta, Happening]:
        return self._moment(), EndSchedule(who=self.name(), which=self._random.randrange(100))

    def restart(self, who: str) -> tuple[timedelta, Happening]:
        kill = self._random.random() < 0.5
        return self._moment(), Restart(who=who, kill=kill, down=self._minutes(0, 60))

    def reregistration(self) -> tuple[timedelta, Happening]:
        return self._moment(), Reregister(who=self.name())
