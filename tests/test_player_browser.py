"""The player in a real browser: stepped by keyboard, its texts compared with the engine.

Needs Chromium and its driver (Debian: chromium, chromium-driver) and the package selenium.
Screenshots are written to the folder that PLAYER_PICTURES names, else to a temporary one.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_player import HOSTILE, labelled, mazur, neuron

import autograd_lite as al
from autograd_lite import Value
from autograd_lite.drawing.player import Player, player
from autograd_lite.forms import PLAIN, plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

webdriver = pytest.importorskip("selenium.webdriver", reason="the package selenium is missing")

from selenium.webdriver.chrome.service import Service  # noqa: E402  # after importorskip
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on this machine"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        "disable-dev-shm-usage", "window-size=1200,820",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page; at the end there was no message on the console and no request."""
    browser.get_log("browser")
    browser.get_log("performance")

    def open_page(shown: Player | str, address: str = "") -> Page:
        file = tmp_path / "page.html"
        html = shown if isinstance(shown, str) else shown.html
        file.write_text(html, encoding="utf-8")
        browser.get("about:blank")  # else another address is not another page
        browser.get(file.as_uri() + address)
        return Page(browser)

    yield open_page
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    asked = {e["request"]["url"] for e in sent if e["documentURL"].startswith("file:")}
    assert {url.partition("#")[0] for url in asked} <= {(tmp_path / "page.html").as_uri()}


class Page:
    """What a user sees of the page, and the keys they press."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def run(self, script: str) -> Any:
        return self.browser.execute_script(f"return {script}")

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def click(self, selector: str) -> None:
        self.browser.find_element("css selector", selector).click()

    def wait_for(self, wanted: Callable[[], bool]) -> bool:
        """Whether it comes true within a few seconds."""
        end = time.monotonic() + 10
        while not wanted() and time.monotonic() < end:
            time.sleep(0.05)
        return wanted()

    def media(self, name: str, value: str) -> None:
        """What the system asks for."""
        features = [{"name": name, "value": value}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({selector!r}).textContent"))

    @property
    def count(self) -> str:
        return self.text("#count")

    @property
    def theme(self) -> str:
        return str(self.run("document.documentElement.dataset.theme"))

    def equation(self) -> list[list[str]]:
        """Every term: its number or text, the words below, the number in full."""
        return list(self.run(
            "[...document.querySelectorAll('#equation > span')].map(e => e.className === 'sign' ?"
            " [e.textContent, '', ''] : [e.querySelector('b').textContent,"
            " (e.querySelector('i') || {textContent: ''}).textContent,"
            " e.querySelector('b').dataset.exact || ''])"
        ))  # fmt: skip

    def cards(self) -> list[dict[str, Any]]:
        """Every card: its title, its class, and [text, number in full] of its rows."""
        return list(self.run(
            "[...document.querySelectorAll('.card')].map(g => ({class: g.getAttribute('class'),"
            " title: g.querySelector('.name').textContent,"
            " rows: [...g.querySelectorAll('.number')].map(t => [t.textContent, t.dataset.exact])"
            "}))"
        ))  # fmt: skip

    def chips(self) -> list[list[str]]:
        return list(self.run(
            "[...document.querySelectorAll('.chip.on')].map(g =>"
            " [...g.querySelectorAll('text')].map(t => t.textContent))"
        ))  # fmt: skip


def step_through(page: Page, shown: Player) -> None:
    """Press → from the first step to the last; every text is the engine's."""
    known: dict[tuple[int, int], float] = {}
    for k, step in enumerate(shown.steps):
        assert page.count == f"{k} / {len(shown.steps) - 1}"
        assert page.text("#say h2") == step.title
        assert page.text("#say p") == step.note
        numbers = [t.text for t in step.equation]
        texts = [x if isinstance(x, str) else PLAIN.number(x) for x in numbers]
        seen = page.equation()
        assert [term[0] for term in seen] == texts
        assert [term[1] for term in seen] == [term.words for term in step.equation]
        for term, x in zip(seen, numbers, strict=True):
            assert term[2] == "" if isinstance(x, str) else float(term[2]) == x
        known |= {(card, row): x for card, row, x in step.numbers}
        for i, card in enumerate(page.cards()):
            for j, (text, full) in enumerate(card["rows"]):
                x = known.get((i, j))
                assert text == ("" if x is None else PLAIN.number(x))
                assert (full or "") == "" if x is None else float(full) == x
            assert ("unknown" in card["class"]) == (
                bool(card["rows"]) and not any(i == place for place, _ in known)
            )
            assert ("lit-" in card["class"]) == (i in step.lit)
            assert ("source" in card["class"]) == (i in step.sources)
        assert ([step.chip] in page.chips()) == bool(step.chip)
        page.press(Keys.ARROW_RIGHT)
    assert page.count == f"{len(shown.steps) - 1} / {len(shown.steps) - 1}"


def test_op_level_is_stepped_by_keyboard_from_start_to_end(opened: Callable[..., Page]) -> None:
    """After each step the gradient on a card is the sum of local × upstream so far."""
    root = neuron()
    shown = player(root)
    page = opened(shown)
    step_through(page, shown)
    page.press("b")
    sums: dict[str, float] = {}
    for _ in range(9):
        page.press(Keys.ARROW_RIGHT)
        (name, *_), _, local, _, upstream, *_ = page.equation()
        sums[name] = sums.get(name, 0.0) + float(local[2]) * float(upstream[2])
        lit = next(card for card in page.cards() if "lit-backward" in card["class"])
        assert float(lit["rows"][1][1]) == sums[name]
    root.backward()
    assert sums == {
        f"{plain_name(str(node.label))}.grad": node.grad
        for node in al.topological(root) if node is not root
    }  # fmt: skip


def test_reuse_says_which_path_it_is(opened: Callable[..., Page]) -> None:
    x = Value(3.0, label="x")
    shown = player(labelled(x * x, "y"))
    page = opened(shown)
    step_through(page, shown)
    page.press(Keys.ARROW_LEFT)
    assert "path 2 of 2: 3 + 3 = 6." in page.text("#say p")
    assert page.text("#equation") == (
        "add to x.grad += local ∂y/∂x = x = 3 × upstream y.grad = 1 = this path 3 → x.grad so far 6"
    )


def test_neuron_level_is_stepped_by_keyboard_from_start_to_end(opened: Callable[..., Page]) -> None:
    root = mazur()
    shown = player(root)
    page = opened(shown)
    assert page.chips()[0] == ["w₁ 0.15"]
    step_through(page, shown)
    root.backward()
    weights = [n for n in al.topological(root) if str(n.label).startswith("w")]
    assert sorted(page.chips()) == sorted(
        [f"{plain_name(w.label or '')} {PLAIN.number(w.data)}", f"∂ {PLAIN.number(w.grad)}"]
        for w in weights
    )
    overlapping = page.run(
        "(() => { const boxes = [...document.querySelectorAll('.chip.on, .card')]"
        ".map(g => g.getBoundingClientRect()); return boxes.some((a, i) => boxes.slice(0, i)"
        ".some(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom))"
        "})()"
    )
    assert not overlapping


def test_keys_jump_and_flip(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()))
    for key, count in ((Keys.END, 16), ("f", 1), ("B", 6), (Keys.HOME, 0), ("F", 1), ("b", 6)):
        page.press(key)
        assert page.count == f"{count} / 16"
    before = page.theme
    page.press("t")
    assert {before, page.theme} == {"light", "dark"}
    page.press("T")
    assert page.theme == before


def test_space_plays_and_pauses(opened: Callable[..., Page]) -> None:
    page = opened(player(labelled(Value(1.0, label="x").exp(), "y")))
    page.press(" ")
    assert page.text("#play") == "❚❚ pause"
    assert page.wait_for(lambda: page.count == "1 / 4")
    page.press(" ")
    assert page.text("#play") == "▶ play"


def test_buttons_and_slider(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()))
    assert page.run("document.querySelector('#previous').disabled")
    for button, count in (("next", 1), ("next", 2), ("previous", 1), ("last", 16), ("first", 0)):
        page.click(f"#{button}")
        assert page.count == f"{count} / 16"
    page.click("#slider")  # in its middle
    assert page.count == "8 / 16"
    page.press(Keys.ARROW_RIGHT)  # one step, not two, though the slider has the focus
    assert page.count == "9 / 16"
    described = page.run("document.querySelector('#slider').getAttribute('aria-valuetext')")
    assert described == "9 of 16: Backward: z → b"
    widths = page.run(
        "['forward', 'backward'].map(c => getComputedStyle(document.querySelector('#track .' + c)))"
        ".map(s => [parseFloat(s.width), s.backgroundColor])"
    )
    assert widths[0][0] / (widths[0][0] + widths[1][0]) == pytest.approx(5.5 / 16, abs=0.01)
    assert widths[0][1] != widths[1][1]


def test_a_link_leads_to_its_step(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()), "#s=12")
    assert page.count == "12 / 16"
    page.press(Keys.ARROW_RIGHT)
    assert page.wait_for(lambda: page.run("location.hash") == "#s=13")
    page.run("location.hash = '#s=2'")
    assert page.wait_for(lambda: page.count == "2 / 16")
    assert opened(player(neuron()), "#s=999").count == "16 / 16"
    assert opened(player(neuron()), "#s=x").count == "0 / 16"


def test_it_can_be_listened_to_and_reached_by_keyboard(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()))
    assert page.run("document.querySelector('#say').getAttribute('aria-live')") == "polite"
    assert page.run("[...document.querySelectorAll('button, input')].every(e => "
                    "e.getAttribute('aria-label') || e.textContent.trim())")  # fmt: skip
    page.press(Keys.TAB)
    assert page.run("document.activeElement.id") == "theme"
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press(" ")  # presses the button that has the focus, and does not play
    assert page.theme == "dark"
    assert page.text("#play") == "▶ play"


def test_reduced_motion_is_respected(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()), "#s=12")
    edge = "document.querySelector('.edge.lit-backward path:last-child')"
    moving = f"getComputedStyle({edge}).animationName"
    assert page.run(moving) == "flow"
    page.media("prefers-reduced-motion", "reduce")
    assert page.run(moving) == "none"


def test_the_systems_theme_is_followed_until_one_is_chosen(opened: Callable[..., Page]) -> None:
    page = opened(player(neuron()))
    page.media("prefers-color-scheme", "dark")
    assert page.wait_for(lambda: page.theme == "dark")
    page.media("prefers-color-scheme", "light")
    assert page.wait_for(lambda: page.theme == "light")
    page.press("t", "t")
    page.media("prefers-color-scheme", "dark")
    time.sleep(0.2)
    assert page.theme == "light"
    assert opened(player(neuron())).theme == "dark"
    assert opened(player(neuron(), theme="light")).theme == "light"


@pytest.mark.parametrize(
    ("dark", "light"),
    [
        (
            "document.body.dataset.jpThemeLight = 'false'",
            "document.body.dataset.jpThemeLight = 'true'",
        ),
        ("document.body.className = 'vscode-dark'", "document.body.className = 'vscode-light'"),
        (
            "document.body.dataset.vscodeThemeKind = 'vscode-high-contrast'",
            "document.body.dataset.vscodeThemeKind = 'vscode-high-contrast-light'",
        ),
        (
            "document.documentElement.setAttribute('theme', 'dark')",
            "document.documentElement.removeAttribute('theme')",
        ),
    ],
    ids=["JupyterLab", "VS Code", "VS Code, high contrast", "Colab"],
)
def test_a_notebooks_theme_is_followed(opened: Callable[..., Page], dark: str, light: str) -> None:
    """The player in its frame, in a page that bears the marks of its host."""
    frame = player(neuron())._repr_html_()
    page = opened(f"<!doctype html><meta charset=utf-8><body>{frame}")
    inner = "document.querySelector('iframe').contentDocument"
    for change, theme in ((dark, "dark"), (light, "light"), (dark, "dark")):
        page.run(f"({change})")
        assert page.wait_for(
            lambda t=theme: page.run(f"{inner}.documentElement.dataset.theme") == t
        )
    height = page.run("document.querySelector('iframe').clientHeight")
    assert height == page.run(f"{inner}.documentElement.offsetHeight")
    page.browser.switch_to.frame(0)
    page.click("#next")
    assert page.count == "1 / 16"
    page.press(Keys.END)
    assert page.count == "16 / 16"
    page.browser.switch_to.default_content()
    assert page.run("location.hash") == ""


def test_hostile_labels_are_shown_as_they_are(opened: Callable[..., Page]) -> None:
    for label in HOSTILE[:12]:
        shown = player(labelled(Value(1.0, label=label).exp(), label))
        page = opened(shown)
        page.press(Keys.END, Keys.ARROW_LEFT)
        assert page.text("#say h2") == shown.steps[-2].title
        assert page.run("document.querySelectorAll('script').length") == 1
        assert page.run("document.querySelectorAll('main *').length") < 120


def test_a_large_picture_scrolls_to_what_is_lit(opened: Callable[..., Page]) -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(60):
        y = y.tanh()
    page = opened(player(y))
    page.media("prefers-reduced-motion", "reduce")  # no scrolling to wait for
    lit = "document.querySelector('.card[class*=lit-]').getBoundingClientRect()"
    view = "document.querySelector('#view').getBoundingClientRect()"
    for key in ("f", "b", "f", Keys.ARROW_RIGHT):
        page.press(key)
        assert page.run(f"{lit}.left >= {view}.left && {lit}.right <= {view}.right")
        assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_of_both_themes(opened: Callable[..., Page], tmp_path: Path) -> None:
    folder = Path(os.environ.get("PLAYER_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    x = Value(3.0, label="x")
    stories = {
        "neuron": (player(neuron()), 12), "reuse": (player(labelled(x * x, "y")), 4),
        "network": (player(mazur()), 23), "network_op": (player(mazur(), level="op"), 20),
    }  # fmt: skip
    for name, (shown, step) in stories.items():
        for theme in ("light", "dark"):
            page = opened(shown, f"#s={step}")
            if page.theme != theme:
                page.press("t")
            assert page.theme == theme
            time.sleep(0.3)  # cards fade in
            file = folder / f"player_{name}_{theme}.png"
            assert page.browser.save_screenshot(str(file))
            assert file.stat().st_size > 20_000
            assert page.run("document.documentElement.scrollHeight <= innerHeight"), (
                f"{name} needs no scrolling of the page"
            )
