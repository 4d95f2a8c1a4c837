"""The calls alone: a plain loop with `requests`, in as many threads as Pulumi's host has. Run as a separate program."""

from __future__ import annotations

import argparse
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

THREADS = 4


def main() -> None:
    """Carry out an operation for all numbers in a file; what it creates is recorded in another file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("operation", choices=["create", "refresh", "rename", "destroy"])
    parser.add_argument("numbers", type=Path)
    parser.add_argument("ids", type=Path)
    options = parser.parse_args()
    numbers = json.loads(options.numbers.read_text())
    ids = json.loads(options.ids.read_text()) if options.ids.exists() else {}
    url = os.environ["VAPI_BASE_URL"] + "/phone-number"
    kept = threading.local()  # a session for each thread, as sessions are not thread-safe

    def call(method: str, path: str, body: object = None) -> dict[str, str]:
        if not hasattr(kept, "session"):
            kept.session = requests.Session()
            kept.session.headers["Authorization"] = f"Bearer {os.environ['VAPI_API_KEY']}"
        answer = kept.session.request(method, url + path, json=body, timeout=60)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found

    def act(key: str) -> None:
        wanted = numbers[key]
        if options.operation == "create":
            wire = {"credentialId": wanted["credential_id"], "assistantId": wanted["assistant_id"]}
            wire |= {"provider": "byo-phone-number", "number": wanted["number"], "name": wanted["name"]}
            ids[key] = call("POST", "", wire)["id"]
        elif options.operation == "refresh":
            call("GET", f"/{ids[key]}")
        elif options.operation == "rename":
            # Read first, as the provider does so as not to overwrite other people's changes.
            call("GET", f"/{ids[key]}")
            call("PATCH", f"/{ids[key]}", {"name": wanted["name"]})
        else:
            call("DELETE", f"/{ids[key]}")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, numbers))
    options.ids.write_text(json.dumps(ids))


if __name__ == "__main__":
    main()
