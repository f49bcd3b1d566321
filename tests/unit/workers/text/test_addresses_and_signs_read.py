"""Addresses of the web, files and the signs of mathematics."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

WEB = {
    "Visit www.example.com today.": "Visit W W W dot example dot com today.",
    "See https://example.org/help.": "See example dot org slash help.",
    "Write to jane.doe@mail.org.": "Write to jane dot doe at mail dot org.",
    "Mail bob_smith@my-site.co.uk.": "Mail bob underscore smith at my dash site dot C O dot U K.",
    "Visit notes.app or example.io.": "Visit notes dot app or example dot I O.",
    "Edit main.py and data.csv.": "Edit main dot P Y and data dot C S V.",
    "Open /etc/hosts or README.md.": "Open slash E T C slash hosts or read me dot M D.",
    "In ~/notes or ./run.sh.": "In tilde slash notes or dot slash run dot S H.",
    "At C:\\Users\\Ann now.": "At C colon backslash users backslash ann now.",
    "Ask @openmic about #summer2024.": "Ask at openmic about hashtag summer twenty twenty four.",
    "From #MeToo on.": "From hashtag Me Too on.",
    "Ping 192.168.7.20 first.": "Ping one nine two dot one six eight dot seven dot twenty first.",
    "On 10.0.0.1:8080.": "On ten dot zero dot zero dot one colon eighty eighty.",
    "Use Node.js and .NET.": "Use node dot J S and dot net.",
    "http://x.org?a=1&b=2": "X dot org question mark a equals one and B equals two",
    "He/she and/or they.": "he or she and or they.",
    "Run bar.baz() with --verbose and -q.": "Run bar dot baz with dash dash verbose and dash q.",
    "On localhost:8080/admin or C:/Users/me.": "On local host colon eighty eighty slash admin or "
    "C colon slash users slash me.",
    "Set sign_in, not .gitignore.": "Set sign underscore in, not dot gitignore.",
    "From #2024goals on.": "From hashtag twenty twenty four goals on.",
}
SIGNS = {
    "If x = 3 then 2x + 1 = 7.": "If x equals three then two X plus one equals seven.",
    "5 × 4 ÷ 2 is > 9 & < 11.": "five times four divided by two is greater than nine and less "
    "than eleven.",
    "10² ≈ 100.": "ten squared approximately one hundred.",
    "x² + y³ and mc = b².": "x squared plus y cubed and mc equals b squared.",
    "√16 and π.": "the square root of sixteen and pi.",
    "10^6 or 10⁻³.": "ten to the power of six or ten to the minus three.",
    "3 * 4 = 12, 9 / 3 = 3.": "three times four equals twelve, nine divided by three equals three.",
    "x ≤ y, a ≠ b.": "x less than or equal to y, a is not equal to b.",
    "c - b, 7 - 2, 5 − 1.": "c minus b, seven minus two, five minus one.",
    "H₂O and CO2.": "H two O and C O two.",
    "I got a B- in Bio, an A- and BB-.": "I got a B minus in Bio, an A minus and B B minus.",
    "A- and AS-levels, an A- or B-road": "A- and AS-levels, an A- or B-road",
    "C++ and C# are fun.": "C plus plus and C sharp are fun.",
    "§ 4, ¶ 2, © 2020.": "section four, paragraph two, copyright twenty twenty.",
    "It is ~20 more.": "It is about twenty more.",
    "A → B.": "A to B.",
    "If x != y or a == b.": "If x is not equal to y or a equals b.",
    "a - b = c.": "a minus b equals c.",
    "p < .05 and <1%, >= 3.": "p less than point zero five and less than one percent, greater "
    "than or equal to three.",
    "2ⁿ, xᵢ and χ².": "two to the N, x I and chi squared.",
    "C6H12O6 and H2SO4.": "C six H twelve O six and H two S O four.",
    "α, Δx and 2π.": "alpha, delta x and two pi.",
    "It is <3mm, I <3 you.": "It is less than three millimeters, I love you.",
}


@pytest.mark.parametrize(("written", "spoken"), [*WEB.items(), *SIGNS.items()])
def test_addresses_and_signs_are_said_as_a_person_says_them(written: str, spoken: str) -> None:
    """Dots, slashes and signs have names."""
    assert said(written) == spoken
