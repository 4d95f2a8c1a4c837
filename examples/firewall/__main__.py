"""Export what a firewall must let through for calls from and to Vapi, in the region of the stack.

Hand the rules to your firewall's provider, or read them in another stack. README.md says where they are from, and how sure
that is.
"""

from dataclasses import asdict, dataclass

import pulumi


@dataclass(frozen=True)
class Region:
    """Where Vapi's SIP servers are.

    Attributes:
        sip_host: For SIP URIs and peers. Its DNS records need not list every address, so it is not for a firewall.
        signalling: Networks that SIP comes from and goes to.
        media: Networks that the voice (RTP) comes from and goes to.
    """

    sip_host: str
    signalling: tuple[str, ...]
    media: tuple[str, ...]


REGIONS = {
    "us": Region(
        "sip.vapi.ai",
        signalling=("44.229.228.186/32", "44.238.177.138/32"),
        media=("0.0.0.0/0",),  # no fixed addresses: they may change from call to call
    ),
    "eu": Region("sip.eu.vapi.ai", signalling=("63.182.83.170/32",), media=("63.182.83.170/32",)),
}


@dataclass(frozen=True)
class Rule:
    """Traffic to let through, in both directions.

    Attributes:
        purpose: What it is.
        protocol: Of the transport layer.
        from_port: The first port.
        to_port: The last port.
        networks: Of Vapi's side.
    """

    purpose: str
    protocol: str
    from_port: int
    to_port: int
    networks: tuple[str, ...]


def rules(region: Region) -> list[Rule]:
    """Return the rules for a region."""
    return [
        Rule("SIP", "udp", 5060, 5060, region.signalling),
        Rule("SIP", "tcp", 5060, 5060, region.signalling),
        Rule("SIP over TLS", "tcp", 5061, 5061, region.signalling),
        Rule("RTP", "udp", 40_000, 60_000, region.media),
    ]


region = REGIONS[pulumi.Config("vapi-byo").get("region") or "us"]

pulumi.export("sip_host", region.sip_host)
pulumi.export("signalling", list(region.signalling))
pulumi.export("rules", [asdict(rule) for rule in rules(region)])
