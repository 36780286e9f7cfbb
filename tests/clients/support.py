"""The local HubSpot as a process, and the connector in a wrapper that keeps what goes in and out of it.

Not here: anything of PyAirbyte, and what the tests expect to be stored.
"""

import json
import shlex
import subprocess
from collections import Counter
from pathlib import Path
from urllib.request import Request, urlopen

from airbyte_protocol.models import AirbyteMessage

FULL_TOKEN = "pat-na1-sandbox-full-0000-0000-000000000001"

# What a destination may print for each verb, and the member of the message that holds it.
PAYLOADS = {
    "LOG": "log",
    "TRACE": "trace",
    "SPEC": "spec",
    "CONNECTION_STATUS": "connectionStatus",
    "STATE": "state",
}
ALLOWED = {
    "spec": {"LOG", "TRACE", "SPEC"},
    "check": {"LOG", "TRACE", "CONNECTION_STATUS"},
    "write": {"LOG", "TRACE", "STATE"},
}


class Sandbox:
    """A HubSpot account on this machine."""

    def __init__(self, executable):
        self.executable = executable

    def __enter__(self):
        self.process = subprocess.Popen([self.executable, "--port", "0"], stdout=subprocess.PIPE, text=True)
        # Its first line is "HubSpot sandbox on URL with 0 contacts", printed once it listens.
        self.url = self.process.stdout.readline().split()[3]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def contacts(self):
        """The properties of all contacts, by address."""
        contacts = self._call("GET", "contacts")
        by_email = {contact["email"]: contact["properties"] for contact in contacts}
        assert len(by_email) == len(contacts)
        return by_email

    def add_contact(self, email, **properties):
        self._call("POST", "contacts", [{"email": email, "properties": properties}])

    def upserts(self):
        """How many contacts each upsert that HubSpot carried out was for, in the order of arrival."""
        requests = [request for request in self._call("GET", "requests") if "batch/upsert" in request["path"]]
        # `check` asks for permission with an upsert of nothing.
        return [request["input_count"] for request in requests if request["status"] in (200, 207)]

    def change(self, **settings):
        self._call("PATCH", "settings", settings)

    def _call(self, method, route, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.url}/_sandbox/{route}", data, method=method)) as answer:
            return json.load(answer)


class Run:
    """One run of the connector that has ended."""

    def __init__(self, directory):
        self.verb = (directory / "arguments").read_text().split()[0]
        self.exit_code = int((directory / "exit_code").read_text())
        self.output = (directory / "stdout").read_text().splitlines()
        given = directory / "stdin"
        self.input = [json.loads(line) for line in given.read_text().splitlines()] if given.exists() else []

    def messages(self, kind):
        """The payloads of the messages of a type that the connector wrote."""
        parsed = [json.loads(line) for line in self.output]
        return [message[PAYLOADS[kind]] for message in parsed if message["type"] == kind]

    def given(self, kind):
        """The payloads of the messages of a type that the connector was given."""
        return [message[kind.lower()] for message in self.input if message["type"] == kind]

    def judge(self):
        """Every line is a message of Airbyte's protocol that this verb may print, and states come back as they came."""
        assert self.output, f"{self.verb} wrote nothing"
        for line in self.output:
            assert line.startswith('{"type":"'), line
            message = AirbyteMessage.model_validate_json(line)
            kind = message.type.value
            assert kind in ALLOWED[self.verb], line
            assert getattr(message, PAYLOADS[kind]) is not None, line
            assert set(json.loads(line)) == {"type", PAYLOADS[kind]}, line
        if self.verb == "write":
            self._judge_states()
        else:
            assert len(self.messages({"spec": "SPEC", "check": "CONNECTION_STATUS"}[self.verb])) == 1
        errors = [trace for trace in self.messages("TRACE") if trace["type"] == "ERROR"]
        assert bool(errors) == (self.exit_code != 0), (
            "an error is told by a trace and by the exit code, or by neither"
        )

    def _judge_states(self):
        """States come back whole, in their order, with the fate of every record since the last one."""
        expected = []
        records = Counter()
        for message in self.input:
            if message["type"] == "RECORD":
                records[stream_of(message["record"])] += 1
            elif message["type"] == "STATE":
                state = message["state"]
                assert state["type"] == "STREAM"
                expected.append((without_stats(state), records.pop(stream_of_state(state), 0)))
        written = [
            (without_stats(state), sum(state["destinationStats"].values()))
            for state in self.messages("STATE")
        ]
        if self.exit_code == 0:
            assert written == expected
        else:
            assert written == expected[: len(written)]


class Connector:
    """The connector as PyAirbyte gets it: a script that runs it and keeps what goes in and out."""

    def __init__(self, executable, hubspot, directory):
        self.runs_directory = directory / "runs"
        self.runs_directory.mkdir(parents=True)
        self.path = directory / "destination-hubspot"
        # PyAirbyte ends a check as soon as it has the status; the signal is ignored so that the rest is kept too, for
        # which PyAirbyte waits. The input's `tee` stands outside of the pipeline, which would wait for it after an error.
        # `date` keeps the runs in their order. Delays are real: a client that writes slowly would otherwise look like one that
        # pauses, and batches would leave early.
        self.path.write_text(f"""#!/usr/bin/env bash
trap '' TERM
run=$(mktemp -d {shlex.quote(str(self.runs_directory))}/$(date +%s%N).XXXXXX)
echo "$*" >"$run/arguments"
if [[ $1 == write ]]; then exec < <(tee "$run/stdin"); fi
HUBSPOT_API_BASE_URL={hubspot} {shlex.quote(executable)} "$@" | tee "$run/stdout"
code=${{PIPESTATUS[0]}}
echo "$code" >"$run/exit_code"
exit "$code"
""")
        self.path.chmod(0o755)

    def runs(self, verb=None):
        """The runs so far, oldest first."""
        runs = [Run(directory) for directory in sorted(Path(self.runs_directory).iterdir())]
        return [run for run in runs if verb in (None, run.verb)]

    def last_write(self):
        return self.runs("write")[-1]

    def judge_output(self):
        runs = self.runs()
        assert runs, "the connector was never run"
        for run in runs:
            run.judge()


def stream_of(owner):
    """A stream's identity; no namespace and an empty one are the same."""
    return owner.get("namespace") or "", owner.get("stream") or owner.get("name")


def stream_of_state(state):
    return stream_of(state["stream"]["stream_descriptor"])


def without_stats(state):
    return {name: value for name, value in state.items() if name != "destinationStats"}
