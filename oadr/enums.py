"""The value sets of the schema.

Sets that the schema closes are the types of the message fields that hold them. Sets
that it leaves open to ``x-`` values (names ending in ``Name``, ``Reason``, ``Quality``,
``ReportType``, ``ReadingType``) only name the standard values; the fields are ``str``.
"""

from enum import StrEnum


class ServiceName(StrEnum):
    """A service; also the last part of its address (R511)."""

    EI_EVENT = "EiEvent"
    EI_OPT = "EiOpt"
    EI_REPORT = "EiReport"
    EI_REGISTER_PARTY = "EiRegisterParty"
    OADR_POLL = "OadrPoll"


class ProfileName(StrEnum):
    """A profile of OpenADR 2.0."""

    A = "2.0a"
    B = "2.0b"


class TransportName(StrEnum):
    """How messages travel."""

    SIMPLE_HTTP = "simpleHttp"
    XMPP = "xmpp"


class EventStatus(StrEnum):
    """Where an event stands (R13)."""

    NONE = "none"
    FAR = "far"
    NEAR = "near"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ResponseRequired(StrEnum):
    """Whether a VEN must answer an event (R12, R62)."""

    ALWAYS = "always"
    NEVER = "never"


class OptType(StrEnum):
    """Whether a VEN takes part."""

    OPT_IN = "optIn"
    OPT_OUT = "optOut"


class OptReason(StrEnum):
    """Why a VEN opts; ``x-`` values are allowed."""

    ECONOMIC = "economic"
    EMERGENCY = "emergency"
    MUST_RUN = "mustRun"
    NOT_PARTICIPATING = "notParticipating"
    OUTAGE_RUN_STATUS = "outageRunStatus"
    OVERRIDE_STATUS = "overrideStatus"
    PARTICIPATING = "participating"
    SCHEDULE = "x-schedule"


class SignalName(StrEnum):
    """The standard signals; ``x-`` values are allowed (R104)."""

    SIMPLE = "SIMPLE"
    SIMPLE_LOWER = "simple"
    ELECTRICITY_PRICE = "ELECTRICITY_PRICE"
    ENERGY_PRICE = "ENERGY_PRICE"
    DEMAND_CHARGE = "DEMAND_CHARGE"
    BID_PRICE = "BID_PRICE"
    BID_LOAD = "BID_LOAD"
    BID_ENERGY = "BID_ENERGY"
    CHARGE_STATE = "CHARGE_STATE"
    LOAD_DISPATCH = "LOAD_DISPATCH"
    LOAD_CONTROL = "LOAD_CONTROL"


class SignalType(StrEnum):
    """What the payload of a signal means."""

    DELTA = "delta"
    LEVEL = "level"
    MULTIPLIER = "multiplier"
    PRICE = "price"
    PRICE_MULTIPLIER = "priceMultiplier"
    PRICE_RELATIVE = "priceRelative"
    SETPOINT = "setpoint"
    LOAD_CONTROL_CAPACITY = "x-loadControlCapacity"
    LOAD_CONTROL_LEVEL_OFFSET = "x-loadControlLevelOffset"
    LOAD_CONTROL_PERCENT_OFFSET = "x-loadControlPercentOffset"
    LOAD_CONTROL_SETPOINT = "x-loadControlSetpoint"


class ReportName(StrEnum):
    """The well-known reports (R331); in metadata with ``METADATA_`` before the name."""

    TELEMETRY_USAGE = "TELEMETRY_USAGE"
    TELEMETRY_STATUS = "TELEMETRY_STATUS"
    HISTORY_USAGE = "HISTORY_USAGE"
    HISTORY_GREENBUTTON = "HISTORY_GREENBUTTON"


class ReportType(StrEnum):
    """What a data point reports; ``x-`` values are allowed."""

    READING = "reading"
    USAGE = "usage"
    DEMAND = "demand"
    SET_POINT = "setPoint"
    DELTA_USAGE = "deltaUsage"
    DELTA_SET_POINT = "deltaSetPoint"
    DELTA_DEMAND = "deltaDemand"
    BASELINE = "baseline"
    DEVIATION = "deviation"
    AVG_USAGE = "avgUsage"
    AVG_DEMAND = "avgDemand"
    OPERATING_STATE = "operatingState"
    UP_REGULATION_CAPACITY_AVAILABLE = "upRegulationCapacityAvailable"
    DOWN_REGULATION_CAPACITY_AVAILABLE = "downRegulationCapacityAvailable"
    REGULATION_SETPOINT = "regulationSetpoint"
    STORED_ENERGY = "storedEnergy"
    TARGET_ENERGY_STORAGE = "targetEnergyStorage"
    AVAILABLE_ENERGY_STORAGE = "availableEnergyStorage"
    PRICE = "price"
    LEVEL = "level"
    POWER_FACTOR = "powerFactor"
    PERCENT_USAGE = "percentUsage"
    PERCENT_DEMAND = "percentDemand"
    RESOURCE_STATUS = "x-resourceStatus"


class ReadingType(StrEnum):
    """How a data point was obtained; ``x-`` values are allowed."""

    DIRECT_READ = "Direct Read"
    NET = "Net"
    ALLOCATED = "Allocated"
    ESTIMATED = "Estimated"
    SUMMED = "Summed"
    DERIVED = "Derived"
    MEAN = "Mean"
    PEAK = "Peak"
    HYBRID = "Hybrid"
    CONTRACT = "Contract"
    PROJECTED = "Projected"
    RMS = "x-RMS"
    NOT_APPLICABLE = "x-notApplicable"


class DataQuality(StrEnum):
    """How far a reading can be trusted; ``x-`` values are allowed."""

    NO_VALUE = "No Quality - No Value"
    PREVIOUS_VALUE = "No New Value - Previous Value Used"
    BAD = "Quality Bad - Non Specific"
    BAD_CONFIGURATION = "Quality Bad - Configuration Error"
    BAD_NOT_CONNECTED = "Quality Bad - Not Connected"
    BAD_DEVICE = "Quality Bad - Device Failure"
    BAD_SENSOR = "Quality Bad - Sensor Failure"
    BAD_LAST_KNOWN = "Quality Bad - Last Known Value"
    BAD_COMMUNICATION = "Quality Bad - Comm Failure"
    BAD_OUT_OF_SERVICE = "Quality Bad - Out of Service"
    UNCERTAIN = "Quality Uncertain - Non Specific"
    UNCERTAIN_LAST_USABLE = "Quality Uncertain - Last Usable Value"
    UNCERTAIN_SENSOR = "Quality Uncertain - Sensor Not Accurate"
    UNCERTAIN_UNITS = "Quality Uncertain - EU Units Exceeded"
    UNCERTAIN_SUB_NORMAL = "Quality Uncertain - Sub Normal"
    GOOD = "Quality Good - Non Specific"
    GOOD_OVERRIDE = "Quality Good - Local Override"
    LIMIT_NOT = "Quality Limit - Field/Not"
    LIMIT_LOW = "Quality Limit - Field/Low"
    LIMIT_HIGH = "Quality Limit - Field/High"
    LIMIT_CONSTANT = "Quality Limit - Field/Constant"


class Scale(StrEnum):
    """Power of ten in front of a unit."""

    PICO = "p"
    NANO = "n"
    MICRO = "micro"
    MILLI = "m"
    CENTI = "c"
    DECI = "d"
    KILO = "k"
    MEGA = "M"
    GIGA = "G"
    TERA = "T"
    NONE = "none"
