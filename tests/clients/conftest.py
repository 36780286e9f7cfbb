"""Fixtures for running the built connector under PyAirbyte: the local HubSpot, and the connector with its output kept.

Not here: what is tested, which is in test_pyairbyte.py, test_smoke.py and test_csv.py. test_metadata.py runs without these fixtures.
"""

import os

import pytest

# PyAirbyte reads these when it is imported, which the test files do after this one.
os.environ["AIRBYTE_OFFLINE_MODE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["NO_LIVE_PROGRESS"] = "1"

pytest.register_assert_rewrite("support")

from support import Connector, Sandbox


@pytest.fixture
def sandbox():
    """A HubSpot account without contacts, which ends with the test."""
    with Sandbox(os.environ["HUBSPOT_SANDBOX"]) as sandbox:
        yield sandbox


@pytest.fixture
def connector(sandbox, tmp_path):
    """The connector, pointed at the sandbox. After the test, every line that it wrote is judged."""
    connector = Connector(os.environ["DESTINATION_HUBSPOT"], sandbox.url, tmp_path / "connector")
    yield connector
    connector.judge_output()
