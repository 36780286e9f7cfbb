"""PyAirbyte's `check` and `write`, with and without its cache: what then is in HubSpot, and which states are kept.

Not here: the smoke test that PyAirbyte has for destinations (test_smoke.py). That every line of the connector's output is
Airbyte's protocol, and every state comes back as it came, the fixture `connector` asserts after each test.
"""

import json
import os
import subprocess
from math import ceil
from pathlib import Path

import airbyte
import pytest
from airbyte import exceptions
from airbyte.caches import DuckDBCache

from support import FULL_TOKEN

USERS = 250
STATE_EVERY = 100
UPSERTS = ceil(USERS / 100)
EXAMPLES = Path(__file__).parents[2] / "examples/data"
EXAMPLE_CONFIG = json.loads((EXAMPLES / "config.json").read_text())
# The fields that the example's mappings and equal names lead to a property whose value is the field's.
PROPERTIES = {
    "name": "firstname",
    "title": "salutation",
    "telephone": "phone",
    "occupation": "jobtitle",
    "academic_degree": "degree",
    "gender": "gender",
}
# The same for values inside of its `address`.
INSIDE_ADDRESS = {"city": "city", "postal_code": "zip"}
README = Path(__file__).parents[2] / "README.md"


def faker_config(count):
    """Settings of Airbyte's Sample Data source: the seed makes the same users every time, also after a state."""
    return {"count": count, "seed": 42, "records_per_slice": STATE_EVERY, "parallelism": 1}


def faker(count):
    return airbyte.get_source(
        "source-faker",
        config=faker_config(count),
        local_executable=os.environ["SOURCE_FAKER"],
        streams=["users"],
    )


def destination(connector, **settings):
    config = EXAMPLE_CONFIG | settings
    return airbyte.get_destination("destination-hubspot", config=config, local_executable=str(connector.path))


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    """What the source says, read without PyAirbyte and without the connector."""
    config = tmp_path_factory.mktemp("source") / "config.json"
    config.write_text(json.dumps(faker_config(USERS)))
    command = [os.environ["SOURCE_FAKER"], "read", "--config", config, "--catalog", EXAMPLES / "catalog.json"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    messages = [json.loads(line) for line in lines]
    users = [message["record"]["data"] for message in messages if message["type"] == "RECORD"]
    assert len({user["email"] for user in users}) == USERS
    return users


@pytest.fixture(scope="module")
def source():
    """The same users through PyAirbyte. One for all tests, as it asks the source for its catalog only once."""
    return faker(USERS)


@pytest.fixture(scope="module")
def small_source():
    return faker(5)


@pytest.fixture
def cache(tmp_path):
    return DuckDBCache(db_path=tmp_path / "cache.duckdb")


def assert_stored(users, contacts, stage="marketingqualifiedlead"):
    """Each user is one contact with these values, and there is no other contact."""
    assert sorted(contacts) == sorted(user["email"] for user in users)
    for user in users:
        contact = contacts[user["email"]]
        assert {field: contact.get(name) for field, name in PROPERTIES.items()} == {
            field: user[field] for field in PROPERTIES
        }
        assert {field: contact.get(name) for field, name in INSIDE_ADDRESS.items()} == {
            field: user["address"][field] for field in INSIDE_ADDRESS
        }
        assert contact["lifecyclestage"] == stage
        # An object goes into no text without a mapping, and nothing else of the user has a property.
        assert not {"address", "age", "nationality", "height", "_airbyte_raw_id"} & set(contact)


def kept_state(cache):
    """The state of the users that PyAirbyte holds for its next sync into HubSpot."""
    provider = cache.get_state_provider(source_name="source-faker", destination_name="destination-hubspot")
    return provider.get_stream_state("users").stream.stream_state.model_dump()


def test_check_accepts_a_good_token(connector, sandbox):
    destination(connector).check()

    assert [run.messages("CONNECTION_STATUS")[0]["status"] for run in connector.runs("check")] == [
        "SUCCEEDED"
    ]
    assert sandbox.contacts() == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"access_token": "pat-na1-sandbox-unknown-0000-000000000000"}, "access_token"),
        ({"access_token": "pat-na1-sandbox-read-only-0000-000000000004"}, "crm.objects.contacts.write"),
        ({"lifecycle_stage": "No Such Stage"}, "lifecycle_stage"),
    ],
)
def test_check_tells_what_is_wrong(connector, settings, reason):
    with pytest.raises(exceptions.AirbyteConnectorCheckFailedError) as failure:
        destination(connector, **settings).check()

    assert reason in failure.value.context["failure_reason"]
    assert [run.exit_code for run in connector.runs("check")] == [0]


def test_configuration_is_validated_by_the_specification(connector):
    destination(connector).validate_config()

    with pytest.raises(exceptions.AirbyteConnectorValidationFailedError):
        destination(connector, unknown_fields="perhaps").validate_config()
    assert {run.verb for run in connector.runs()} == {"spec"}


def test_write_without_cache_stores_every_user(connector, sandbox, source, users):
    result = destination(connector).write(source, cache=False, state_cache=False)

    assert result.processed_records == USERS
    assert_stored(users, sandbox.contacts())
    # Every state but the last comes after a full batch, so that none leaves early.
    assert sorted(sandbox.upserts(), reverse=True) == [100, 100, 50]
    assert len(connector.last_write().given("RECORD")) == USERS
    assert len(connector.last_write().messages("STATE")) >= 2


def test_write_with_cache_stores_every_user_and_keeps_the_state(connector, sandbox, source, users, cache):
    destination(connector).write(source, cache=cache)

    assert_stored(users, sandbox.contacts())
    assert len(sandbox.upserts()) == UPSERTS
    # Through the cache, records carry columns of Airbyte's own.
    assert "_airbyte_raw_id" in connector.last_write().given("RECORD")[0]["data"]
    assert kept_state(cache)["loop_offset"] == USERS


def test_writing_again_updates_contacts_and_adds_none(connector, sandbox, source, users, cache):
    known = users[7]
    sandbox.add_contact(known["email"], firstname="Before", lifecyclestage="customer", company="Kept")
    destination(connector).write(source, cache=cache)
    first = sandbox.contacts()
    assert first[known["email"]]["firstname"] == known["name"]
    assert first[known["email"]]["lifecyclestage"] == "customer", "a contact that exists keeps its stage"
    assert first[known["email"]]["company"] == "Kept"

    mappings = [*EXAMPLE_CONFIG["field_mappings"], {"field": "nationality", "property": "country"}]
    destination(connector, field_mappings=mappings).write(source, cache=cache, force_full_refresh=True)

    second = sandbox.contacts()
    assert len(second) == USERS
    for user in users:
        before, after = first[user["email"]], second[user["email"]]
        assert before["hs_object_id"] == after["hs_object_id"]
        assert before["lifecyclestage"] == after["lifecyclestage"]
        assert (before.get("country"), after["country"]) == (None, user["nationality"])
    assert len(sandbox.upserts()) == 2 * UPSERTS


def test_revoked_token_ends_the_sync_with_the_released_state_kept_and_the_next_one_completes(
    connector, sandbox, source, users, cache
):
    # The last batch is refused. Without a stage there are no look-ups that could let it overtake the others.
    last = {"path_contains": "batch/upsert", "emails": [users[-1]["email"]]}
    sandbox.change(faults=[{"what": {"status": {"status": 401}}, "when": last}])
    with pytest.raises(exceptions.AirbyteConnectorWriteError) as failure:
        destination(connector, lifecycle_stage="").write(source, cache=False, state_cache=cache)

    failed = connector.last_write()
    assert failed.exit_code == 1
    (error,) = [trace["error"] for trace in failed.messages("TRACE")]
    assert error["failure_type"] == "config_error"
    assert error["message"] in failure.value.log_file.read_text()
    (released,) = failed.messages("STATE")
    assert released["destinationStats"]["recordCount"] == 200
    assert len(sandbox.contacts()) == 200
    assert kept_state(cache) == released["stream"]["stream_state"]

    sandbox.change(faults=[])
    destination(connector, lifecycle_stage="").write(source, cache=False, state_cache=cache)

    assert kept_state(cache)["loop_offset"] == USERS
    assert_stored(users, sandbox.contacts(), stage="lead")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"access_token": "pat-na1-sandbox-expired-0000-000000000008"}, "access_token"),
        ({"lifecycle_stage": "No Such Stage"}, "lifecycle_stage"),
        (
            {
                "field_mappings": [
                    {"field": "name", "property": "email"},
                    {"field": "email", "property": "email"},
                ]
            },
            "email",
        ),
    ],
)
def test_sync_that_cannot_begin_fails_and_stores_nothing(connector, sandbox, small_source, settings, reason):
    with pytest.raises(exceptions.AirbyteConnectorWriteError) as failure:
        destination(connector, **settings).write(small_source, cache=False, state_cache=False)

    run = connector.last_write()
    assert run.exit_code == 1
    (error,) = [trace["error"] for trace in run.messages("TRACE")]
    assert error["failure_type"] == "config_error"
    assert reason in error["message"]
    assert error["message"] in failure.value.log_file.read_text()
    assert run.messages("STATE") == []
    assert sandbox.contacts() == {}


def test_token_stays_out_of_the_output(connector, small_source):
    destination(connector).check()
    destination(connector).write(small_source, cache=False, state_cache=False)

    for run in connector.runs():
        assert FULL_TOKEN not in "\n".join(run.output)


def test_lines_of_the_readme_write_the_users_as_they_stand(connector, sandbox, tmp_path, monkeypatch):
    _, block = README.read_text().split("<!-- tests/clients runs this. -->\n```python\n")
    lines, _ = block.split("\n```\n", maxsplit=1)
    (tmp_path / "config.json").write_text(json.dumps(EXAMPLE_CONFIG))
    (tmp_path / "target/release").mkdir(parents=True)
    (tmp_path / "target/release/destination-hubspot").symlink_to(connector.path)
    monkeypatch.chdir(tmp_path)
    # PyAirbyte would install the source; here it is installed already.
    get_source = airbyte.get_source
    monkeypatch.setattr(
        airbyte, "get_source", lambda *names, **rest: get_source(*names, local_executable=os.environ["SOURCE_FAKER"], **rest)
    )

    exec(compile(lines, str(README), "exec"), {})

    assert [run.verb for run in connector.runs() if run.verb != "spec"] == ["check", "write"]
    written = connector.last_write()
    assert len(written.given("RECORD")) == 100
    assert sorted(sandbox.contacts()) == sorted(record["data"]["email"] for record in written.given("RECORD"))
    assert {contact["lifecyclestage"] for contact in sandbox.contacts().values()} == {"marketingqualifiedlead"}
