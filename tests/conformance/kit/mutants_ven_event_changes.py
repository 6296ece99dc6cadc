"""VENs with faults in events that change, begin, end, or have to be refused."""

from tests.conformance.kit.bent import instead, later
from tests.conformance.kit.event_bends import (
    CREATED,
    FORGETS_FIRST,
    REFUSES,
    event_mutant,
    has_none,
    keeps_all,
    loses_all,
    recoded,
    refuses,
    teller,
    turned,
)

_CHANGES = [
    event_mutant("K1_0057A", "R57.takes_higher", refuses(3)),
    event_mutant("K1_0058A", "R58.refuses_lower", recoded(450, 459)),
    event_mutant("K1_0058A", "R58.keeps_known", refuses(2)),
    teller("K1_0059A", "R59.cancelled_is_gone", keeps_all),
    event_mutant("K1_0059A", "R60.answers_again", refuses(1)),
    event_mutant("K1_0059A", "R36.confirms_again", later(turned(1), CREATED, 2)),
    event_mutant("K1_0059A", "R19.opt_unchanged", later(turned(0), CREATED, 2)),
    event_mutant("K1_0060A", "R60.answers_unknown", refuses(1)),
    teller("K1_0060A", "R60.unknown_is_ignored", keeps_all),
    event_mutant("K1_0060A", "R19.others_despite_cancelled", refuses(0)),
    teller("K1_0061A", "R61.missing_is_gone", keeps_all),
    teller("K1_0061A", "R61.listed_stays", loses_all()),
    teller("K1_0061B", "R61.empty_drops_all", keeps_all),
]
_REFUSALS = [
    event_mutant("K1_0019A", "R19.good_beside_bad", REFUSES),
    event_mutant("K1_0019A", "R19.bad_beside_good", recoded(460, 200)),
    event_mutant("K1_0048A", "R48.refuses_signal", recoded(460, 459)),
    event_mutant("K1_0109A", "R109.refuses_kind", recoded(460, 200)),
    event_mutant("K1_0048B", "R48.refuses_market", recoded(462, 459)),
    event_mutant("K1_0048B", "R48.takes_market", REFUSES, "R512.same_market"),
    event_mutant("K1_0048B", "R512.same_market", REFUSES, "R48.takes_market"),
    event_mutant("K1_0048C", "R48.refuses_target", recoded(462, 459)),
    event_mutant("K1_0022A", "R22.no_target", REFUSES, "R22.one_criterion"),
    event_mutant("K1_0022A", "R22.one_criterion", later(REFUSES, CREATED)),
    event_mutant("K1_0111A", "R111.device_class", instead(CREATED, None)),
    event_mutant("K1_0112A", "R112.unknown_resource", recoded(462, 200)),
    event_mutant("K1_0033A", "R33.refuses_illogical", recoded(459, 200)),
    event_mutant("K1_0070A", "R19.double_event_id", REFUSES),
]
_TIMES = [
    event_mutant("K1_0062A", "R62.answers_passed", FORGETS_FIRST),
    event_mutant("K1_0056A", "R56.takes_begun", REFUSES),
    event_mutant("K1_0066A", "R66.completed_in_window", later(REFUSES, CREATED)),
    event_mutant("K1_0047A", "R47.takes_open_end", REFUSES),
    teller("K1_0047A", "R47.stays_open", has_none),
    teller("K1_0047A", "R47.ends_when_cancelled", keeps_all),
    event_mutant("K1_0006A", "R6.takes_tests", REFUSES),
    event_mutant("K1_0001A", "R1.takes_fractions", REFUSES),
]
MUTANTS = [*_CHANGES, *_REFUSALS, *_TIMES]
