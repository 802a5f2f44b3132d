"""The dashboard as a person uses it, on a real stack: no error in the browser's console, and nothing too wide."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.browsers import PROGRAM, chromium
from tests.nameservers import installed
from tests.stack import Stack, running

EMAIL = "operator@zonewright.test"
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module", autouse=True)
def _possible() -> None:
    if not (installed() and PROGRAM):
        pytest.skip("BIND or Chromium is not installed")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """What `zonewright up` runs at its first start."""
    with running(tmp_path_factory.mktemp("stack") / "data") as stack:
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def password(stack: Stack) -> str:
    """What the first start printed."""
    found = re.search(r"^password +(\S+)", stack.output(), re.MULTILINE)
    assert found, stack.output()
    return found[1]


def opened(context: BrowserContext, complaints: list[str]) -> Page:
    """A page whose complaints, such as a script that the policy refuses, are kept."""
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def sign_in(page: Page, stack: Stack) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password(stack))
    page.get_by_role("button", name="Sign in").click()


def assert_fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, page.url


def test_token_from_sign_in_to_revocation(stack: Stack, browser: Browser) -> None:
    """With a keyboard's and a reader's names for everything; the token works in the API until it is revoked."""
    complaints: list[str] = []
    page = opened(browser.new_context(), complaints)
    page.goto(f"{stack.url}/account/developers/")
    sign_in(page, stack)
    expect(page).to_have_url(f"{stack.url}/account/developers/")
    page.get_by_role("link", name="everything").click()
    page.get_by_label("Name").fill("deployment")
    page.get_by_label("30 days").check()
    page.get_by_role("button", name="Create token").click()
    token = page.locator("#secret").inner_text()
    assert token.startswith("vps_")
    expect(page.get_by_role("button", name="Copy the token")).to_be_visible()
    tried = stack.shell(page.locator("#curl").inner_text().replace("curl ", "curl --silent --fail ", 1))
    assert (tried.returncode, tried.stdout) == (0, "[]")
    made = stack.call("POST", "dns-zones/", {"domain": "example.com"}, wait=10, token=token)
    assert made.headers["X-Publication"] == "in_sync"

    page.get_by_role("link", name="Zones").click()
    page.get_by_role("link", name="example.com").click()
    expect(page.get_by_text("in sync")).to_have_count(3)
    page.get_by_role("link", name="API tokens").click()
    page.get_by_role("button", name="Revoke deployment").click()
    expect(page.get_by_role("status")).to_contain_text("“deployment” is revoked")
    assert stack.call("GET", "dns-zones/", token=token).status_code == 401
    page.get_by_role("button", name="Sign out").click()
    page.goto(stack.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []


def test_mistake_is_undone(stack: Stack, browser: Browser) -> None:
    """A stored script is text, and the record is gone from both nameservers again."""
    zone = stack.zone("mistake.example", wait=10)
    stack.record(zone, "www", "<script>document.title = 'broken'</script>", "TXT", wait=10)
    complaints: list[str] = []
    page = opened(browser.new_context(), complaints)
    page.goto(f"{stack.url}/zones/{zone['uuid']}/history/")
    sign_in(page, stack)
    expect(page.get_by_text("<script>document.title")).to_be_visible()
    page.get_by_role("button", name="Take change 2 back").click()
    expect(page.get_by_role("status")).to_contain_text("Change 2 is taken back")
    assert stack.done("GET", f"dns-zones/{zone['uuid']}/records/").json() == []
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_without_scripts(stack: Stack, browser: Browser, scheme: str) -> None:
    """Every page fits, in either colour scheme, which is the sheet's own doing."""
    name = f"a-rather-long-name-for-a-zone.{scheme}.department.organisation.example"
    zone = stack.zone(name)
    stack.record(zone, "default._domainkey", "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQEFAAOC" * 10, "TXT")
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, java_script_enabled=False)  # type: ignore[arg-type]
    page = opened(context, [])
    page.goto(stack.url)
    sign_in(page, stack)
    for path in (
        "/",
        f"/zones/{zone['uuid']}/",
        f"/zones/{zone['uuid']}/history/",
        "/account/developers/",
        "/account/",
    ):
        page.goto(stack.url + path)
        assert_fits(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", ground))) > 3 * 128
    assert light is (scheme == "light")
    page.get_by_label("Present password").fill("wrong, and long enough")
    page.get_by_label("New password", exact=True).fill("a new one, long enough")
    page.get_by_label("New password, once more").fill("a new one, long enough")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not your present password.")).to_be_visible()
    assert_fits(page)
