"""Every hook by the names and in the forms that OpenLEADR has ever had for it.

``HANDLERS`` is the table: name, the typed hook behind it, and the forms that a function
may have. A function whose last parameter is ``ctx`` is a typed handler and passes as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runtime.hooks import HandlerError, Registry, describe
from vtn.compat import event_forms, lookups, party_forms, report_forms
from vtn.compat.calling import Function, is_typed
from vtn.compat.setting import Setting

#: Makes a typed handler of a function; None if the function does not have this form.
Adapt = Callable[[Function, Setting], Function | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to write a handler.

    Attributes:
        parameters: as messages show them.
        adapt: makes a typed handler of it.
    """

    parameters: str
    adapt: Adapt


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """A hook as OpenLEADR knows it.

    Attributes:
        hook: the typed hook behind it.
        forms: the first that fits is taken.
    """

    hook: str
    forms: tuple[Form, ...]


def _legacy(hook: str, *forms: tuple[str, Adapt]) -> Legacy:
    made = tuple(Form(parameters=shown, adapt=adapt) for shown, adapt in forms)
    return Legacy(hook=hook, forms=made)


_REGISTRATION = _legacy(
    "on_create_party_registration", ("registration_info", party_forms.registration)
)
_REPORTS_FOR_VENS = _legacy("on_request_report", ("payload", report_forms.requested))

HANDLERS = {
    "on_query_registration": _legacy("on_query_registration", ("payload", party_forms.query)),
    "on_create_party_registration": _REGISTRATION,
    "on_register_party": _REGISTRATION,
    "on_cancel_party_registration": _legacy(
        "on_cancel_party_registration",
        ("ven_id", party_forms.of_named_ven),
        ("payload", party_forms.cancelled),
    ),
    "on_created_event": _legacy(
        "on_created_event",
        ("ven_id, event_id, opt_type", event_forms.answered),
        ("payload", event_forms.answered_whole),
    ),
    "on_request_event": _legacy("on_request_event", ("ven_id", event_forms.requested)),
    "on_poll": _legacy("on_poll", ("ven_id", event_forms.polled)),
    "on_register_report": _legacy(
        "on_register_report",
        (", ".join(report_forms.COMPACT), report_forms.compact),
        ("report", report_forms.full),
        ("ven_id, reports", report_forms.early),
    ),
    "on_created_report": _legacy(
        "on_created_report",
        ("ven_id", party_forms.of_named_ven),
        ("payload", report_forms.created),
        ("ven_id, pending_reports", report_forms.created_early),
    ),
    "on_update_report": _legacy(
        "on_update_report",
        ("report", report_forms.updated),
        ("ven_id, report", report_forms.updated_early),
    ),
    "on_request_report": _REPORTS_FOR_VENS,
    "on_create_report": _REPORTS_FOR_VENS,
    "on_ven_online": _legacy("on_ven_online", ("ven_id", party_forms.of_ven)),
    "on_ven_offline": _legacy("on_ven_offline", ("ven_id", party_forms.of_ven)),
    "ven_lookup": _legacy("ven_lookup", ("ven_id", lookups.ven)),
}


def add(registry: Registry, name: str, function: Any, setting: Setting) -> None:
    """Adds a function of an application, in place of the one it had added by that name.

    Args:
        registry: the hooks of one server.
        name: as OpenLEADR or this project calls the hook.
        function: a typed handler, or one of OpenLEADR's forms.
        setting: what adapters need of that server.

    Raises:
        NameError: there is no such handler.
        HandlerError: the function fits no form.
    """
    legacy = HANDLERS.get(name)
    hook = legacy.hook if legacy is not None else name
    if hook not in registry.hooks:
        known = "', '".join(sorted({*registry.hooks, *HANDLERS}))
        raise NameError(f"Unknown handler '{name}'. Correct handler names are: '{known}'.")
    typed = function
    if not is_typed(function) and legacy is not None:
        typed = _adapted(registry, name, legacy, function, setting)
    registry.add_function(hook, typed, replace=True)


def _adapted(
    registry: Registry, name: str, legacy: Legacy, function: Any, setting: Setting
) -> Function:
    if callable(function) and not isinstance(function, type):
        for form in legacy.forms:
            typed = form.adapt(function, setting)
            if typed is not None:
                return typed
    shapes = [f"{name}({form.parameters})" for form in legacy.forms]
    shapes.append(registry.hooks[legacy.hook].signature)
    raise HandlerError(f"{describe(function)} does not fit {name}; expected {' or '.join(shapes)}")
