"""Debian's Chromium, driven by Playwright: it runs here without a download."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser without a screen."""
    with sync_playwright() as playwright:
        # Its sandbox takes rights that a container, or root, does not have; it reads pages of ours only.
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
