"""Signs: of mathematics, of footnotes, of trade; small faces made of them, which are not read."""

from __future__ import annotations

import re

from workers.text.amounts import HIGH, power_words
from workers.text.rules import Manner, Rule, after, alternatives, before

_NAMES = {
    "=": "equals", "≠": "is not equal to", "≈": "approximately", "≤": "less than or equal to",
    "≥": "greater than or equal to", "±": "plus or minus", "×": "times", "÷": "divided by",
    "√": "the square root of", "∞": "infinity", "∑": "the sum of", "∫": "the integral of",
    "∂": "partial", "∆": "delta", "∈": "in", "∪": "union", "∩": "intersection",
    "∅": "the empty set", "∀": "for all", "∃": "there exists", "∝": "is proportional to",
    "≡": "is identical to", "∛": "the cube root of", "→": "to", "⇒": "implies",
    "⇔": "if and only if", "↔": "to and from", "↑": "up", "↓": "down", "°": "degrees",
    "%": "percent", "‰": "per mille", "&": "and", "@": "at", "§": "section", "¶": "paragraph",
    "©": "copyright", "¢": "cents", "Ω": "ohms", "^": "to the power of", "+": "plus",
    "#": "hash", "€": "euros", "£": "pounds", "$": "dollars", "¥": "yen", "₹": "rupees",
    "℃": "degrees Celsius", "℉": "degrees Fahrenheit", "♯": "sharp", "♭": "flat",
    "№": "number", "∠": "angle", "⊂": "subset of", "∴": "therefore", "∵": "because",
    "¬": "not", "∧": "and", "∨": "or",
}  # fmt: skip
ALONE = _NAMES | {
    "*": "asterisk", "/": "slash", "\\": "backslash", "_": "underscore", "|": "vertical bar",
    "<": "less than", ">": "greater than", "~": "tilde", "™": "trademark", "®": "registered",
    "•": "bullet", "★": "star", "†": "dagger",
}  # fmt: skip
"""What a sign is called where it is all that there is."""

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "ο": "omicron", "ς": "sigma", "µ": "mu", "μ": "mu", "ϕ": "phi", "ϵ": "epsilon",
}  # fmt: skip
_SILENT = "*_\\•·™®†‡`{}~←◦▪●■□○★☆►▶◆"
_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
RAISED = {"ⁿ": "n", "ˣ": "x", "ⁱ": "i", "ᵗ": "t", "ᵏ": "k", "ᵐ": "m", "ʸ": "y"}
LOWERED = {
    "ᵢ": "I", "ⱼ": "J", "ₙ": "N", "ₖ": "K", "ₘ": "M", "ₓ": "X", "ₜ": "T", "ₐ": "A", "ₑ": "E",
    "ₒ": "O", "ₚ": "P", "ₛ": "S", "ₕ": "H", "ₗ": "L", "ᵣ": "R", "ᵤ": "U", "ᵥ": "V",
}  # fmt: skip
_LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _named(found: re.Match[str], manner: Manner) -> str:
    name = _NAMES[found.group()[0]]
    if name.endswith(" of") and after(found, 4).startswith(" of "):
        name = name.removesuffix(" of")
    return f" {name} "


def _minus(found: re.Match[str], manner: Manner) -> str:
    return "minus " if found.group(1) in "-−" else "plus " if found.group(1) == "+" else "about "


def _superscript(found: re.Match[str], manner: Manner) -> str:
    """A power behind a letter alone or a closing bracket; elsewhere the mark of a footnote."""
    if re.search(
        r"(?:^|[^\w'])(?:\d{0,9}[a-zA-Z]|[α-ωΑ-Ω])$|\)$|[=+−*/] ?\w{1,3}$", before(found, 12)
    ):
        return f" {power_words(found.group().translate(HIGH), manner)}"
    return ""


def _subscript(found: re.Match[str], manner: Manner) -> str:
    return (
        f" {found.group().translate(_LOW)} ".replace("2", "two")
        .replace("3", "three")
        .replace("4", "four")
    )


def _nothing(found: re.Match[str], manner: Manner) -> str:
    return ""


def _column(found: re.Match[str], manner: Manner) -> str:
    edge = not before(found, 2).strip(" \n") or after(found, 1) in {"", "\n"}
    return " " if edge or len(found.group()) > 1 else ", "


def _space(found: re.Match[str], manner: Manner) -> str:
    return " "


def _caret(found: re.Match[str], manner: Manner) -> str:
    return f" {power_words(found.group(1), manner)}"


def _compared(found: re.Match[str], manner: Manner) -> str:
    """`<` and `>` between two things that can be compared; anywhere else they are brackets."""
    near, far = before(found, 12), after(found, 4)
    things = re.search(r"(?:[\d)%&]|\b(?:is|are|if|was)|(?<![\w</])[a-zA-Z]) ?$|[\w)%] $", near)
    if re.match(r"[=]?[$€£−-]?\.?\d", far) and re.search(r"(?:^|[^\n\w]|\w )$", near):
        things = things or re.search(r"[ (,]$", near)
    if not found.group(2) and (
        things is None or re.match(r" ?[−$-]?\.?\d| [\w(]|\w\b", far) is None
    ):
        return " "
    name = "less than" if found.group(1) == "<" else "greater than"
    return f" {name}{' or equal to' if found.group(2) else ''} "


def _star(found: re.Match[str], manner: Manner) -> str:
    numbers = re.search(r"\d\s?$", before(found, 4)) and re.match(r"\s?\d", after(found, 4))
    return " times " if numbers else " "


def _greek(found: re.Match[str], manner: Manner) -> str:
    return f" {_GREEK[found.group().lower()]} "


def _minus_between(found: re.Match[str], manner: Manner) -> str:
    return " minus "


def _sharp(found: re.Match[str], manner: Manner) -> str:
    return f"{found.group(1)} {'plus plus' if found.group(2) == '++' else 'sharp'}"


_CLIPPED = {
    "tis": "tis", "twas": "twas", "twill": "twill", "n": "and", "em": "em", "cause": "because",
    "cos": "because", "cuz": "because", "til": "till", "bout": "about", "round": "round",
}  # fmt: skip


def _clipped(found: re.Match[str], manner: Manner) -> str | None:
    """`'tis` and `rock 'n' roll`: words that lost their first letters."""
    word, tail = found.group(1).lower(), found.group(2)
    if tail and word != "n":
        return None
    full = _CLIPPED[word]
    return full.capitalize() if found.group(1)[0].isupper() else full


def _and(found: re.Match[str], manner: Manner) -> str:
    return " and ".join(" ".join(letters) for letters in found.groups())


def _raised(found: re.Match[str], manner: Manner) -> str:
    return f" to the {RAISED[found.group()].upper()} "


def _lowered(found: re.Match[str], manner: Manner) -> str:
    return f" {LOWERED[found.group()]} "


def _more_or_less(found: re.Match[str], manner: Manner) -> str:
    return " plus or minus "


def _dollar_s(found: re.Match[str], manner: Manner) -> str | None:
    """`$ave`, where the sign stands for a letter."""
    word = f"s{found.group(1)}"
    return word if manner.known(word) and len(word) > 3 else None


def _dollar_name(found: re.Match[str], manner: Manner) -> str:
    return found.group().replace("$", "s")


def _and_short(found: re.Match[str], manner: Manner) -> str | None:
    """`Guns N' Roses`."""
    return "and" if re.search(r"\w $", before(found, 2)) else None


def _switch(found: re.Match[str], manner: Manner) -> str | None:
    """`--verbose` and `-q`, as a command is given them. A word behind one hyphen is no switch."""
    dashes, name = found.groups()
    if len(dashes) == 1 and len(name) > 1:
        return None
    return f"{'dash ' * len(dashes)}{name.replace('-', ' dash ')}"


def _unequal(found: re.Match[str], manner: Manner) -> str:
    return " is not equal to "


def _equals(found: re.Match[str], manner: Manner) -> str:
    return " equals "


def _both(found: re.Match[str], manner: Manner) -> str:
    return " and "


def _over(found: re.Match[str], manner: Manner) -> str:
    return " divided by " if found.group().endswith(" ") else " over "


def _slash(found: re.Match[str], manner: Manner) -> str:
    between = re.match(r"\w", after(found, 1)) and re.search(r"\w$", before(found, 1))
    if between and re.match(
        r"(?:second|minute|hour|day|night|week|month|year|person)\b", after(found)
    ):
        return " per "
    return " slash " if between else ", " if after(found, 1) == " " else " "


def _arrow(found: re.Match[str], manner: Manner) -> str:
    return " to "


def _love(found: re.Match[str], manner: Manner) -> str:
    return "love"


_FACE = r"[:;=8]['’]?-?[)(DPpOo3/\\|*\]\[](?![\w/])|:-?[)(](?!\w)"

SYMBOLS = [
    Rule("face", ":;=", re.compile(rf"(?<!\w)(?:{_FACE})"), _nothing),
    Rule(
        "heart",
        "<",
        re.compile(
            r"(?<![\w,=])<3(?![\d%]|[.,]\d"
            r"| ?(?:[mck]?m|[mk]?g|m?s|hours|days|years|minutes|seconds)\b)"
        ),
        _love,
    ),
    Rule(
        "footnote in brackets",
        "[",
        re.compile(r"(?<=[\w.,;:!?\"”)'])\[[1-9]\d{0,2}(?:[,–-] ?\d{1,3}){0,9}\]"),
        _nothing,
    ),
    Rule(
        "word without its beginning",
        "'‘",
        re.compile(rf"(?<!\w)['‘]((?i:{alternatives(_CLIPPED)}))(?![\w])('?)"),
        _clipped,
    ),
    Rule("more or less", "+", re.compile(r"\+/[-−]"), _more_or_less),
    Rule("s in a name", "$", re.compile(r"\$([a-z]{2,12})(?!\w)"), _dollar_s),
    Rule("power", "^", re.compile(r"\^\(?(-?\d{1,9})\)?"), _caret),
    Rule("footnote or power", _POWERS, re.compile(rf"[{_POWERS}]+"), _superscript),
    Rule("letter above", RAISED, re.compile(r"(?<=[\w)])."), _raised),
    Rule("letter below", LOWERED, re.compile(r"(?<=[\w)])."), _lowered),
    Rule("figures below", "₀₁₂₃₄₅₆₇₈₉", re.compile(r"[₀₁₂₃₄₅₆₇₈₉]{1,9}"), _subscript),
    Rule(
        "sign of a number",
        "-−+~",
        re.compile(r"(?<![\w)%°.+-])([-−+~]) ?(?=[.$£€]?\d)(?<! - )"),
        _minus,
    ),
    Rule(
        "from one to another",
        "-–—",
        re.compile(
            r"(?:(?<=\d[%€$£s])|(?<=\d°[CF])|(?<=\d°)|(?<=\d[kcm][mg]))[-–—](?=[$€£]?\d)"
            r"|(?<=\d[ap]m)[-–—](?=noon|midnight)"
        ),
        _arrow,
    ),
    Rule(
        "from version to version", "-–", re.compile(r"(?<=\d)[-–](?=\d{1,3}\.\d{1,3}\.\d)"), _arrow
    ),
    Rule("minus", "−", re.compile(r"−"), _minus_between),
    Rule(
        "subtracted",
        "-",
        re.compile(
            r"(?<=[\d)] )-(?= [\d(x])|(?<=\b[b-hj-z)] )-(?= [b-hj-z0-9(](?!\w))"
            r"|(?<=\b[a-z\d][a-z)] )-(?= \d{0,3}[a-z](?!\w))|(?<=\b[a-z)] )-(?= \d{0,3}[a-z] [=+])"
        ),
        _minus_between,
    ),
    Rule("version of a protocol", "/", re.compile(r"(?<=HTTP)/(?=\d)"), _space),
    Rule(
        "switch",
        "-",
        re.compile(r"(?<![^\s(`])(--?)([a-zA-Z][a-z]*(?:-[a-z]+){0,6})(?=[\s=,.;:)`]|$)"),
        _switch,
    ),
    Rule("not equal", "!", re.compile(r"(?<=[\w)\]] )!==?(?= )|(?<=\w)!==?(?=\w)"), _unequal),
    Rule("equal", "=:", re.compile(r"(?<=[\w)\]'\" ])={2,3}(?!=)|:=(?= )"), _equals),
    Rule("and or or", "&", re.compile(r"&&"), _both),
    Rule("money, nobody says how much", "$", re.compile(r"\${2,5}"), _space),
    Rule(
        "divided",
        "/",
        re.compile(r"(?<=[\d)])/(?=[\d(])(?!\d{1,4} ?°)|(?<=[\d)] )/ (?=[\d(])"),
        _over,
    ),
    Rule("slash", "/", re.compile(r"/"), _slash),
    Rule("arrow", "-=", re.compile(r"[-=]{1,2}>"), _arrow),
    Rule("rule or dash", "-=", re.compile(r"(?<![^\n])[-=]{3,}(?![^\s])"), _nothing),
    Rule("item of a list", "-*•+#>", re.compile(r"(?<![^\n])(?:[-*•+>]|#{1,6}) "), _nothing),
    Rule("line of a table", "|", re.compile(r"\|(?:[ :-]*-{2,}[ :|-]*)?"), _column),
    Rule("compared", "<>", re.compile(r"([<>])(=?)"), _compared),
    Rule("star", "*", re.compile(r"\*+"), _star),
    Rule(
        "Greek letter",
        {*_GREEK, *(letter.upper() for letter in _GREEK)} - {"µ", "Ω"},
        re.compile(r"[^\W\d_]"),
        _greek,
    ),
    Rule("name", _NAMES, re.compile(r"(.)(?!\1)", re.DOTALL), _named),
    Rule("not read", _SILENT, re.compile(r".", re.DOTALL), _space),
]


def _scale(found: re.Match[str], manner: Manner) -> str | None:
    if not re.search(r"\bdegrees? $", before(found, 9)):
        return None
    return "Celsius" if found.group() == "C" else "Fahrenheit"


def _grade(found: re.Match[str], manner: Manner) -> str | None:
    """`a B- in biology`, `rated BB-`; not "A- and AS-levels", nor a dash without its spaces."""
    letters = found.group(1)
    if len(letters) < 2 and not _GRADED.search(before(found)):
        return None
    return f"{' '.join(letters)} minus"


_GRADED = re.compile(
    r"(?:\b(?:an?|got|gets?|my|his|her|their|your|solid|straight|earned|gave(?: \w+)?|graded?|rated"
    r"|average|mark)|[A-F][+-]?(?:,? (?:or|to|and)|/|,)|:) ?(?:an? )?$"
)
"""What stands before a mark of a school."""

WORDS = [
    Rule(
        "grade",
        "-",
        re.compile(
            r"([A-DF]|(?P<one>[A-C])(?P=one){1,2})-(?![\w-])(?!,? (?:and|or|to) [\w.]+-[a-z])"
        ),
        _grade,
    ),
    Rule("s in a name", "$", re.compile(r"[A-Za-z]{1,10}\$[A-Za-z]{1,10}(?!\w)"), _dollar_name),
    Rule("and", ["n"], re.compile(r"[nN]'(?= [A-Za-z])"), _and_short),
    Rule("scale of heat", ["c", "f"], re.compile(r"[CF](?!\w)"), _scale),
    Rule(
        "language of programs",
        ["c", "f", "a", "g", "j", "d"],
        re.compile(r"([A-GJ])(\+\+|#)(?![A-Za-z_])"),
        _sharp,
    ),
    Rule("letters and letters", "&", re.compile(r"([A-Z]{1,3})&([A-Z]{1,3})(?!\w)"), _and),
    Rule("Greek letter", "µ", re.compile(r"µ(?!\w)"), _greek),
]
