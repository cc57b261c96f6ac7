"""What the sender newly wrote, over clients and languages."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.channels.email.reply import strip_html, strip_text
from tests.channels.email.reply_cases import ATTRIBUTIONS, HEADER_BLOCKS, KEPT, MOBILE, ORIGINALS

NEW = "It works now.\n\nThanks,\nDana"
OLD = "Did you try turning it off?\n\nRegards\nIvy"
QUOTED = "\n".join(f"> {line}".rstrip() for line in OLD.split("\n"))


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
class TestAttribution:
    def test_with_quoted_lines(self, line: str) -> None:
        assert strip_text(f"{NEW}\n\n{line}\n\n{QUOTED}\n") == NEW

    def test_without_quote_marks(self, line: str) -> None:
        assert strip_text(f"{NEW}\n\n{line}\n\n{OLD}\n") == NEW

    def test_answer_below(self, line: str) -> None:
        assert strip_text(f"{line}\n{QUOTED}\n\n{NEW}\n") == NEW

    def test_quoted_itself(self, line: str) -> None:
        inner = "\n".join(f"> {one}" for one in line.split("\n"))
        assert strip_text(f"{NEW}\n\n{inner}\n{QUOTED}\n") == NEW

    def test_windows_line_ends(self, line: str) -> None:
        body = f"{NEW}\n\n{line}\n\n{QUOTED}\n".replace("\n", "\r\n")
        assert strip_text(body) == NEW


@pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS.keys())
class TestHeaderBlock:
    def test_below_the_answer(self, block: str) -> None:
        assert strip_text(f"{NEW}\n\n{block}\n\n{OLD}\n") == NEW

    def test_below_a_rule(self, block: str) -> None:
        assert strip_text(f"{NEW}\n\n________________________________\n{block}\n\n{OLD}") == NEW

    def test_forward_without_comment_is_kept(self, block: str) -> None:
        assert "Did you try" in strip_text(f"{block}\n\n{OLD}\n")

    def test_in_html(self, block: str) -> None:
        rows = "<br>".join(f"<b>{one}</b>" for one in _escaped(block).split("\n") if one)
        markup = f"<div><p>It works now.</p><p>Thanks,<br>Dana</p></div><div><p>{rows}</p></div>"
        assert strip_html(f"<html><body>{markup}<p>Old words</p></body></html>") == NEW


@pytest.mark.parametrize("line", ORIGINALS)
def test_announced_mail_is_cut(line: str) -> None:
    assert strip_text(f"{NEW}\n\n{line}\n{OLD}\n") == NEW


@pytest.mark.parametrize("line", MOBILE)
def test_program_line_goes_away(line: str) -> None:
    assert strip_text(f"{NEW}\n\n{line}\n") == NEW


@pytest.mark.parametrize("text", KEPT)
def test_words_of_the_sender_stay(text: str) -> None:
    assert strip_text(f"Hello\n\n{text}\n\nBye") == f"Hello\n\n{text}\n\nBye"


@pytest.mark.parametrize("delimiter", ["-- ", "--", "—", "–", "__"])
def test_signature_is_cut(delimiter: str) -> None:
    body = f"{NEW}\n{delimiter}\nDana Muster\nIT, Room 12\nTel. +49 30 555 0100"
    assert strip_text(body) == NEW


@pytest.mark.parametrize("rule", ["_____________", "----------", "*****", "=========="])
def test_contact_block_below_a_rule_is_cut(rule: str) -> None:
    body = f"{NEW}\n\n{rule}\nDana Muster\nExample Ltd\nwww.example.org\n"
    assert strip_text(body) == NEW


def test_rule_between_paragraphs_stays() -> None:
    body = (
        "First the server fails to start.\n\n-----\n\nThen, after a while, it does start again. "
        "The log has nothing about it.\n\n-----\n\nPlease tell me what to do about this problem."
    )
    assert strip_text(body) == body


def test_inline_answers_stay_with_their_questions() -> None:
    body = (
        "Hi Ivy,\n\nOn Mar 4, 2025, at 09:12, Ivy Stone <ivy@example.org> wrote:\n\n"
        "> Which room?\n\nRoom 12.\n\n> Which printer?\n\nThe HP one.\n\n> Thanks\n> Ivy\n"
    )
    want = "Hi Ivy,\n\n> Which room?\n\nRoom 12.\n\n> Which printer?\n\nThe HP one."
    assert strip_text(body) == want


def test_words_above_and_below_one_quote_stay() -> None:
    body = f"See below.\n\n{ATTRIBUTIONS['en-apple']}\n\n> Which room?\n\nRoom 12.\n"
    assert strip_text(body) == "See below.\n\nRoom 12."


def test_an_attribution_in_words_nobody_listed_goes_with_its_quote() -> None:
    line = "Missatge de Ivy Stone <ivy@example.org> del dia dt., 4 de març 2025 a les 9:12:"
    assert strip_text(f"{NEW}\n\n{line}\n> old") == NEW


def test_quote_without_attribution_is_context() -> None:
    assert strip_text("> Which room?\n\nRoom 12.") == "> Which room?\n\nRoom 12."


def test_only_quotes_are_kept_when_nobody_is_named() -> None:
    assert strip_text("> forwarded words") == "> forwarded words"


def test_empty_reply_is_empty() -> None:
    assert strip_text(f"\n{ATTRIBUTIONS['en-gmail']}\n\n{QUOTED}") == ""


def test_phone_puts_quoted_words_behind_the_attribution() -> None:
    body = f"{NEW}\n\n  On Tue, Mar 4, 2025 at 9:12, Ivy<ivy@example.org> wrote:   Did you?\nOld\n"
    assert strip_text(body) == NEW


def test_nested_history_is_cut_at_the_first_seam() -> None:
    older = f"{ATTRIBUTIONS['de-gmail']}\n\n{OLD}\n\n{HEADER_BLOCKS['fr']}\n\n{OLD}"
    assert strip_text(f"{NEW}\n\n{older}") == NEW


GMAIL = (
    '<div dir="ltr">It works now.<div><br></div><div>Thanks,</div><div>Dana</div></div><br>'
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{line}<br></div>'
    '<blockquote class="gmail_quote" style="margin:0"><div>Old words</div></blockquote></div>'
)
HTML = {
    "gmail": GMAIL.format(line="On Tue, Mar 4, 2025 Ivy &lt;ivy@example.org&gt; wrote:"),
    "gmail-unknown-language": GMAIL.format(line="Ye 4 Zu 2025 Ivy nkwu &lt;ivy@example.org&gt;"),
    "gmail-old": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div class="gmail_extra">'
    '<br><div class="gmail_quote">2025-03-04 9:12 GMT+01:00 Ivy <span>&lt;ivy@example.org&gt;'
    '</span>:<br><blockquote class="gmail_quote">Old words</blockquote></div></div>',
    "thunderbird": '<p>It works now.<br></p><p>Thanks,<br>Dana</p><div class="moz-cite-prefix">'
    'Am 04.03.25 um 09:12 schrieb Ivy:<br></div><blockquote type="cite" cite="mid:1@x">'
    "<p>Old words</p></blockquote>",
    "outlook-web": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div id="appendonsend">'
    '</div><hr><div id="divRplyFwdMsg"><b>From:</b> Ivy<br><b>Sent:</b> Tuesday<br></div>'
    "<div>Old words</div>",
    "outlook-prefixed": "<div>It works now.</div><br><div>Thanks,<br>Dana</div><hr>"
    '<div id="x_divRplyFwdMsg">Xx: Ivy<br>Yy: Zz</div><div>Old words</div>',
    "outlook-desktop": '<p class="MsoNormal">It works now.</p><p class="MsoNormal">Thanks,<br>Dana'
    '</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    "<p><b>Fomu:</b> Ivy<br><b>Ranti:</b> 4</p></div></div><p>Old words</p>",
    "outlook-mac": "<div>It works now.</div><br><div>Thanks,<br>Dana</div>"
    '<span id="OLK_SRC_BODY_SECTION"><div>From: Ivy</div><div>Old words</div></span>',
    "outlook-mobile": "<div>It works now.</div><br><div>Thanks,<br>Dana</div>"
    '<div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a>'
    '</div><hr><div id="divRplyFwdMsg">From: Ivy</div>Old words',
    "yahoo": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div id="ydp1yahoo_quoted_1" '
    'class="yahoo_quoted"><div>On Tuesday Ivy wrote:</div><div>Old words</div></div>',
    "proton": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div class="protonmail_quote">'
    'On Tuesday, Ivy wrote:<br><blockquote class="protonmail_quote">Old</blockquote></div>',
    "zoho": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div class="zmail_extra">'
    "---- On Tue Ivy wrote ----<br><blockquote>Old words</blockquote></div>",
    "apple": "<html><body>It works now.<div><br></div><div>Thanks,</div><div>Dana</div><div><br>"
    '<blockquote type="cite"><div>On 4 Mar 2025, at 09:12, Ivy &lt;ivy@example.org&gt; wrote:</div>'
    "<br><div>Old words</div></blockquote></div></body></html>",
    "yandex": "<div>It works now.</div><br><div>Thanks,<br>Dana</div><div> </div><div>04.03.2025, "
    '09:12, "Ivy" &lt;ivy@example.org&gt;:</div><blockquote><p>Old words</p></blockquote>',
    "gmx": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><div name="quote"><div>'
    "<b>Gesendet:</b> Dienstag<br><b>Von:</b> Ivy</div><div>Old words</div></div>",
    "comment": "<div>It works now.</div><br><div>Thanks,<br>Dana</div><!-- originalMessage -->"
    "<div>Old words</div>",
    "hotmail": '<div>It works now.</div><br><div>Thanks,<br>Dana</div><hr id="stopSpelling">'
    "Date: Tue, 4 Mar 2025<br>From: ivy@example.org<br>Old words",
}


@pytest.mark.parametrize("markup", HTML.values(), ids=HTML.keys())
def test_html_of_clients(markup: str) -> None:
    assert strip_html(markup) == NEW


def test_html_answers_between_quotes_stay() -> None:
    markup = (
        '<div class="gmail_quote"><div class="gmail_attr">On Tue, Mar 4, 2025 Ivy wrote:</div>'
        "<blockquote>Which room?</blockquote></div><div>Room 12.</div>"
        "<blockquote>Which printer?</blockquote><div>The HP one.</div>"
    )
    assert strip_html(markup) == "> Which room?\nRoom 12.\n> Which printer?\nThe HP one."


HOSTILE = {
    "quotes": "> " * 200_000,
    "nested": "\n".join(">" * (i % 500) + " x" for i in range(20_000)),
    "dates": "On Mon, Feb 1, 2016 at 4:58 AM " * 20_000,
    "colons": "From: a\n" * 60_000,
    "wrote": "wrote: " * 100_000,
    "blank": "\n" * 500_000,
    "spaces": " " * 1_000_000 + "x",
    "addresses": "a@" * 300_000,
    "rules": ("-" * 80 + "\n") * 20_000,
    "attributions": "On Mon, Feb 1, 2016 at 6:32 PM, Ivy <ivy@example.org> wrote:\n> x\ny\n"
    * 9_000,
    "sent": "sent from " * 50_000,
    "angle": "<" * 500_000,
    "seams": "x\n" + f"{ATTRIBUTIONS['en-apple']}\n\n" * 9_000,
    "dividers": "x\n\n" + "-----\ny\n\n" * 6_000,
}


# Seconds of this process alone, and many: what grows with the square takes minutes.
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_take_linear_time(body: str) -> None:
    begin = time.process_time()
    strip_text(body)
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    "markup", ["<div>" * 50_000, "<blockquote>" * 20_000 + "x", "<b" * 200_000, "&" * 500_000]
)
def test_hostile_markup_takes_linear_time(markup: str) -> None:
    begin = time.process_time()
    strip_html(markup)
    assert time.process_time() - begin < 20


PIECES = [*NEW.split("\n"), *QUOTED.split("\n"), "", "-- ", *ORIGINALS[:5], *MOBILE[:9]]
PIECES += [*ATTRIBUTIONS.values(), *HEADER_BLOCKS.values()]


@given(st.lists(st.sampled_from(PIECES)))
@settings(max_examples=150, deadline=None)
def test_every_line_of_a_reply_stands_in_the_body(pieces: list[str]) -> None:
    body = "\n".join(pieces)
    lines = {line.rstrip() for line in body.split("\n")}
    assert {line for line in strip_text(body).split("\n") if line} <= lines


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken(body: str) -> None:
    assert isinstance(strip_text(body), str)
    assert isinstance(strip_html(body), str)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
