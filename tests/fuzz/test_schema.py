"""schemathesis on our own OpenAPI document: what is answered is what the document says."""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.routes import ROUTES
from tests.installation import ALICE, Installation, SqliteFiles

pytestmark = pytest.mark.timeout(3600)

_PATH = "/api/v1/openapi.json"
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """The document, loaded from the application, and an installation with some zones and records."""
    from api.settings import Settings

    folder = tmp_path_factory.mktemp("schema")
    databases = SqliteFiles(tmp_path_factory.mktemp("furnished"))
    made = Installation(Settings(data=folder, database_url=databases.fresh(folder), most_waiters=1), databases.secrets)
    made.contact("ns1", "It is down.")  # nobody waits for it
    client = made.client(ALICE)
    for number in range(3):
        zone = client.post("/api/v1/dns-zones/", json={"domain": f"s{number}.example.com"}).get_json()
        for name in ("a", "b"):
            body = {"record_type": "A", "name": name, "value": f"192.0.2.{number}"}
            client.post(f"/api/v1/dns-zones/{zone['uuid']}/records/", json=body)
    load_all_checks()
    yield schemathesis.openapi.from_wsgi(_PATH, made.app), made
    made.close()


def _operations() -> list[tuple[str, str]]:
    return [(route.method, route.path.replace("<", "{").replace(">", "}")) for route in ROUTES]


@pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.long)])
@pytest.mark.parametrize(("method", "path"), _operations(), ids=lambda part: part)
def test_operation(described: tuple[Any, Installation], method: str, path: str, examples: int) -> None:
    schema, made = described
    operation = schema[path][method]
    number = int(os.environ.get("FUZZ_SEED", random.randrange(2**32) if examples > 100 else 1))
    client = made.client(ALICE)
    zones = [row["uuid"] for row in client.get("/api/v1/dns-zones/").get_json()]
    records = [row["uuid"] for row in client.get("/api/v1/dns-records/").get_json()]
    known = {"dns-zones": zones, "dns-records": records}

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(operation.as_strategy())
    def conforms(case: Any) -> None:
        uuids = known.get(path.split("/")[3] if path.startswith("/api/") else "", [])
        if uuids and case.path_parameters and len(str(case.headers)) % 4:
            case.path_parameters["uuid"] = uuids[len(str(case.body)) % len(uuids)]
        response = case.call(headers={"Authorization": f"Bearer {made.secrets[ALICE]}"})
        case.validate_response(response, checks=_CHECKS)

    conforms()
