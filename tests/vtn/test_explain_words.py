"""What ``vtn explain`` says can be read, and pasted."""

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from tests.vtn import explain_stories as stories
from tests.vtn.command import Desk
from tests.vtn.kit_explain import EVENT, a_school, explained, row
from tests.vtn.test_cli_pending import PRINT, asked, knock


async def test_the_words_of_the_schema_lose_namespaces_and_keep_the_values_it_allows() -> None:
    async with a_school() as (world, peer):
        await stories.made(world)
        shot = await peer.poll()
        answer = m.EventResponse(
            request_id=shot.request_id,
            event_id=EVENT,
            modification_number=0,
            opt_type=OptType.OPT_IN,
        )
        message = m.CreatedEvent(response=m.EiResponse(), responses=(answer,), ven_id=peer.ven_id)
        await peer.raw("EiEvent", codec.encode(message).replace(b">optIn<", b">none<"))
        words = row(await explained(world), "answer").words
        assert "'optType'" in words
        assert "energyinterop" not in words
        assert "not an element of the set {'optIn', 'optOut'}" in words


def test_one_that_is_to_be_approved_has_its_name_in_the_command(vtn: Desk) -> None:
    # One certificate that asks under two names is not approved without the name.
    knock(asked("-mill"), asked("bakery"))
    words = vtn.error("explain --ven -mill")
    assert words.rstrip().endswith(f"then: vtn ven approve {PRINT} --name=-mill")
    vtn(words[words.index("ven approve") :] + " --yes")
    assert "-mill" in vtn("ven list").stdout


def test_none_of_several_that_ask_under_one_name_is_suggested(vtn: Desk) -> None:
    knock(asked(), asked(fingerprint=":".join(["33"] * 10)))
    assert vtn.error("explain --ven bakery").rstrip().endswith("see: vtn ven pending")
