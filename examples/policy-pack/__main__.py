"""The policy pack: ``pulumi preview --policy-pack PATH_TO_THIS_FOLDER``."""

from policies import POLICIES
from pulumi_policy import EnforcementLevel, PolicyPack

PolicyPack("vapi-numbers", policies=POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
