"""Errors that handlers of OpenLEADR's raise to refuse."""

from typing import Any

import pytest
from openleadr import errors as openleadr_errors

from oadr.dicts import protocol_error_of
from oadr.errors import ProtocolError

#: openleadr has no types.
errors: Any = openleadr_errors


class Own(openleadr_errors.NotRegisteredOrAuthorizedError):
    """What an application makes of one of OpenLEADR's."""


@pytest.mark.parametrize("cls", list(errors.ProtocolError.__subclasses__()))
def test_each_error_of_openleadrs_has_its_code_here(cls: Any) -> None:
    error = cls("because")
    found = protocol_error_of(error)
    assert found is not None
    assert (found.code, found.description) == (error.response_code, "because")


def test_the_errors_of_an_application_count_if_they_are_openleadrs() -> None:
    own: Any = Own
    found = protocol_error_of(own())
    assert found is not None
    assert found.code == 463


@pytest.mark.parametrize("error", [ValueError("x"), errors.FingerprintMismatch("x")])
def test_any_other_error_refuses_nothing(error: Exception) -> None:
    assert protocol_error_of(error) is None


def test_a_code_that_is_none_of_a_refusal_refuses_nothing() -> None:
    error = errors.InvalidDataError()
    error.response_code = 200
    assert protocol_error_of(error) is None


@pytest.mark.parametrize("given", [None, ValueError("why")])
def test_whatever_a_handler_puts_into_an_error_has_a_text(given: object) -> None:
    assert str(ProtocolError(given)) == str(given)  # type: ignore[arg-type]
