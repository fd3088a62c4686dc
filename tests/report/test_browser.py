"""The page in Chromium: every figure drawn, nothing requested, no sideways scrolling, readable, printable."""

import re
import shutil

import pytest
from report_journals import config, entries, trials

from tuning.report.page import page

pytestmark = pytest.mark.browser

OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTHS = {"desk": 1440, "phone": 375}
LONG = ("normal beat of a healthy heart", "supraventricular premature or ectopic beat", "<b>V</b>")
SHAPES = {
    "importances": ".bars .point",
    "contour": ".heatmaplayer image, .contourlayer path",
    "confusion": ".heatmaplayer image, .heatmaplayer text",
    "timeline": ".bars .point",
}
"""What a figure draws, of those that draw no points or lines."""


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("neither chromium nor google-chrome is on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "beats.html"
    file.write_text(page(entries(trials(config(), 40), config(search__trials=40), classes=LONG)), encoding="utf-8")
    return file.as_uri()


def visit(browser, address, *, width=1440, scheme="light"):
    """Open the page, scroll to every figure, and return it with what it said and asked for."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address)
    for plot in tab.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for(state="attached")
    return tab, said, asked


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_is_drawn_within_the_page_and_nothing_is_asked_of_the_network(chromium, address, width, scheme):
    tab, said, asked = visit(chromium, address, width=width, scheme=scheme)
    assert said == []
    assert asked == [address]
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    figures = tab.locator("figure").all()
    assert len(figures) == 16
    for figure in figures:
        name = figure.get_attribute("id")
        drawn = figure.locator(SHAPES.get(name, ".scatterlayer .point, .scatterlayer .js-line"))
        assert drawn.count() > 0, name
        size = figure.locator(".main-svg").first.bounding_box()
        assert size["width"] > 200, name
        assert size["height"] > 80, name
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_page_and_figures_has_a_contrast_of_4_5_to_the_page(chromium, address, scheme):
    tab, *_ = visit(chromium, address, scheme=scheme)
    pairs = tab.evaluate("""() => {
        const page = getComputedStyle(document.body).backgroundColor;
        const of = (selector, property) => [...document.querySelectorAll(selector)]
            .map((one) => [selector, getComputedStyle(one)[property], page]);
        return [
            ...of("p:not(.note), td, th, dt, dd, figcaption, h2, h3, a", "color"),
            ...of(".xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .annotation-text", "fill"),
        ];
    }""")
    assert len(pairs) > 200
    assert [pair for pair in pairs if contrast(*pair[1:]) < 4.5] == []
    tab.close()


def test_a_change_of_the_scheme_changes_the_figures(chromium, address):
    from playwright.sync_api import expect

    tab, *_ = visit(chromium, address)
    expect(tab.locator("#history .xtitle")).to_have_css("fill", "rgb(31, 35, 40)")
    tab.emulate_media(color_scheme="dark")
    expect(tab.locator("#history .xtitle")).to_have_css("fill", "rgb(230, 237, 243)")
    tab.close()


def test_names_with_markup_are_shown_literally(chromium, address):
    tab, *_ = visit(chromium, address)
    assert tab.locator("#recall .ytick text", has_text="<b>V</b> (40)").count() == 1
    assert tab.locator("main b").count() == 0
    tab.close()


def test_a_column_head_sorts_the_table_of_all_trials_by_value(chromium, address):
    tab, *_ = visit(chromium, address)
    tab.locator("details.screen summary").click()
    table = tab.locator("table.sortable")
    head = table.get_by_role("button", name="dropout", exact=True)
    column = [cell.inner_text() for cell in table.locator("th").all()].index("dropout")

    def values():
        texts = table.locator(f"tbody tr td:nth-child({column + 1})").all_inner_texts()
        return [float(text) for text in texts]

    head.click()
    assert values() == sorted(values())
    head.click()
    assert values() == sorted(values(), reverse=True)
    tab.close()


def test_a_csv_file_is_downloaded(chromium, address, tmp_path):
    tab, *_ = visit(chromium, address)
    with tab.expect_download() as download:
        tab.locator("#levels .csv").click()
    assert download.value.suggested_filename == "beats-levels.csv"
    download.value.save_as(tmp_path / "levels.csv")
    assert (tmp_path / "levels.csv").read_text(encoding="utf-8").startswith("data.balance,trials,mean,low,high")
    tab.close()


def test_on_paper_figures_fit_and_controls_are_gone(chromium, address):
    from playwright.sync_api import expect

    tab, *_ = visit(chromium, address, scheme="dark")
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in ("nav", ".csv", "details.screen"):
        assert not tab.locator(selector).first.is_visible()
    assert tab.locator("details:not([open]):not(.screen)").count() == 0
    widths = tab.evaluate(
        "[...document.querySelectorAll('.plot .main-svg')].map((one) => one.getBoundingClientRect().width)"
    )
    assert max(widths) <= 660
    assert "rgb(31, 35, 40)" in tab.evaluate("getComputedStyle(document.querySelector('#history .xtitle')).fill")
    tab.emulate_media(media="screen")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(tab.locator("#history .main-svg").first).to_have_attribute("width", "1200")
    tab.close()


def contrast(one, other):
    """Contrast of two colours as ``rgb(r, g, b)``, WCAG 2.2."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
