"""PyAirbyte's smoke test for destinations: scenarios of contacts, and what becomes of the ones that it brings along.

Not here: `check` and `write` through PyAirbyte's own calls (test_pyairbyte.py). That every line of the connector's output is
Airbyte's protocol, the fixture `connector` asserts after each test.
"""

import json
import subprocess

import pytest
import yaml
from airbyte import get_destination
from airbyte._util.destination_smoke_tests import run_destination_smoke_test
from airbyte.cli.smoke_test_source._scenarios import PREDEFINED_SCENARIOS

from support import FULL_TOKEN

NAMESPACE = "zz_deleteme_clients"
# No scenario bears this name, so that only the custom ones run.
NO_PREDEFINED = "custom_only"


def scenario(name, properties, records, primary_key=("email",)):
    schema = {"type": "object", "properties": {"email": {"type": ["null", "string"]}} | properties}
    return {
        "name": name,
        "json_schema": schema,
        "primary_key": [[part] for part in primary_key],
        "records": records,
    }


def text(*names):
    return {name: {"type": ["null", "string"]} for name in names}


# The tool sends the streams in an order of its own, so no address is in two of them.
SCENARIOS = [
    scenario(
        "types",
        {
            "favourite_number": {"type": "number"},
            "newsletter_opt_in": {"type": "boolean"},
            "membership_tier": {"type": "string"},
            "interests": {"type": "array", "items": {"type": "string"}},
            "contract_end": {"type": "string", "format": "date"},
            "last_login": {"type": "string", "format": "date-time"},
            "notes_long": {"type": "object"},
            "phone": {"type": "integer"},
        },
        [
            {
                "email": "types@example.com",
                "favourite_number": -99.5,
                "newsletter_opt_in": False,
                "membership_tier": "Gold member",
                "interests": ["Books", "travel"],
                "contract_end": "2024-02-29",
                "last_login": "2024-01-15T10:30:00+02:00",
                "notes_long": {"a": [1, None]},
                "phone": 442079460000,
            }
        ],
    ),
    scenario(
        "nulls",
        text("firstname", "city", "company"),
        [
            {"email": "nulls@example.com", "firstname": "Nelly", "city": None},
            {"email": "empty@example.com", "firstname": "Emma", "city": ""},
        ],
    ),
    scenario(
        "unicode",
        text("firstname", "lastname", "jobtitle"),
        [
            {
                "email": "unicode@example.com",
                "firstname": "Zoë",
                "lastname": "王小明",
                "jobtitle": '👩‍🚀 "q" \\ \n\t<b>',
            },
            {"email": "rtl@example.com", "firstname": "مرحبا", "lastname": "e\u0301", "jobtitle": "\u200bx"},
        ],
    ),
    scenario(
        "same_address",
        text("firstname", "lastname"),
        [
            {"email": "Same@Example.com", "firstname": "First", "lastname": "Kept"},
            {"email": " same@example.COM ", "firstname": "Second"},
            {"email": "same@example.com", "firstname": "Third", "lastname": None},
        ],
    ),
    scenario(
        "without_address",
        text("firstname"),
        [
            {"firstname": "Missing"},
            {"email": None, "firstname": "Null"},
            {"email": "", "firstname": "Empty"},
            {"email": "no address", "firstname": "Wrong"},
            {"email": "one@example.com", "firstname": "Good"},
        ],
    ),
    scenario(
        "wide",
        {f"column_{number}": {"type": "string"} for number in range(200)} | text("company"),
        [
            {"email": f"wide{row}@example.com", "company": f"Company {row}"}
            | {f"column_{number}": f"value {number}" for number in range(200)}
            for row in range(150)
        ],
    ),
    scenario(
        "primary_key_of_its_own", {"id": {"type": "integer"}}, [{"id": 1, "email": "id@example.com"}], ["id"]
    ),
    scenario("empty", text("firstname"), []),
]


def destination(connector, **settings):
    config = {"access_token": FULL_TOKEN} | settings
    return get_destination("destination-hubspot", config=config, local_executable=str(connector.path))


def rejected(run):
    """What the summary in the log says was rejected."""
    return [
        log["message"] for log in run.messages("LOG") if log["level"] == "WARN" and "reject" in log["message"]
    ]


def test_custom_scenarios_through_the_command_line(connector, sandbox, tmp_path):
    scenarios = tmp_path / "scenarios.yaml"
    scenarios.write_text(yaml.safe_dump(SCENARIOS, allow_unicode=True))
    config = tmp_path / "config.json"
    # An object goes into a text only by a mapping.
    mappings = [{"field": "notes_long", "property": "notes_long"}]
    config.write_text(json.dumps({"access_token": FULL_TOKEN, "field_mappings": mappings}))

    outcome = subprocess.run(
        [
            "pyairbyte",
            "destination-smoke-test",
            f"--destination={connector.path}",
            f"--config={config}",
            f"--custom-scenarios={scenarios}",
            f"--scenarios={NO_PREDEFINED}",
            f"--reuse-namespace={NAMESPACE}",
            "--skip-preflight",
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 0, outcome.stderr
    result = json.loads(outcome.stdout[outcome.stdout.index("{") :])
    records = sum(len(scenario["records"]) for scenario in SCENARIOS)
    assert (result["success"], result["error"]) == (True, None)
    assert (result["namespace"], result["records_delivered"]) == (NAMESPACE, records)
    (run,) = connector.runs()
    assert {record["namespace"] for record in run.given("RECORD")} == {NAMESPACE}
    assert len(run.given("RECORD")) == records

    contacts = sandbox.contacts()
    wide = {f"wide{row}@example.com" for row in range(150)}
    assert set(contacts) == wide | {
        "types@example.com",
        "nulls@example.com",
        "empty@example.com",
        "unicode@example.com",
        "rtl@example.com",
        "same@example.com",
        "one@example.com",
        "id@example.com",
    }
    assert_holds(
        contacts["types@example.com"],
        favourite_number="-99.5",
        newsletter_opt_in="false",
        membership_tier="tier_3",
        interests="books;travel",
        contract_end="2024-02-29",
        last_login="2024-01-15T08:30:00Z",
        notes_long='{"a":[1,null]}',
        phone="442079460000",
    )
    assert_holds(contacts["nulls@example.com"], firstname="Nelly", city=None, company=None)
    assert_holds(contacts["empty@example.com"], firstname="Emma", city=None)
    assert_holds(
        contacts["unicode@example.com"], firstname="Zoë", lastname="王小明", jobtitle='👩‍🚀 "q" \\ \n\t<b>'
    )
    assert_holds(contacts["rtl@example.com"], firstname="مرحبا", lastname="e\u0301", jobtitle="x")
    assert_holds(contacts["same@example.com"], firstname="Third", lastname="Kept")
    assert_holds(contacts["one@example.com"], firstname="Good")
    for row in range(150):
        assert_holds(contacts[f"wide{row}@example.com"], company=f"Company {row}", column_7=None)
    # One of the contacts holds nothing but its address and is created by itself.
    assert sum(sandbox.upserts()) <= len(contacts)
    assert rejected(run)


def assert_holds(contact, **properties):
    """An absent property and an emptied one are the same."""
    assert {name: contact.get(name) or None for name in properties} == properties


def test_preflight_without_an_address_fails_before_anything_is_sent(connector, sandbox):
    result = run_destination_smoke_test(destination=destination(connector))

    assert (result.success, result.preflight_passed, result.records_delivered) == (False, False, 0)
    assert "field_mappings" in result.error
    assert connector.last_write().exit_code == 1
    assert sandbox.upserts() == []


# For one without a primary key, PyAirbyte asks for a mode that contacts cannot have.
WITHOUT_KEY = [scenario["name"] for scenario in PREDEFINED_SCENARIOS if not scenario["primary_key"]]


@pytest.mark.parametrize(("scenarios", "reason"), [("all", "e-mail address"), (WITHOUT_KEY, "append_dedup")])
def test_predefined_scenarios_have_no_address_and_fail_loudly(connector, sandbox, scenarios, reason):
    result = run_destination_smoke_test(
        destination=destination(connector), scenarios=scenarios, skip_preflight=True
    )

    assert (result.success, result.records_delivered) == (False, 0)
    assert reason in result.error
    (error,) = [trace["error"] for trace in connector.last_write().messages("TRACE")]
    assert error["failure_type"] == "config_error"
    assert sandbox.contacts() == {}


def test_few_records_that_are_all_rejected_do_not_fail_the_sync(connector, sandbox):
    mappings = [{"field": "name", "property": "email"}]

    result = run_destination_smoke_test(
        destination=destination(connector, field_mappings=mappings), scenarios="basic_types"
    )

    # The names of the preflight and of the scenario are no addresses.
    assert (result.success, result.preflight_passed, result.records_delivered) == (True, True, 3)
    assert [run.exit_code for run in connector.runs("write")] == [0, 0]
    assert all(rejected(run) for run in connector.runs("write"))
    assert sandbox.contacts() == {}


def test_a_thousand_records_that_are_all_rejected_fail_the_sync(connector, sandbox):
    mappings = [{"field": "name", "property": "email"}]

    result = run_destination_smoke_test(
        destination=destination(connector, field_mappings=mappings),
        scenarios="large_batch_stream",
        skip_preflight=True,
    )

    assert result.success is False
    (error,) = [trace["error"] for trace in connector.last_write().messages("TRACE")]
    assert error["failure_type"] == "config_error"
    assert "large_batch_stream" in json.dumps(error)
    assert sandbox.contacts() == {}


def test_no_predefined_scenario_has_an_address():
    """What the tests above rest on; once one has, they want another look."""
    names = {
        name.lower() for scenario in PREDEFINED_SCENARIOS for name in scenario["json_schema"]["properties"]
    }
    assert not [name for name in names if "mail" in name]
