"""A zone as JSON and as CSV: one object, or one row, a record, with the API's names and values."""

import csv
import io
import json
from dataclasses import asdict

from nameserver.outgoing.exported import Exported, in_order
from nameserver.zone import Authority, Zone

_FIELDS = ("name", "ttl", "type", "priority", "value")
_HEADINGS = ("name", "ttl", "record_type", "priority", "value")


def as_json(zone: Zone, authority: Authority) -> Exported:
    """Everything: the SOA and NS records of the settings under `authority`."""
    records = [
        {heading: getattr(each, field) for heading, field in zip(_HEADINGS, _FIELDS, strict=True)}
        for each in in_order(zone.records)
    ]
    body = {"domain": zone.domain, "serial": zone.serial, "authority": asdict(authority), "records": records}
    return Exported((json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode(), "application/json", "json")


def as_csv(zone: Zone, _authority: Authority) -> Exported:
    """The records alone, quoted as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEADINGS)
    writer.writerows([getattr(each, field) for field in _FIELDS] for each in in_order(zone.records))
    left_out = ("The SOA record and the NS records of the settings: CSV holds the zone's own records.",)
    return Exported(out.getvalue().encode(), "text/csv", "csv", left_out)
