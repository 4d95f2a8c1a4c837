"""What every phone number of ours has: protection, a name, and somewhere for calls to go."""

from pulumi_policy import Policy, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy

# The name that numbers have in every state: the pack needs nothing of the package itself.
NUMBER = "pulumi-python:dynamic/vapi:ByoPhoneNumber"

ANSWERERS = ("assistantId", "squadId", "server", "serverUrl", "fallbackDestination", "hooks")


def must_be_protected(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
    """A number that is deleted by mistake has another id when it comes back, and calls fail until then."""
    if args.resource_type == NUMBER and not (args.opts.protect or args.props.get("deletionProtection")):
        report_violation("a number must be protected: deletion_protection=True, or opts=ResourceOptions(protect=True)", None)


def must_have_a_name(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
    """In the dashboard, a number without a name is digits that nobody knows."""
    if args.resource_type == NUMBER and not args.props.get("name"):
        report_violation("a number must have a name: name='What it is for'", None)


def must_have_somewhere_for_calls_to_go(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
    """Vapi takes a number that nothing answers, and its callers hear nothing."""
    if args.resource_type == NUMBER and not any(args.props.get(answerer) for answerer in ANSWERERS):
        report_violation("calls must have somewhere to go: assistant_id, squad_id, server, fallback_destination or hooks", None)


POLICIES: list[Policy] = [
    ResourceValidationPolicy("number-protected", "Every number is protected against deletion.", must_be_protected),
    ResourceValidationPolicy("number-named", "Every number has a name.", must_have_a_name),
    ResourceValidationPolicy(
        "number-answered", "Calls to every number have somewhere to go.", must_have_somewhere_for_calls_to_go
    ),
]
