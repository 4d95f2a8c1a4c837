"""Serves the plugin to Pulumi's Python host, which has installed requirements.txt beside this file."""

from pulumi_vapi_byo.plugin import main

main()
