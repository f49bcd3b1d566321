"""Texts to calibrate and to judge with, in phonemes of Kokoro's alphabet.

Phonemes, so that no language needs a reader here. The key is the first letter of the
voices that speak the language. No range comes from a held-out text; but the shares in
`derive.static` were chosen by hearing up to ten voices say some of them, so the gate is not
wholly blind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import cycle

SHORT = ("ɡˈʊd mˈɔɹnɪŋ, ðə tɹˈAn ɪz lˈAt.", "wˌʌt ə lˈʌvli səɹpɹˈIz!")
"""For the gate of every derivation."""

_AMERICAN = (
    "jˈɛs.",
    "nˈO, θˈæŋk ju!",
    "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ, ænd ðˈɛn ɪt ɹˈʌnz əwˈA ˈɪntu ðə fˈɔɹəst.",
    "ʃi sˈɛlz sˈi ʃˌɛlz bI ðə sˈi ʃˈɔɹ; ðə ʃˈɛlz ʃi sˈɛlz ɑɹ sˈɜɹfɪs ʃˈɛlz.",
    "wˈʌt tˈIm dˈʌz ðə tɹˈAn lˈiv? ɪt lˈivz æt fˈIv θˈɜɹTi, fɹʌm plˈætfˌɔɹm tˈu.",
    "ðə ʤˈʌʤ “wʊd nˈɑt” ɡˈɪv ˈɛni ɹˈizᵊn — nˈɑt vˈɛɹi jˈuʒuəl, ɪz ɪt…",
)
_BRITISH = (
    "jˈɛs.",
    "nˈQ, θˈaŋk ju!",
    "ðə wˈɛðə təmˈɒɹQ wɪl bi klˈWdi, wɪð ɐ ʧˈɑːns ɒv ɹˈAn ɪn ði ˌɑːftənˈuːn.",
    "ʃˈuːəli ju kɑːnt bi sˈɪəɹiəs, ðə bˈɑːθ ɪz stˈɪl hˈɒt?",
    "ɪn ðə ɡˈɑːdᵊn ðə bˈɜːdz sˈæŋ ˈɔːl mˈɔːnɪŋ, ænd nˈQbˌɒdi ɡˈɒt ˈʌp.",
)
_SPANISH = (
    "ˈola.",
    "kˈomo estˈas, amˈiɣo mˈio?",
    "el pˈero kˈore poɾ el pˈaɾke mjˈentɾas los nˈiɲos xwˈeɣan kon la pelˈota.",
    "aʝˈeɾ ʝoβjˈo tˈoðo el dˈia, pˈeɾo ˈoj ˈase sˈol i βˈamos a la plˈaja.",
)
_FRENCH = (
    "wˈi.",
    "bɔ̃ʒˈuʁ, komɑ̃ ale vˈu?",
    "lə ʃˈa nwˈaʁ dɔʁ syʁ lə fotˈœj, e la plɥi tˈɔ̃b syʁ lə ʒaʁdˈɛ̃.",
    "nu zavˈɔ̃ maʁʃˈe tut la ʒuʁnˈe dɑ̃ le ʁˈy də la vjˈɛj vˈil.",
)
_HINDI = (
    "hˈaː̃.",
    "nəmˈʌsteː, ˈaːp kˈɛːseː hɛ̃ː?",
    "ˈaːʤ mˈɔːsəm bəhˈʊt ˈəʧʰaː hɛː, ˈɔːɾ həm bˈaːzaːɾ ʤˈaː ɾəheː hɛ̃ː.",
    "bˈəʧʧeː mɛːdˈaːn mẽː kʰˈeːl ɾəheː tʰeː, pʰˈɪɾ bˈaːɾɪʃ ʃˈʊɾuː hˈoː ɡəˌiː.",
)
_ITALIAN = (
    "sˈi.",
    "bwonʤˈorno, kˈome sta?",
    "il ɡˈatːo dˈɔrme sul divˈano mˈentre fwˈɔri pjˈɔve da stamatːˈina.",
    "domˈani andjˈamo al mˈare kon i nˈɔstri amˈiʧi, se il tˈɛmpo lo permˈetːe.",
)
_JAPANESE = (
    "hˈai.",
    "koɴɲiʨiβa, ɡeɴki desɨka?",
    "kjoːβa teɴki ɡa iː node, koːeɴ made arɯite ikimaɕoː.",
    "deɴɕaβa ɡoɡo saɴʥi ni toːkjoː o deru joteː desɨ, isoide kɯdasai.",
)
_PORTUGUESE = (
    "sˈiŋ.",
    "bˈoŋ ʤˈiɐ, tˈudu bˈẽj?",
    "u mˈaɾ estˈa kˈawmu ˈoʒi, i as kɾiˈɐ̃sɐs bɾˈĩkɐ̃w na aɾˈejɐ.",
    "ˈõtẽj ʃovˈew mˈujtu, mas amɐɲˈɐ̃ vaj fazˈeɾ sˈɔw u ʤˈiɐ tˈodu.",
)
_CHINESE = (
    "ʂɨ↘.",
    "ni↗xau↓, xən↓ kau→ɕiŋ↘ ɻən↘ʂɨ ni↓!",
    "ʨin→tʰjɛn→ tʰjɛn→ʨʰi↘ xən↗xau↓, wo↓mən ʨʰy↘ kuŋ→ɥɛn↗ san↘pu↘ pa.",
    "tʰa→ mei↗tʰjɛn→ ʦau↓ʂaŋ tou→ xɤ→ i→ pei→ ʧʰa↗, ɻan↗xou↘ ʂaŋ↘pan→.",
)

CALIBRATION: Mapping[str, tuple[str, ...]] = {
    "a": _AMERICAN, "b": _BRITISH, "e": _SPANISH, "f": _FRENCH, "h": _HINDI,
    "i": _ITALIAN, "j": _JAPANESE, "p": _PORTUGUESE, "z": _CHINESE,
}  # fmt: skip
"""Of each language the first two are short."""

_HELD_OUT = (
    "hˌWˈɛvəɹ, wi kˈænt bi ʃˈʊɹ!",
    "pˈækɪʤᵻz fɹʌm ˈɛvɹi pˈɑɹt ʌv ðə wˈɜɹld əɹˈIvd ɑn mˈʌndA.",
    "ˈæftəɹ ðə stˈɔɹm, ə jˈɛlO mˈun hˈʌŋ ˌOvəɹ ðə kwˈIət hˈɑɹbəɹ.",
)
HELD_OUT: Mapping[str, tuple[str, ...]] = {
    "a": _HELD_OUT,
    "b": (*_HELD_OUT[:1], "ðə klˈɑːs stˈɑːts æt hˈɑːf pˈɑːst nˈIn, dˈQnt bi lˈAt ɐɡˈɛn."),
    "e": (*_HELD_OUT[:1], "mi eɾmˈana tɾaβˈaxa en una lˈiβɾeɾˈia del sˈentɾo."),
    "f": (*_HELD_OUT[:1], "ɛlʒ ˈɛm bjɛ̃ liʁ lə ʒuʁnˈal apʁɛ lə kafˈe."),
    "h": (*_HELD_OUT[:1], "mˈeːɾaː bʰˈaːiː dˈɪlːiː mẽː kˈaːm kəɾtˈaː hɛː."),
    "i": (*_HELD_OUT[:1], "mia sorˈɛlːa lavˈora in una libreria del ʧˈɛntro."),
    "j": (*_HELD_OUT[:1], "asɨβa tomodaʨi to iɕɕo ni eːɡa o mimasɨ."),
    "p": (*_HELD_OUT[:1], "mˈiɲɐ iɾmˈɐ̃ tɾabˈaʎɐ nˈumɐ livɾaɾˈiɐ du sˈẽtɾu."),
    "z": (*_HELD_OUT[:1], "wo↓ʨje↓ʨje ʦai↘ ʂu→tjɛn↘ kuŋ→ʦwo↘, ta→ xən↓ maŋ↗."),
}
"""English for every voice, then its own language."""


def tokens(text: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Token for token. Raises KeyError for a symbol that is not in the alphabet."""
    return [vocabulary[symbol] for symbol in unicodedata.normalize("NFD", text)]


def longest(chosen: Sequence[str], limit: int) -> str:
    """These texts one after another, again and again: `limit` symbols, less a broken word."""
    joined = ""
    for text in cycle(chosen):
        if len(joined) >= limit:
            break
        joined += unicodedata.normalize("NFD", text) + " "
    return re.sub(r"\S*$", "", joined[:limit]).rstrip()
