"""The composer's menu for writing anew: it opens, answers, gives the old text back."""

from tests.browser.axe import in_four_looks
from tests.browser.conftest import Desktops, ticket_for, visit
from tests.cast import Cast

ANEW = """<p id="ai-rewritten">Restart it.</p><div id="ai-rewritten-before" hidden>Mine.</div>
<button type="button" data-use-draft="#ai-rewritten">Take it</button>
<button type="button" data-use-draft="#ai-rewritten-before">Back to mine</button>"""


def test_the_menu_answers_and_the_old_text_comes_back(live_cast: Cast, desktops: Desktops) -> None:
    ticket = ticket_for(live_cast)
    page = desktops.signed_in(live_cast.alice, reduced_motion="reduce")
    visit(page, f"/desk/t/{ticket.number}/")
    text = page.get_by_role("textbox", name="Message")
    text.fill("Mine.")
    page.locator("summary[title='Write it anew']").click()
    found = in_four_looks(page)
    page.get_by_role("button", name="Shorter").click()
    page.get_by_text("No model is set up here.").wait_for()
    found += in_four_looks(page)
    # Where a model wrote: its text is taken by one button and given back by the other.
    page.evaluate("(html) => { document.querySelector('#composer-anew').innerHTML = html; }", ANEW)
    page.get_by_role("button", name="Take it").click()
    assert text.input_value() == "Restart it."
    page.get_by_role("button", name="Back to mine").click()
    assert text.input_value() == "Mine."
    assert found == []
