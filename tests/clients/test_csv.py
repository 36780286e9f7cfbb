"""The README's lines that make messages and a catalog of a table in CSV: what is then in HubSpot.

Not here: anything of PyAirbyte. That every line of the connector's output is Airbyte's protocol, the fixture `connector`
asserts after each test.
"""

import json
import subprocess
import sys
from pathlib import Path

from support import FULL_TOKEN

README = Path(__file__).parents[2] / "README.md"
# As spreadsheets save it: with a byte-order mark, `;` between the columns, and a line break inside of a cell.
TABLE = (
    "\ufeffemail;firstname;street;house_number;details\r\n"
    'ada@example.com;Zoë;High Street;12;"{""city"": ""London"", ""tags"": [1, 2]}"\r\n'
    'grace@example.com;"Grace\nHopper; B.";Low Road;;\r\n'
    "empty@example.com;Kim;;;\r\n"
)


def run(directory, *command, given=None):
    done = subprocess.run(command, cwd=directory, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lines_of_the_readme_make_contacts_of_a_table(connector, sandbox, tmp_path):
    _, block = README.read_text().split("<!-- tests/clients runs this on a table. -->\n```python\n")
    lines, _ = block.split("\n```\n", maxsplit=1)
    (tmp_path / "people.csv").write_text(TABLE, encoding="utf-8", newline="")
    mappings = [{"field": "details.city", "property": "city"}]
    (tmp_path / "config.json").write_text(json.dumps({"access_token": FULL_TOKEN, "field_mappings": mappings}))

    run(tmp_path, sys.executable, "-", given=lines)
    files = ["--config", "config.json", "--catalog", "catalog.json"]
    run(tmp_path, connector.path, "check", *files)
    run(tmp_path, connector.path, "write", *files, given=(tmp_path / "messages.jsonl").read_text())

    (check,) = connector.runs("check")
    assert check.messages("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    plan = [log["message"] for log in check.messages("LOG") if log["message"].startswith("field mapped ")]
    assert len(plan) == 4, plan
    contacts = sandbox.contacts()
    names = ["firstname", "address", "city"]
    assert {email: [contact.get(name) for name in names] for email, contact in contacts.items()} == {
        "ada@example.com": ["Zoë", "High Street 12", "London"],
        "grace@example.com": ["Grace\nHopper; B.", "Low Road", None],
        "empty@example.com": ["Kim", None, None],
    }


def test_lines_of_the_readme_write_nothing_of_a_table_that_is_odd(tmp_path):
    _, block = README.read_text().split("<!-- tests/clients runs this on a table. -->\n```python\n")
    lines, _ = block.split("\n```\n", maxsplit=1)
    for row, said in [
        ("ada@example.com;Ada;Street;1;{};more", "line 2 has more or fewer cells"),
        ("ada@example.com;Street;1;{}", "line 2 has more or fewer cells"),
        ("ada@example.com;Ada;Street;1;{city: London}", "line 2: the text of `details` is no JSON"),
    ]:
        table = "email;firstname;street;house_number;details\n" + row + "\n"
        (tmp_path / "people.csv").write_text(table, encoding="utf-8")
        done = subprocess.run([sys.executable, "-"], cwd=tmp_path, input=lines, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert not (tmp_path / "messages.jsonl").exists()
