"""HTML bodies: readable text, and display that cannot do harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.channels.email.html import fold_quotes, html_to_text, sanitise


@pytest.mark.parametrize(
    ("markup", "want"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><script>x()</script><p>seen</p>", "seen"),
        ('<div style="display:none">hidden</div>seen', "seen"),
        ("a &amp; b&nbsp;c &lt;d&gt;", "a & b c <d>"),
        ("<blockquote>old<blockquote>older</blockquote></blockquote>new", "> old\n> > older\nnew"),
        ("<!-- note -->text<![endif]-->", "text"),
        ("no markup at all", "no markup at all"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("", ""),
    ],
)
def test_text(markup: str, want: str) -> None:
    assert html_to_text(markup) == want


HARMFUL = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>1</script>">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<form action="https://evil.example"><input name="p"></form>',
    '<p style="background:url(https://evil.example/x)">x</p>',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    "<svg><script>1</script></svg>",
    '<math><mi xlink:href="javascript:1">x</mi></math>',
    '<base href="https://evil.example">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<img srcset="https://evil.example/x 2x">',
    '<video poster="https://evil.example/x"></video>',
    '<table background="https://evil.example/x"><tr><td>x</td></tr></table>',
]


@pytest.mark.parametrize("markup", HARMFUL)
def test_harm_is_taken_out(markup: str) -> None:
    clean = sanitise(markup).markup.lower()
    for word in ("<script", "onerror", "javascript:", "data:", "<iframe", "<form", "style=",
                 "<link", "<svg", "<base", "<meta", "srcset", "poster", "background"):  # fmt: skip
        assert word not in clean


def test_remote_images_do_not_load_but_can_be_asked_for() -> None:
    got = sanitise('<img src="https://track.example/1.png" alt="Logo"><img src="//t.example/2">')
    assert got.blocked_images == 2
    assert ' src="' not in got.markup
    assert 'data-blocked-src="https://track.example/1.png"' in got.markup
    assert 'alt="Logo"' in got.markup


def test_inline_images_show_the_stored_file() -> None:
    got = sanitise('<img src="cid:logo@x"><img src="cid:gone">', {"logo@x": "/files/7"})
    assert 'src="/files/7"' in got.markup
    assert 'src="cid:gone"' in got.markup
    assert got.blocked_images == 0


def test_a_sender_cannot_forge_our_own_marks() -> None:
    got = sanitise('<img data-blocked-src="https://evil.example">')
    assert "evil" not in got.markup


def test_links_open_apart() -> None:
    assert 'rel="noopener noreferrer nofollow"' in sanitise('<a href="https://x.org">x</a>').markup


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_markup_is_taken(markup: str) -> None:
    assert "<script" not in sanitise(markup).markup.lower()


def test_folding_keeps_every_word() -> None:
    assert fold_quotes("New\n\n> Old", "New") == ("New", "> Old")
    assert fold_quotes("Only", "Only") == ("Only", "")
    assert fold_quotes("A\n> q\nB", "A\nB") == ("A\nB", "A\n> q\nB")
