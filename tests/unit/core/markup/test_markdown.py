"""What is heard of Markdown, also in a text that nobody called so."""

from __future__ import annotations

import pytest

from supervisor.core.markup.reading import marked
from tests.fixtures.marked_texts import marked_whole, shown


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("# Title\n\nText.", "Title⟨heading⟩Text."),
        ("Text\n## Title ##\nMore", "Text⟨paragraph⟩Title⟨heading⟩More"),
        ("# Fixes {#fixes}\n* One", "Fixes⟨heading⟩One⟨item⟩"),
        ("### 1. Key points\nx", "1: Key points⟨heading⟩x"),
        ("**1. Key points**\nx\n\n__Note__:\ny", "1: Key points⟨heading⟩x\n\nNote⟨heading⟩y"),
        ("**Stop!**\n\n**“No.”**\n\n**a** b\n**c**", "Stop!\n\n“No.”\n\na b\nc"),
        ("Title\n=====\ntext\n\nSub\n---\nmore", "Title⟨heading⟩text\n\nSub⟨heading⟩more"),
        ("Some text\nof two lines.\n---\nmore", "Some text\nof two lines.⟨paragraph⟩more"),
        ("A.\n\n---\n\nB.\n\n* * *\n\n***\nC.", "A.⟨paragraph⟩B.⟨paragraph⟩C."),
        ("> quoted\n> lines\n>> deep\n\nAfter", "quoted\nlines\ndeep⟨paragraph⟩After"),
        (
            "Tom wrote:\n> 5 apples\n> came\nYes",
            "Tom wrote:⟨paragraph⟩5 apples\ncame⟨paragraph⟩Yes",
        ),
        ("> [!WARNING]\n> Mind it.", "Warning⟨item⟩Mind it.⟨paragraph⟩"),
        ("<!-- a\n\nb -->Text <!-- c --> end", "Text end"),
        ("---\ntitle: X\ntags:\n  - a\n---\n\nBody", "\nBody"),
    ],
)
def test_blocks_end_as_they_are_meant(text: str, heard: str) -> None:
    """Headings, rules and quotes say where something ends; their signs are not read."""
    assert shown(text) == heard
    assert shown(text, "markdown") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("* a\n* b\n\nEnd", "a⟨item⟩b⟨paragraph⟩End"),
        ("+ a\n\n+ b\n  goes on\n\n  and on\n+ c", "a⟨item⟩b\n  goes on⟨item⟩and on⟨item⟩c⟨item⟩"),
        ("- a\n  - b\n    - c\n- d", "a⟨item⟩b⟨item⟩c⟨item⟩d⟨item⟩"),
        ("- [ ] a\n- [x] b", "a⟨item⟩b⟨item⟩"),
        ("Do:\n1. a\n2. b\n   - c\n10) d", "Do:⟨item⟩1: a⟨item⟩2: b⟨item⟩c⟨item⟩10: d⟨item⟩"),
        ("- # a\n- > b\n- ```\n  c\n  ```\n- d", "a⟨heading⟩b⟨paragraph⟩c⟨item⟩d⟨item⟩"),
        ("* **Bold**: text\n* `code`", "Bold: text⟨item⟩code⟨item⟩"),
    ],
)
def test_each_item_of_a_list_ends(text: str, heard: str) -> None:
    """Bullets and boxes are not read; numbers are, with a colon, as people say them."""
    assert shown(text) == heard
    assert shown(text, "markdown") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("| Name | Age |\n|:---|---:|\n| Ann | 31 |", "Name, Age⟨item⟩Ann, 31⟨item⟩"),
        ("Prices:\n\n| A | B |\n|---|---|", "Prices:\n\nA, B⟨item⟩"),
        ("a | b\n--- | ---\n1 | 2\n\nEnd", "a, b⟨item⟩1, 2⟨item⟩End"),
        (
            "T:\n| a | b |\n|---|---|\n| | **x** \\| y. |\n| c. | d |",
            "T:⟨item⟩a, b⟨item⟩x | y.⟨item⟩c. d⟨item⟩",
        ),
    ],
)
def test_a_table_is_read_row_by_row(text: str, heard: str) -> None:
    """A comma stands between cells unless something else does; empty ones are not heard."""
    assert shown(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Run:\n```python\nx = 1\n\n# y\n```\nEnd", "Run:⟨item⟩x = 1⟨item⟩# y⟨paragraph⟩End"),
        ("~~~\n**a**\n~~~\nb", "**a**⟨paragraph⟩b"),
        ("````\n```\n````", "```⟨paragraph⟩"),
        ("Cut off:\n```\na\nb", "Cut off:⟨item⟩a⟨item⟩b⟨item⟩"),
        ("~~~~~~~\nNo code.", "No code."),
        ("Use `a*b*c` and ``x ` y``.", "Use a*b*c and x ` y."),
    ],
)
def test_code_is_read_as_it_is_written(text: str, heard: str) -> None:
    """Each line ends; fences and the name of the language are not read."""
    assert shown(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('[text](http://x.org/a_(b) "Title") and [b](<c d>)', "text and b"),
        ("[x][ref], [ref] and [Ref][]\n\n[ref]: <http://x.org> 'T'\nEnd", "x, ref and Ref\n\nEnd"),
        ("![A cat](c.png) [![Build](b.svg)](http://x)", "A cat Build"),
        ("[**bold** link](a/b)!", "bold link!"),
        ("Note[^1] and[^a].\n\n[^1]: One.\n[^a]: Two.", "Note and.\n\nOne.⟨item⟩Two."),
        ("a [] (b) [c]", "a [] (b) [c]"),
    ],
)
def test_of_a_link_its_text_is_heard(text: str, heard: str) -> None:
    """No address, no title, no footnote's sign; a footnote is read where it stands."""
    assert shown(text) == heard
    assert shown(text, "markdown") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("*a* _b_ **c** __d__ ~~e~~ ==f== ***g*** **h *i***", "a b c d e f g h i"),
        ("*unclosed and **half* open", "*unclosed and *half open"),
        ("**Note:**this and “**q**”", "Note:this and “q”"),
        ("これは**「重要」**です", "これは「重要」です"),
        ("_a_, (_b_), ==c==.", "a, (b), c."),
    ],
)
def test_emphasis_is_read_through(text: str, heard: str) -> None:
    """Only signs that pair go."""
    assert shown(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("[tomato](/təˈmɑːtəʊ/)", "⟨tomato = təˈmɑːtəʊ⟩"),
        ("[cat](/kæt/) [T'ma](/t'ma/)", "⟨cat = kæt⟩ ⟨T'ma = tˈma⟩"),
        ("[**New** York](/nuː jɔːk/)", "⟨New York = nuː jɔːk⟩"),
        ("[manual](/docs/) [fr](/français/) [a](/a/b/) [ru](/страница/)", "manual fr a ru"),
    ],
)
def test_a_target_of_phonemes_is_a_pronunciation(text: str, heard: str) -> None:
    """What holds a letter that only the phonetic alphabet has is one; paths are not."""
    assert shown(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("12 Main St  \nBonn\\\nGermany", "12 Main St⟨item⟩Bonn⟨item⟩Germany"),
        ("Red  \nand blue", "Red\nand blue"),
        ("Text\n\n    code\n    more\n\nEnd", "Text\n\ncode⟨item⟩more⟨item⟩End"),
        ("- one", "one⟨item⟩"),
        ("> 5 kg", "5 kg⟨paragraph⟩"),
    ],
)
def test_a_text_that_is_called_markdown_needs_fewer_signs(text: str, heard: str) -> None:
    """A hard break, indented code, a single bullet."""
    assert shown(text, "markdown") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (
            '<div align="center">\n  <h1>T</h1>\n  <p>x\n  *y*</p>\n</div>\n\nText\nhere',
            "T⟨heading⟩x y⟨paragraph⟩Text\nhere",
        ),
        (
            "<details>\n<summary>More</summary>\n\n- a\n- b\n\n</details>\nEnd",
            "More⟨item⟩a⟨item⟩b⟨paragraph⟩End",
        ),
        ("a <script>x\n\ny</script> b <style> c", "a  b <style> c"),
        ("H<sub>2</sub>O <img alt='A dog' src=x> `<b>`", "H2O A dog <b>"),
    ],
)
def test_html_may_stand_in_markdown(text: str, heard: str) -> None:
    """As in the READMEs of the world."""
    assert shown(text) == heard


def test_what_is_longer_than_a_step_is_read_alike() -> None:
    """Lists, tables, code and comments go on from one step to the next."""
    for block in ("- item **b**\n", "| a | b |\n", "code\n"):
        head = {"|": "| h | i |\n|---|---|\n", "c": "```\n"}.get(block[0], "")
        few, many = (shown(head + block * n) for n in (3, 1000))
        one = few[len(few) - len(few) // 3 :] if not head else few.split("⟨item⟩")[1] + "⟨item⟩"
        assert many.count(one.strip("⟨item⟩")) >= 1000
    assert shown("a <!--" + "x\n\n" * 3000 + "--> b") == "a  b"
    assert shown("```\n" + "# a\n" * 2000 + "```\nb") == "# a⟨item⟩" * 1999 + "# a⟨paragraph⟩b"
    words = "word " * 150
    assert "*" not in marked_whole(f"{words} **bold words** " * 20)
    assert "](" not in marked_whole(f"{words} [a link](http://x.org/{'y' * 90}) " * 20)


def test_a_step_is_short() -> None:
    """No step gives more than some thousand characters."""
    for text in ("word " * 20_000, "- **a**\n" * 10_000, "`x`" * 20_000, "<b>x</b>" * 10_000):
        assert all(len(piece) < 5000 for piece in marked(text, "auto") if isinstance(piece, str))
