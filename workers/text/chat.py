"""What people type in chats, as it is said: "thx", "gr8", "btw"."""

from __future__ import annotations

import re

from workers.text.rules import Manner, Rule

_CHAT = {
    "thx": "thanks", "tnx": "thanks", "pls": "please", "plz": "please", "gr8": "great",
    "l8r": "later", "b4": "before", "m8": "mate", "w8": "wait", "2day": "today", "2nite": "tonight",
    "2moro": "tomorrow", "str8": "straight", "h8": "hate", "l8": "late", "f8": "fate",
    "sk8": "skate", "btw": "by the way", "imo": "in my opinion", "imho": "in my humble opinion",
    "tbh": "to be honest", "idk": "I don't know", "ppl": "people", "tmrw": "tomorrow",
    "tbd": "to be determined", "aka": "also known as", "w/e": "whatever", "msg": "message",
    "ur": "your", "bc": "because", "cuz": "because", "afaik": "as far as I know",
    "fyi": "for your information", "rn": "right now", "ty": "thank you", "yw": "you're welcome",
    "omg": "oh my god", "brb": "be right back", "ikr": "I know right", "ttyl": "talk to you later",
    "smh": "shaking my head", "np": "no problem", "jk": "just kidding", "nvm": "never mind",
    "lmk": "let me know", "irl": "in real life", "iirc": "if I recall correctly",
    "ofc": "of course", "tysm": "thank you so much", "atm": "at the moment", "idc": "I don't care",
    "hbu": "how about you", "fwiw": "for what it's worth", "rly": "really", "srsly": "seriously",
    "tmr": "tomorrow", "bday": "birthday", "im": "I'm", "ive": "I've", "dont": "don't",
    "didnt": "didn't", "doesnt": "doesn't", "isnt": "isn't", "wasnt": "wasn't", "thats": "that's",
    "whats": "what's", "youre": "you're", "theyre": "they're", "couldnt": "couldn't",
    "wouldnt": "wouldn't", "havent": "haven't", "arent": "aren't", "4ever": "forever",
    "omw": "on my way", "wknd": "weekend", "abt": "about", "sry": "sorry",
}  # fmt: skip
_KEPT_CAPITAL = frozenset(
    "BC TY RN UR MSG PPL ABT OMG NP JK IRL ATM IM IVE LMK SMH TTYL BRB IKR OFC IDC HBU TMR NVM "
    "IIRC RLY FWIW TYSM".split()
)
"""The same letters in capitals are something else."""


def _chat(found: re.Match[str], manner: Manner) -> str | None:
    return None if found.group() in _KEPT_CAPITAL else _CHAT.get(found.group().lower())


def _chat_digit(found: re.Match[str], manner: Manner) -> str | None:
    return _CHAT.get(found.group().lower())


DIGITS = [
    Rule("chat", "ndme", re.compile(r"[24][A-Za-z]{3,4}(?!\w)"), _chat_digit),
]
WORDS = [
    Rule(
        "chat",
        {word.split("/")[0].rstrip("0123456789") for word in _CHAT if word[0].isalpha()},
        re.compile(r"[A-Za-z]{1,8}(?:\d{1,2}r?|/e)?(?![\w'/@.]\w?)|[A-Za-z]{2,8}(?=\.(?!\w))"),
        _chat,
    ),
]
