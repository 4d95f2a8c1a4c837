"""Write the dial plan of an Asterisk server that hands every number of another stack over to Vapi.

The numbers belong to the stack of the program at the project's root; this one only reads its ``sip_uris``, so whoever
runs the telephone system needs no Vapi key.
"""

import pulumi


def dial_plan(sip_uris: dict[str, str]) -> str:
    """Write one Asterisk extension for each number.

    Args:
        sip_uris: SIP address at Vapi by phone number.
    """
    lines = [f"exten => {number},1,Dial(PJSIP/vapi/sip:{uri})" for number, uri in sorted(sip_uris.items())]
    return "\n".join(["[to-vapi]", *lines])


numbers = pulumi.StackReference(pulumi.Config().require("numbersStack"))
pulumi.export("dial_plan", numbers.require_output("sip_uris").apply(dial_plan))
