"""A person at Chromium, who finds things on a page by their names and by what is written on them."""

import os

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = "/usr/bin/chromium"
CHROMEDRIVER = "/usr/bin/chromedriver"
WAIT_SECONDS = 15

# Selenium downloads no browser and no driver, and reports nothing.
os.environ["SE_OFFLINE"] = "true"
os.environ["SE_AVOID_STATS"] = "true"


class Person:
    """One browser with one profile directory. Closing it and opening another with the same profile is a restart."""

    def __init__(self, profile, javascript=True):
        options = ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (
            "--headless=new",
            "--no-sandbox",  # runs as root and in containers too; the pages are our own
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--host-resolver-rules=MAP *.test 127.0.0.1",
            f"--user-data-dir={profile}",
        ):
            options.add_argument(argument)
        # The password manager would cover the page with its own questions.
        preferences = {"credentials_enable_service": False, "profile.password_manager_leak_detection": False}
        if not javascript:
            preferences["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = Chrome(options, ChromeService(CHROMEDRIVER))
        self.driver.set_page_load_timeout(WAIT_SECONDS)

    def close(self):
        self.driver.quit()

    def visit(self, url):
        self.driver.get(url)

    def wait(self, condition, what):
        """Waits until `condition()` is true, on whichever page is there by then."""
        return WebDriverWait(
            self.driver, WAIT_SECONDS, 0.05, (NoSuchElementException, StaleElementReferenceException)
        ).until(lambda _: condition(), what)

    def follow(self, text):
        """Clicks the link with this text and waits for the page that follows."""
        shown = self.document()
        self.driver.find_element(By.LINK_TEXT, text).click()
        self.wait_for_another(shown)

    @property
    def url(self):
        return self.driver.current_url

    def text(self):
        """What is to be read on the page."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def field(self, name):
        return self.driver.find_element(By.CSS_SELECTOR, f'input[name="{name}"]')

    def has_field(self, name):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, f'input[name="{name}"]'))

    def alert(self):
        """What a screen reader says at once; waits for it."""
        return self.wait(
            lambda: self.driver.find_element(By.CSS_SELECTOR, '[role="alert"]').text.strip(), "no alert on the page"
        )

    def press(self, label):
        """Clicks the button with this text and waits for the page that follows."""
        shown = self.document()
        self.driver.find_element(By.XPATH, f'//button[normalize-space()="{label}"]').click()
        self.wait_for_another(shown)

    def page(self):
        return self.driver.find_element(By.TAG_NAME, "html")

    def document(self):
        """Which document is shown: no two have begun at the same time."""
        return self.driver.execute_script("return performance.timeOrigin")

    def wait_for_another(self, document):
        # Not by an element of the old page, which chromedriver can fail to find in more ways than it documents.
        self.wait(lambda: self.document() != document, "the page stays")
        self.wait(lambda: self.driver.execute_script("return document.readyState") == "complete", "the page never loads")

    def sign_in(self, username="panther", password="password", remember=False):
        """Fills in the sign-in page with the keyboard alone, starting in the field for the name."""
        shown = self.document()
        self.field("username").clear()
        self.field("username").send_keys(username, Keys.TAB)
        assert self.driver.switch_to.active_element.get_attribute("name") == "password"
        if remember:
            box = self.field("remember")
            assert not box.is_selected()
            box.send_keys(Keys.SPACE)
            assert box.is_selected()
        self.field("password").send_keys(password, Keys.ENTER)
        self.wait_for_another(shown)

    def focused(self):
        """The accessible name of what has the focus; None for the page itself."""
        element = self.driver.switch_to.active_element
        return None if element.tag_name in ("body", "html") else element.accessible_name

    def tab(self):
        self.driver.switch_to.active_element.send_keys(Keys.TAB)

    def tab_through(self):
        """The names of all that the tab key reaches, from the top of the page to its end."""
        self.driver.refresh()
        self.tab()
        reached = []
        while (name := self.focused()) is not None and name not in reached[:1]:
            reached.append(name)
            self.tab()
        return reached

    def tab_to(self, name):
        reached = []
        self.driver.refresh()
        while self.focused() != name:
            self.tab()
            reached.append(self.focused())
            assert len(reached) < 100, f"{name} is not reached: {reached}"

    def press_key(self, key):
        """Presses a key on what has the focus and waits for the page that follows."""
        shown = self.document()
        self.driver.switch_to.active_element.send_keys(key)
        self.wait_for_another(shown)

    def see_as(self, scheme, width):
        """A colour scheme, and a screen of this width."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def status(self):
        """The HTTP status of the page that is shown."""
        return self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")

    def complaints(self):
        """What the console has shown since the last call: a blocked script or style, a missing file, an error."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]

    def run(self, script, *arguments):
        """Runs the body of an async function in the page and returns what it returns."""
        done = "arguments[arguments.length - 1]"
        return self.driver.execute_async_script(
            f"(async (...arguments) => {{ {script} }})(...arguments).then({done}, error => {done}('' + error))", *arguments
        )

    def allow_scripts_to_connect(self):
        """Lifts the content security policy from the pages that are visited next: our own lets no script fetch."""
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})

    def cookies(self):
        """All cookies of the browser, of whatever site: domain, path and name, with the value."""
        found = self.driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"]
        return {(cookie["domain"], cookie["path"], cookie["name"]): cookie["value"] for cookie in found}

    def delete_session(self):
        """Deletes the cookies that a restart of the browser deletes."""
        for cookie in self.driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"]:
            if cookie["session"]:
                which = {name: cookie[name] for name in ("name", "domain", "path")}
                self.driver.execute_cdp_cmd("Network.deleteCookies", which)

    def forget_everything(self):
        """Deletes every cookie."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
