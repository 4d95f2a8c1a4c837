"""``python -m pulumi_vapi_byo.plugin``."""

from . import main

main()
