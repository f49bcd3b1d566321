"""Pictures in a text, by their names: "thumbs up", "red heart".

A picture has the name that Unicode gives it, tidied; those whose name there is old or clumsy have
the one that people use. Colours of skin are not said; pictures that are joined are one, and so is a
picture that is repeated.
"""

from __future__ import annotations

import re
import unicodedata

from workers.text.characters import CIRCLED, PICTURE
from workers.text.numbers import cardinal
from workers.text.rules import Manner, Rule

_TABLE = """
👍 thumbs up|👎 thumbs down|👌 OK hand|✌ victory hand|✊ raised fist|👊 fist bump|✋ raised hand
👋 waving hand|👏 clapping hands|🙌 raising hands|🙏 folded hands|💪 flexed biceps
👉 pointing right|👈 pointing left|👆 pointing up|👇 pointing down|☝ pointing up|✍ writing hand
👀 eyes|👁 eye|❤ red heart|♥ heart|💙 blue heart|💚 green heart|💛 yellow heart|💜 purple heart
🖤 black heart|💔 broken heart|💕 two hearts|💖 sparkling heart|💗 growing heart
💘 heart with arrow|❣ heart|😀 grinning face|😁 beaming face|😂 face with tears of joy
😃 grinning face|😄 grinning face|😅 grinning face with sweat|😆 laughing face|😇 angel face
😈 smiling devil|😉 winking face|😊 smiling face|😋 yummy face|😌 relieved face|😍 heart eyes
😎 face with sunglasses|😏 smirking face|😐 neutral face|😒 unamused face|😓 sweating face
😔 sad face|😕 confused face|😖 confounded face|😗 kissing face|😘 blowing a kiss
😙 kissing face|😚 kissing face|😛 sticking out tongue|😜 winking with tongue|😝 tongue out
😞 disappointed face|😟 worried face|😠 angry face|😡 pouting face|😢 crying face
😣 persevering face|😤 huffing face|😥 sad but relieved face|😦 frowning face|😨 fearful face
😩 weary face|😪 sleepy face|😫 tired face|😬 grimacing face|😭 loudly crying face
😮 surprised face|😯 hushed face|😰 anxious face|😱 screaming in fear|😲 astonished face
😳 flushed face|😴 sleeping face|😵 dizzy face|😶 silent face|😷 face with mask|🙂 smiling face
🙁 frowning face|☹ frowning face|☺ smiling face|🙃 upside down face|🙄 rolling eyes
🤐 zipped mouth|🤑 money face|🤒 sick face|🤓 nerd face|🤔 thinking face|🤗 hugging face
🤢 nauseated face|🤣 rolling on the floor laughing|🤤 drooling face|🤦 facepalm|🤩 star struck
🤪 zany face|🤫 shushing face|🤬 swearing face|🤭 giggling face|🤮 vomiting face
🤯 exploding head|🤷 shrug|🥰 smiling face with hearts|🥱 yawning face|🥳 partying face
🥴 woozy face|🥵 hot face|🥶 cold face|🥺 pleading face|🥹 holding back tears|🫡 saluting face
🫠 melting face|🫶 heart hands|🤝 handshake|🤞 fingers crossed|🤟 love you gesture|🤘 rock on
🤙 call me hand|🖐 raised hand|🖖 vulcan salute|💩 pile of poo|💀 skull|☠ skull and crossbones
👻 ghost|🤖 robot|🔥 fire|✨ sparkles|⭐ star|🌟 glowing star|💫 dizzy|💥 collision
💯 hundred points|💤 sleeping|💦 sweat drops|🎉 party popper|🎊 confetti ball|🎈 balloon|🎁 gift
🎂 birthday cake|🍕 pizza|🍔 burger|🍟 french fries|🍺 beer|🍻 clinking beers|🍷 wine glass
🥂 clinking glasses|🥃 whisky glass|☕ coffee|🍵 tea|🍜 noodles|🍦 ice cream|🍩 doughnut|☀ sun
🌞 sun|🌙 moon|🌈 rainbow|☁ cloud|⛅ partly cloudy|☔ rain|☂ umbrella|⚡ lightning|❄ snowflake
⛄ snowman|☃ snowman|🌊 wave|🌍 globe|🌎 globe|🌏 globe|🌹 rose|🌸 cherry blossom|🌺 flower
🍀 four leaf clover|🌲 tree|🌳 tree|🎄 Christmas tree|🐶 dog|🐱 cat|🐕 dog|🐈 cat|🐭 mouse
🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🦁 lion|🐯 tiger|🐮 cow|🐷 pig|🐸 frog|🐵 monkey|🐔 chicken
🐦 bird|🐴 horse|🦄 unicorn|🐝 bee|🦋 butterfly|🐍 snake|🐢 turtle|🐟 fish|🐬 dolphin|🐳 whale
🐙 octopus|🙈 see no evil monkey|🙉 hear no evil monkey|🙊 speak no evil monkey|🐾 paw prints
🚗 car|🚕 taxi|🚌 bus|🚲 bicycle|✈ airplane|🚀 rocket|🚂 train|🚢 ship|⛵ sailboat|🏠 house
🏡 house|🏥 hospital|🏫 school|⛪ church|🗽 Statue of Liberty|⚽ soccer ball|🏀 basketball
🏈 football|⚾ baseball|🎾 tennis|🏐 volleyball|🏆 trophy|🥇 gold medal|🥈 silver medal
🥉 bronze medal|🎯 bullseye|🎮 video game|🎲 dice|🎵 music note|🎶 music notes|🎤 microphone
🎧 headphones|🎸 guitar|🎹 piano|🎬 clapper board|📷 camera|📸 camera|📱 mobile phone
☎ telephone|📞 telephone|💻 laptop|🖥 computer|⌨ keyboard|🖱 computer mouse|🖨 printer|📧 e-mail
✉ envelope|📨 envelope|📩 envelope|📦 package|📝 memo|📅 calendar|📆 calendar|📌 pushpin
📍 round pushpin|📎 paperclip|✂ scissors|📈 rising chart|📉 falling chart|📊 bar chart|📚 books
📖 open book|🔍 magnifying glass|🔎 magnifying glass|🔒 locked|🔓 unlocked|🔑 key|🔗 link
🔔 bell|🔕 no bell|🔊 loud speaker|📢 loudspeaker|📣 megaphone|💡 light bulb|🔋 battery|⚙ gear
🔧 wrench|🔨 hammer|🛠 hammer and wrench|⏰ alarm clock|⏱ stopwatch|⏳ hourglass|⌛ hourglass
⌚ watch|🕐 one o'clock|💰 money bag|💵 dollar bills|💳 credit card|💎 gem|👑 crown|💍 ring
🎓 graduation cap|👶 baby|👦 boy|👧 girl|👨 man|👩 woman|👴 old man|👵 old woman
👮 police officer|👷 construction worker|💃 dancing woman|🕺 dancing man|🏃 runner|🚶 walking
🧘 yoga|🏋 weightlifter|💅 nail polish|👪 family|👫 couple|💏 kiss|💑 couple|✅ check mark
☑ check mark|✔ check mark|✓ check mark|❌ cross mark|✖ multiply|✗ cross mark|✘ cross mark
❎ cross mark|➕ plus|➖ minus|➗ divided by|❓ question mark|❔ question mark
❗ exclamation mark|❕ exclamation mark|‼ double exclamation mark|⁉ exclamation question mark
⚠ warning|🚫 prohibited|⛔ no entry|🛑 stop sign|🚨 police light|🆕 new|🆓 free|🆗 OK|🆒 cool
🆘 S O S|🔝 top|🔜 soon|🔙 back|🔚 end|🔛 on|ℹ information|♻ recycling|♿ wheelchair|⚖ scales
☮ peace|☯ yin yang|✝ cross|☪ star and crescent|✡ star of David|🔴 red circle|🟠 orange circle
🟡 yellow circle|🟢 green circle|🔵 blue circle|🟣 purple circle|⚫ black circle|⚪ white circle
⬛ black square|⬜ white square|➡ right arrow|⬅ left arrow|⬆ up arrow|⬇ down arrow
↗ up right arrow|↘ down right arrow|↔ left right arrow|↩ left arrow curving right
↪ right arrow curving left|🔄 arrows|🔁 repeat|▶ play|⏸ pause|⏹ stop|⏩ fast forward|⏪ rewind
🏁 chequered flag|🚩 red flag|🏳 white flag|🏴 black flag|🔞 no one under eighteen
🧡 orange heart|🤍 white heart|🤎 brown heart|🔟 keycap ten|🏻 light skin
""".replace("\n", "|")
_NAMES: dict[str, str] = dict(entry.split(" ", 1) for entry in filter(None, _TABLE.split("|")))
_JOINED = {
    "❤🔥": "heart on fire", "❤🩹": "mending heart", "🏳🌈": "rainbow flag", "🏴☠": "pirate flag",
    "🏳⚧": "transgender flag", "👁🗨": "eye in speech bubble", "😶🌫": "face in clouds",
    "😮💨": "face exhaling", "😵💫": "face with spiral eyes", "🐻❄": "polar bear",
    "🐕🦺": "service dog", "👩💻": "woman at a laptop", "👨💻": "man at a laptop",
    "🧑💻": "person at a laptop",
}  # fmt: skip
_LANDS = dict(
    entry.split(" ", 1)
    for entry in (
        "AE the United Arab Emirates|AR Argentina|AT Austria|AU Australia|BD Bangladesh"
        "|BE Belgium|BG Bulgaria|BR Brazil|BY Belarus|CA Canada|CH Switzerland|CL Chile"
        "|CN China|CO Colombia|CR Costa Rica|CU Cuba|CY Cyprus|CZ Czechia|DE Germany|DK Denmark"
        "|DO the Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|ES Spain"
        "|ET Ethiopia|EU the European Union|FI Finland|FR France|GB the United Kingdom"
        "|GE Georgia|GH Ghana|GR Greece|HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia"
        "|IE Ireland|IL Israel|IN India|IQ Iraq|IR Iran|IS Iceland|IT Italy|JM Jamaica|JP Japan"
        "|KE Kenya|KR South Korea|LB Lebanon|LK Sri Lanka|LT Lithuania|LU Luxembourg|LV Latvia"
        "|MA Morocco|MT Malta|MX Mexico|MY Malaysia|NG Nigeria|NL the Netherlands|NO Norway"
        "|NP Nepal|NZ New Zealand|PE Peru|PH the Philippines|PK Pakistan|PL Poland"
        "|PR Puerto Rico|PS Palestine|PT Portugal|QA Qatar|RO Romania|RS Serbia|RU Russia"
        "|SA Saudi Arabia|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|SY Syria|TH Thailand"
        "|TN Tunisia|TR Turkey|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UN the United Nations"
        "|US the United States|UY Uruguay|VE Venezuela|VN Vietnam|ZA South Africa|ZW Zimbabwe"
    ).split("|")
)
_UNSAID = re.compile(r"\b(?:sign|symbol|emoji|ornament|dingbat|black|white|heavy)\b")
"""Words of Unicode's names that tell how a picture is drawn. A heart that is black is its own."""

_SILENT = frozenset("☆★♪♫♩♬▶◀")
"""Bullets, ratings and the music of subtitles: drawn beside a text, not said."""

_FIRST_LETTER = 0x1F1E6
_LETTER = "[\U0001f1e6-\U0001f1ff]"


def name(picture: str) -> str:
    """What a picture of one character is called; empty if it is only an ornament."""
    known = _NAMES.get(picture)
    if known is not None:
        return known
    if picture in _SILENT or "\u2701" <= picture <= "\u27bf" or "\u2605" <= picture <= "\u2613":
        return ""
    words = unicodedata.name(picture, "").lower().replace("-", " ")
    return " ".join(_UNSAID.sub(" ", words).split())


def _picture(found: re.Match[str], manner: Manner) -> str:
    first = found.group(1)
    if "\u200d" not in first:
        return f" {name(first)} "
    parts = [part for part in first.split("\u200d") if part not in "♀♂"]
    together = _JOINED.get("".join(parts))
    if together:
        return f" {together} "
    people = sum(part in "👨👩👦👧🧑👶" for part in parts)
    return f" {'family' if people > 1 else name(parts[0])} "


def _flag(found: re.Match[str], manner: Manner) -> str:
    letters = "".join(chr(ord(letter) - _FIRST_LETTER + ord("A")) for letter in found.group(1))
    land = _LANDS.get(letters)
    return f" flag of {land} " if land else " flag "


def _circled(found: re.Match[str], manner: Manner) -> str:
    return f" {cardinal(CIRCLED[found.group()], manner.british)} "


def _starts() -> set[str]:
    spans = re.findall(r"(.)(?:-(.))?", PICTURE[1:-1])
    return {
        chr(code) for first, last in spans for code in range(ord(first), ord(last or first) + 1)
    }


SYMBOLS = [
    Rule(
        "flag",
        [chr(_FIRST_LETTER + letter) for letter in range(26)],
        re.compile(rf"({_LETTER}{{2}})\1*"),
        _flag,
    ),
    Rule(
        "picture",
        _starts() - set(CIRCLED),
        re.compile(rf"({PICTURE}(?:\u200d{PICTURE}){{0,9}})(?: ?\1)*"),
        _picture,
    ),
    Rule("number in a circle", CIRCLED, re.compile(r"."), _circled),
]
