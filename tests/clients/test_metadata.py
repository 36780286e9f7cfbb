"""metadata.yaml against Airbyte's published JSON schema, the validators that Airbyte runs before it publishes, and the
checks of its connector QA that need no network.

Not here: whether the connector does what the metadata promises. Of Airbyte's checks, those that ask its registry, Docker
Hub or GitHub are left out, those for other languages, and "HTTPS only", which takes the text of every source file for
code and stumbles over the sandbox's address on loopback.
"""

import copy
import importlib.util
import json
import shutil
import sys
import tomllib
import types
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
METADATA = ROOT / "metadata.yaml"
DOCUMENTATION = ROOT / "docs/hubspot.md"


def without_initialiser(name):
    """Lets the modules of a package be imported without what its `__init__.py` imports: here, clients of many clouds."""
    package = types.ModuleType(name)
    package.__path__ = list(importlib.util.find_spec(name).submodule_search_locations)
    sys.modules[name] = package


without_initialiser("airbyte_ops_mcp")
without_initialiser("airbyte_ops_mcp.registry")
without_initialiser("airbyte_ops_mcp.airbyte_repo")

from airbyte_ops_mcp.connector_ops.utils import Connector, ConnectorLanguage
from airbyte_ops_mcp.connector_qa.checks.assets import CheckConnectorIconIsAvailable
from airbyte_ops_mcp.connector_qa.checks.documentation import (
    CheckChangelogEntry,
    CheckDocumentationExists,
    CheckMigrationGuide,
)
from airbyte_ops_mcp.connector_qa.checks.metadata import (
    ValidateBreakingChangesDeadlineAction,
    ValidateBreakingChangesDeadlines,
)
from airbyte_ops_mcp.connector_qa.checks.packaging import (
    CheckConnectorLicense,
    CheckVersionFollowsSemver,
)
from airbyte_ops_mcp.connector_qa.models import CheckStatus
from airbyte_ops_mcp.metadata_validator import (
    PRE_UPLOAD_VALIDATORS,
    ValidatorOptions,
    validate_and_load,
)

CHECKS = [
    CheckChangelogEntry,
    CheckConnectorIconIsAvailable,
    CheckConnectorLicense,
    CheckDocumentationExists,
    CheckMigrationGuide,
    CheckVersionFollowsSemver,
    ValidateBreakingChangesDeadlineAction,
    ValidateBreakingChangesDeadlines,
]


@pytest.fixture
def metadata():
    return yaml.safe_load(METADATA.read_text())


def schema_errors(metadata):
    path = files("airbyte_connector_models") / "metadata/v0/ConnectorMetadataDefinitionV0.json"
    schema = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(schema)
    # Formats such as `uuid` and `uri` are decoration without a checker that knows them; the draft's own lacks `uuid`.
    checker = jsonschema.FormatChecker()
    assert {"uuid", "uri"} <= set(checker.checkers)
    return [error.message for error in validator(schema, format_checker=checker).iter_errors(metadata)]


def validators_error(path):
    """What Airbyte's validators have against a metadata file. Docker Hub is not asked."""
    options = ValidatorOptions(docs_path=str(DOCUMENTATION), disable_dockerhub_checks=True)
    model, error = validate_and_load(path, PRE_UPLOAD_VALIDATORS, options)
    assert (model is None) == (error is not None)
    return error


def test_metadata_fits_the_published_schema(metadata):
    assert schema_errors(metadata) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("definitionId", "not a uuid"),
        ("documentationUrl", "not a url"),
        ("connectorSubtype", "crm"),
        ("supportsDataActivation", "perhaps"),
        ("allowedHost", {}),
        ("license", None),
    ],
)
def test_schema_refuses_what_is_wrong(metadata, name, value):
    changed = copy.deepcopy(metadata)
    changed["data"][name] = value

    assert len(schema_errors(changed)) == 1


def test_metadata_passes_the_validators():
    assert validators_error(METADATA) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tags": ["keyword:crm"]}, "language"),
        ({"tags": ["language:rust", "crm"]}, "KEY"),
        ({"dockerImageTag": "1.0.0"}, "releases"),
        ({"dockerImageTag": "0.1.0-rc.1"}, "progressive rollout"),
    ],
)
def test_validators_refuse_what_is_wrong(metadata, tmp_path, change, reason):
    metadata["data"] |= change
    path = tmp_path / "metadata.yaml"
    path.write_text(yaml.safe_dump(metadata))

    assert reason in validators_error(path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_metadata_passes_the_quality_check(check, tmp_path, monkeypatch):
    directory = tmp_path / "airbyte-integrations/connectors/destination-hubspot"
    directory.mkdir(parents=True)
    shutil.copy(METADATA, directory)
    shutil.copy(ROOT / "icon.svg", directory)
    documentation = tmp_path / "docs/integrations/destinations/hubspot.md"
    documentation.parent.mkdir(parents=True)
    shutil.copy(DOCUMENTATION, documentation)
    # The checks look below the current directory, ask Airbyte's registry whether this version is out, and judge only
    # connectors of the languages they know.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Connector, "is_released", False)
    monkeypatch.setattr(Connector, "language", ConnectorLanguage.JAVA)

    result = check().run(Connector("destination-hubspot"))

    assert result.status is CheckStatus.PASSED, result.message


def test_icon_is_a_square():
    icon = ElementTree.parse(ROOT / "icon.svg").getroot()

    assert icon.get("width") == icon.get("height")
    _, _, width, height = icon.get("viewBox").split()
    assert width == height


def test_metadata_agrees_with_the_rest_of_the_repository(metadata):
    data = metadata["data"]
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
    specification = json.loads((ROOT / "spec.json").read_text())

    assert data["dockerImageTag"] == package["version"]
    assert data["license"] == package["license"]
    assert data["documentationUrl"] == specification["documentationUrl"]
    assert (ROOT / data["icon"]).exists()
    # Airbyte's own connector for HubSpot must be able to live beside this one.
    assert data["dockerRepository"] != "airbyte/destination-hubspot"
    assert data["definitionId"] != "c8ccd253-8525-4bbd-801c-f0b84ac71f61"
    # Sockets are not built.
    assert "connectorIPCOptions" not in data
