"""Reports of many checks: as text, as JSON, as a page to send to somebody."""
