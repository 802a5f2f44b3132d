"""A report as one HTML file: no script, nothing loaded, made to be read, printed and sent."""

from pathlib import Path

import jinja2

from api.reports.summary import Summary, counted, record_text

_TEMPLATES = Path(__file__).parent / "templates"


def page(summary: Summary) -> str:
    """The whole file. What comes from records is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"record": record_text}
    return environment.get_template("report.html").render(summary=summary, counted=counted)
