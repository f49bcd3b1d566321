"""The table of homographs: ways of saying each, and what settles it.

A row is tried from its top: the first clue that fits decides. A word without a row, or a row in
which nothing fits, is left to the grammar of the sentence and to the dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from workers.text.clauses import (
    BE,
    DETERMINERS,
    HAVE,
    MODALS,
    OBJECTS,
    PLURAL_SUBJECTS,
    SEEM,
    SINGULAR_SUBJECTS,
    START,
    listed,
)


class Said(msgspec.Struct, frozen=True):
    """One way of saying a word: as the dictionary has it for a tag, or with these phonemes."""

    tag: str = ""
    american: str = ""
    british: str = ""

    def phonemes(self, *, british: bool) -> str:
        """The phonemes of an accent; empty if the dictionary knows them for the tag."""
        return self.british if british else self.american


class Clue(msgspec.Struct, frozen=True):
    """What must hold for a way of saying.

    Each set that is given must have a word that stands there, or its tag (in capitals): two places
    before, right before (or before the adverbs there), right after, or nearby. `part` is what the
    grammar or else the tagger takes the word for, by the beginning of its tag.
    """

    said: Said
    earlier: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    near: frozenset[str]
    not_before: frozenset[str]
    not_after: frozenset[str]
    part: str
    capital: bool | None


def _if(  # noqa: PLR0913 (a clue names what it asks for)
    said: Said,
    *,
    earlier: str = "",
    before: str = "",
    after: str = "",
    near: str = "",
    not_before: str = "",
    not_after: str = "",
    part: str = "",
    capital: bool | None = None,
) -> Clue:
    return Clue(
        said=said,
        earlier=listed(earlier),
        before=listed(before),
        after=listed(after),
        near=listed(near),
        not_before=listed(not_before),
        not_after=listed(not_after),
        part=part,
        capital=capital,
    )


def _sound(american: str, british: str = "") -> Said:
    return Said(american=american, british=british or american)


_NOUN, _NOUNS, _ADJECTIVE = Said("NN"), Said("NNS"), Said("JJ")
_VERB, _VERBS, _PAST = Said("VB"), Said("VBZ"), Said("VBD")

_ASKED = f"{MODALS} to please let's"
_WAYS = (
    "path road river trail street lane staircase stream track route creek valley stair stairs "
    "procession line way canyon footpath highway roads paths trails streets lanes"
)
_ALONG = "up down through around round along past between into across its towards toward back"
_SUBJECTS = f"{PLURAL_SUBJECTS} {SINGULAR_SUBJECTS}"
_HUMANS = (
    "man men woman women people mother father aunt uncle parents parent couple grandmother child "
    "grandfather husband wife sister brother son daughter lady gentleman cat baby smile sigh"
)

_CAUSES = "let make makes made help see hear"

# -- lead, read, live --------------------------------------------------------------------------

_METAL = _sound("lˈɛd")
_LEAD = (
    _if(_METAL, before="of", after="VBZ VBD . , ; and", not_after="is"),
    _if(_METAL, before=START, after="is has was melts contains poisoning"),
    _if(
        _METAL,
        after="pipe pipes piping paint paints poisoning bullet bullets shot glass crystal roof ore "
        "ores sheet sheets sheeting weight weights mine mines mining miners smelting smelter roofs "
        "acetate oxide sulfide sulphide sulfate sulphate iodide azide chloride nitrate carbonate "
        "acid battery batteries pellet pellets pencil content contamination exposure coffin "
        "coffins lined apron aprons shielding solder alloy alloys ingot ingots isotope isotopes "
        "compounds sinker sinkers balloon dust pollution soldiers plumbing seal seals foil cames",
        not_before=f"to {PLURAL_SUBJECTS} {MODALS}",
    ),
    _if(
        _METAL,
        before="with of in from into contain contains contained containing heavy molten melted "
        "white red liquid pure metallic tetraethyl",
        near="covered lined filled made sealed roofed coated weighted clad poured traces amounts "
        "contain contained contains containing molten roof cast wrapped sheathed church coffin "
        "windows pewter encased metal metals poisoning toxic turn",
        not_before="DT",
        not_after="to the a an role vocals singer guitar guitarist actor by on over",
        part="N",
    ),
    _if(_METAL, before="contain contains contained containing molten melted", not_after="to"),
    _if(
        _METAL,
        near="zinc copper tin mercury cadmium arsenic iron antimony bismuth brass bronze pewter "
        "smelted solder ore nickel uranium graphite gasoline petrol paint pencils silver",
        not_before=f"took takes taking take {_ASKED} {_SUBJECTS} {DETERMINERS}",
        not_after="to the a an his her their him them us up in by off role vocals vocal singer "
        "guitar guitarist actor from over",
        part="N",
    ),
)

_RED, _REED = _PAST, _VERB
_READ = (
    _if(_RED, before="widely well"),
    _if(_NOUN, before="DT JJ", not_before="that all", part="N"),
    _if(_RED, earlier=HAVE, before=f"{OBJECTS} i we he she they", not_before="him her"),
    _if(_REED, earlier=f"{MODALS} {_CAUSES}", before=f"{_SUBJECTS} {OBJECTS} NNP"),
    _if(_REED, earlier=f"{MODALS}", before="not n't"),
    _if(_REED, before=f"{_ASKED} TO MD"),
    _if(_RED, before=f"{HAVE} {BE} 'd got get gets getting widely well"),
    _if(_RED, after="by"),
    _if(_REED, before=f"{START} and or then", after="the this it on your these all", part="V",
        near="please carefully must should instructions before"),
    _if(_REED, before=START, after="the this it on your these all my about more"),
    _if(_RED, before="he she it NN NNP", not_before="who"),
    _if(
        _RED,
        near="yesterday ago last once earlier when was were had did VBD",
        before=f"{PLURAL_SUBJECTS} NNS and , then",
    ),
    _if(
        _REED,
        before=f"{PLURAL_SUBJECTS} NNS and or",
        near="every always usually often sometimes daily rarely seldom normally now to VBP VBZ "
        "VB MD",
    ),
    _if(_REED, before="you who NNS people"),
)  # fmt: skip

_LYV = _ADJECTIVE
_PLAYED = (
    "go goes went gone going play plays played playing perform performs performed performing sing "
    "sang sung broadcast aired air airs recorded record streamed streaming reporting report shown "
    "show came come televised carried performed seen heard appear appeared available reported"
)
_LIVE = (
    _if(_LYV, after="-", near="streamed streaming stream streams action fire tweet tweeted blog"),
    _if(_VERB, before=f"{_ASKED} TO MD"),
    _if(_VERB, before=_SUBJECTS, not_before="it that which"),
    _if(
        _LYV,
        after="music show shows broadcast broadcasts band audience album albums recording "
        "recordings performance performances concert concerts version versions wire wires "
        "ammunition action stream streams streaming coverage tv television event events bait "
        "entertainment theatre theater set sets sessions session debut births birth animals "
        "studio rounds grenade updates dvd video",
    ),
    _if(_LYV, before=f"{_PLAYED} DT POS PRP$", not_before="to all"),
    _if(
        _LYV,
        near=_PLAYED,
        after="on at in from for and . , by via to",
        not_before="NNS who people",
    ),
    _if(
        _VERB,
        before="NNS people who family",
        after="in at on near by here there together alone under among for longer with where as "
        "within outside up through out off",
    ),
    _if(_VERB, after="in near there here together alone among", not_before="IN"),
)
_LIVES = (
    _if(_VERBS, before=SINGULAR_SUBJECTS),
    _if(
        _NOUNS,
        before="DT PRP$ CD JJ IN POS save saved saves saving lose lost cost claim claimed claims "
        "risk risked end human",
    ),
    _if(_VERBS, before="NNP now"),
    _if(_VERBS, after="in at on near by here there alone with next for up under among IN RB"),
    _if(_NOUNS, after=". , ; and were are"),
)

# -- water, cloth and air ----------------------------------------------------------------------

_BASS = (
    _if(
        _NOUN,
        near="fish fishing fished caught catch catches lake lakes river grilled sea trout pike "
        "salmon cod lemon largemouth smallmouth striped pond angler anglers species fillet perch "
        "rock freshwater fisherman reservoir catfish panfish crappie walleye bluegill spotted",
        not_after="guitar guitars player drum line lines clef voice guitarist",
    ),
    _if(_ADJECTIVE),
)

_EYE = (
    "eye eyes cheek cheeks cried cry cries crying shed sheds shedding wept weep weeping burst sad "
    "joy face gas gland glands duct ducts drop drops wipe wiped rolled grief laughter moved "
    "sorrow blood sweat brought smile sobbing lachrymal salty tissue emotion single"
)
_RIP = (
    "jacket fabric cloth ligament muscle knee acl cuff meniscus tendon trousers jeans shirt sail "
    "paper hole wear hem skin dress coat tent net cruciate labrum hamstring calf achilles ripped "
    "retinal aortic pectoral groin page seam injury curtain mucosa stitched sewn surgery"
)
_TEER, _TARE = _NOUN, _VERB
_TEAR = (
    _if(_TARE, before=f"{_ASKED} TO MD wear {PLURAL_SUBJECTS} n't not"),
    _if(_TEER, near=_EYE),
    _if(_TARE, near=_RIP),
    _if(_TARE, after="up down apart off out through open at away into along strength resistance"),
    _if(_TARE, part="V"),
    _if(_TEER),
)
_TEARS = (
    _if(_NOUNS, near=_EYE, not_before=SINGULAR_SUBJECTS),
    _if(_NOUNS, before="in into to of with DT PRP$ JJ"),
    _if(_VERBS, before=SINGULAR_SUBJECTS),
    _if(_VERBS, near=_RIP),
    _if(_VERBS, after="up down apart off out through open at away easily the"),
    _if(_NOUNS),
)

_AIR, _TURN = _NOUN, _VERB
_WIND = (
    _if(_TURN, after="up", not_before="DT JJ NN"),
    _if(_TURN, after="-", near="up"),
    _if(_TURN, before=f"{_ASKED} TO MD not n't {PLURAL_SUBJECTS}"),
    _if(_TURN, before=f"{START} and or ,", after="the it a your this"),
    _if(_TURN, before=f"NNS {_WAYS}", after=_ALONG),
    _if(_TURN, before=f"{OBJECTS} {SINGULAR_SUBJECTS}", after="the a it up DT", part="V"),
    _if(_AIR),
)
_WINDS = (
    _if(_VERBS, before=f"{SINGULAR_SUBJECTS} {_WAYS}"),
    _if(_VERBS, before="NN NNP and which", after=_ALONG, not_before="strong high"),
    _if(_NOUNS),
)
_WOUND = (
    _if(_PAST, after="up", not_before="DT JJ"),
    _if(_PAST, before=_SUBJECTS, not_before="that"),
    _if(_PAST, before=f"{HAVE} {BE} tightly loosely coil coils wire thread spring",
        not_before="POS", not_after=". , from IN"),
    _if(
        _PAST,
        before="is are was were been being tightly loosely NN NNS RB",
        after="around round on onto tightly into with by through back down along past about",
        not_before="bullet gunshot head stab chest leg knife flesh puncture exit entry fatal "
        "mortal shoulder neck stomach",
    ),
    _if(_PAST, before=f"{_WAYS} NNP", after=f"{_ALONG} on the"),
    _if(_PAST, before="nurse doctor man woman boy girl mother sailor NN NNP",
        after="a the his her their it its", not_before="bullet gunshot head stab"),
    _if(_PAST, before=", and", after=f"{_ALONG} the his her it"),
    _if(_NOUN),
)  # fmt: skip

# -- near, shut; small, sixty seconds ------------------------------------------------------------

_NEAR, _SHUT = _ADJECTIVE, _VERB
_CLOSE = (
    _if(_SHUT, earlier="to at before near the by until", before="a the", after="of . , in with"),
    _if(_SHUT, before="to a", near="draw drew drawn drawing brought bring brings came come",
        not_after="NN NNS JJ"),
    _if(_NEAR, near="keep keeps kept hold held holds stay", after=". , and"),
    _if(_SHUT, before=f"{_ASKED} TO MD", not_after="to friends friend relatives proximity"),
    _if(_SHUT, earlier=MODALS, before="not n't"),
    _if(_SHUT, before=f"{START} and then or ,", after="the your it this that all my our his her"),
    _if(_NEAR, before=f"{BE} {SEEM} very so too as how more that quite pretty extremely up hold "
        "came come comes coming get got gets getting kept keep stand stood standing draw drew "
        "sat sit live lived lives stick stuck a RB JJ"),
    _if(_SHUT, before="NNS who i you we they", not_after="to by enough together behind"),
    _if(_NEAR, after="to by enough together behind up friend friends"),
    _if(_SHUT, before="the", after="of"),
    _if(_NEAR, before="DT PRP$ POS IN"),
    _if(_SHUT, part="V"),
    _if(_NEAR),
)  # fmt: skip
_CLOSER = (_if(_ADJECTIVE, not_after="pitcher role job"),)

_TINY, _SIXTY = _ADJECTIVE, _NOUN
_SMALL_THINGS = (
    "amount amounts trace traces particles particle quantities quantity details detail spot "
    "differences organisms crystals changes fragments proportions proportion scales granules "
    "creatures flowers hairs spines portions portion doses dose fraction insects droplets bubbles "
    "cracks crack examination inspection variations teeth scale pieces cells holes pores "
    "structures "
    "fungi tubercles black brown white yellow punctures serrations grains degree specimens parts "
    "openings sculpture spicules plants animals seeds"
)
_MINUTE = (
    _if(_SIXTY, before="CD per last every this next NNP one"),
    _if(_TINY, after=_SMALL_THINGS),
    _if(_TINY, before=f"{BE} {SEEM} very so too extremely most in", not_before="IN",
        not_after="man men later read of hand"),
    _if(_TINY, before="very so too extremely most and", not_after="s of later"),
    _if(_TINY, before="of some with these their its such", after="NN NNS JJ"),
    _if(_SIXTY),
)  # fmt: skip

# -- birds, boats and bows -----------------------------------------------------------------------

_BIRD, _PLUNGED = _NOUN, _VERB
_DOVE = (
    _if(_BIRD, before="DT PRP$ JJ POS of NNP", not_after="into in"),
    _if(_BIRD, before="DT PRP$ POS JJ of"),
    _if(
        _PLUNGED,
        before=f"{_SUBJECTS} NN NNP NNS and , then RB",
        after="into in for off under down from over to deep through head headfirst beneath right "
        "onto straight below behind out",
    ),
    _if(_PLUNGED, before=_SUBJECTS),
    _if(_BIRD),
)
_ARCH, _BEND = _NOUN, _VERB
_SHIP = (
    "ship ships boat boats stern deck vessel hull port starboard crew yacht anchor ballast rudder "
    "aft keel mast submarine torpedo torpedoes sail thruster thrusters canoe propeller sank wave "
    "waves ramp doors steamer bridge ferry forecastle barge gun turret"
)
_ARROWS = (
    "arrow arrows violin cello string strings ribbon tie ties hair knot archer archers hunting "
    "cross tied quiver viola violinist long fiddle spear spears shoot shot archery gift rosin"
)
_BOW = (
    _if(_BEND, before=f"{_ASKED} TO MD not n't {PLURAL_SUBJECTS}"),
    _if(_ARCH, after="tie ties string hunting window windows legs and", near=_ARROWS),
    _if(_ARCH, after="tie ties hunting window windows"),
    _if(_ARCH, near=_ARROWS),
    _if(_BEND, near=f"{_SHIP} curtain audience stage actors applause actor actress curtsy wow low"),
    _if(_BEND, earlier="take takes took taking taken deep final make made making low little"),
    _if(_BEND, before="deep final low last slight formal curtain polite port starboard"),
    _if(_BEND, after="to down before out their wave section doors"),
    _if(_ARCH),
)
_BOWS = (
    _if(_ARCH, near=_ARROWS),
    _if(_VERBS, before=SINGULAR_SUBJECTS),
    _if(_VERBS, after="to down before out his her their"),
    _if(_VERBS, near=_SHIP),
    _if(_NOUNS),
)
_BOWED = (
    _if(
        _sound("bˈOd", "bˈQd"),
        after="string strings instrument instruments legs lyre psaltery lira",
    ),
    _if(_sound("bˈWd")),
)
_LINE, _QUARREL = _sound("ɹˈO", "ɹˈQ"), _sound("ɹˈW")
_ROW = (
    _if(_LINE, before="in front back top bottom second third each every TO MD first CD death"),
    _if(
        _QUARREL,
        before="DT JJ political diplomatic bitter huge public blazing family terrible furious",
        near="terrible furious blazing argument diplomatic heated political bitter huge neighbours "
        "neighbors quarrel angry erupted sparked broke parents minister shouting wife husband",
        not_after="of houses house",
    ),
    _if(_QUARREL, earlier="had having having have", before="a", after="with about over . ,"),
    _if(_QUARREL, after="over erupted broke"),
    _if(_LINE),
)
_SOW = (
    _if(_NOUN, near="piglet piglets pig pigs boar boars farrow farrowed litter udder suckling pork "
        "milk", before="DT CD JJ NN PRP$ of"),
    _if(_NOUN, before="a the old fat pregnant nursing PRP$", not_after="wheat seeds seed"),
    _if(_NOUN, part="N", not_after="seeds seed the"),
    _if(_VERB),
)  # fmt: skip
_SOWS = (_if(_VERBS, before=SINGULAR_SUBJECTS), _if(_NOUNS))
_SHE_DEER = _sound("dˈOz", "dˈQz")
_DOES = (
    _if(_SHE_DEER, before="the CD several these those adult female pregnant two three four five "
        "young more", not_before="who", not_after="n't not"),
    _if(_SHE_DEER, before="many some and", near="buck bucks stag stags deer fawn fawns rabbit "
        "rabbits goat goats herd hares"),
)  # fmt: skip

# -- one pronunciation for a name ------------------------------------------------------------------

_RUB, _OF_POLAND = _sound("pˈɑlɪʃ", "pˈɒlɪʃ"), _sound("pˈOlɪʃ", "pˈQlɪʃ")
_POLISH = (
    _if(_RUB, capital=False),
    _if(_RUB, before=START, after="the your it this a my them up off all until with", capital=True),
    _if(_OF_POLAND),
)
_PROPHET = _sound("ʤˈOb", "ʤˈQb")
_JOB = (
    _if(
        _PROPHET,
        near="book patience suffering sufferings bible god biblical prophet satan psalms proverbs "
        "testament comforters lord hebrew ecclesiastes chapter trials boils scripture prophets "
        "isaiah ezekiel",
        not_before="DT JJ PRP$ a good",
        capital=True,
    ),
)
_MONTH, _GRAND = _sound("ˈɔɡəst", "ˈɔːɡəst"), _sound("ɔɡˈʌst", "ɔːɡˈʌst")
_AUGUST = (
    _if(_MONTH, capital=True),
    _if(_MONTH, before="in of last next early late mid since by until on CD during from to"),
    _if(_MONTH, after="CD"),
    _if(_GRAND),
)
_TOWN_READING = _sound("ɹˈɛdɪŋ")
_READING = (
    _if(
        _TOWN_READING,
        before="in to from at near of for against between and joined via",
        not_after="the a about",
        capital=True,
    ),
    _if(
        _TOWN_READING,
        after="fc berkshire pennsylvania railroad station gaol town football terminal "
        "company west football's abbey university borough , pa",
        before="the NNP , a",
        capital=True,
    ),
    _if(
        _TOWN_READING,
        near="berkshire pennsylvania railroad fc league basingstoke oxford london swindon slough",
        not_before=START,
        capital=True,
    ),
)
_TOWN_NICE = _sound("nˈis", "nˈiːs")
_NICE = (_if(_TOWN_NICE, before="in to from near at of and outside", capital=True),)
_TOWN_MOBILE, _MOVING = _sound("mObˈil", "mQbˈiːl"), _sound("mˈObᵊl", "mˈQbIl")
_MOBILE = (
    _if(_MOVING, capital=False),
    _if(_TOWN_MOBILE, after="alabama , bay county river register al delta and",
        before="in to from near at of and the upper START"),
    _if(_TOWN_MOBILE, before="in to from near at"),
    _if(_TOWN_MOBILE, near="alabama montgomery birmingham orleans pensacola biloxi gulf bay"),
    _if(_MOVING),
)  # fmt: skip
_NESTLE = (
    _if(_sound("nˈɛsli"), capital=True, not_after="in into against between down among up within"),
)
_RAVEL = (_if(_sound("ɹəvˈɛl", "ɹavˈɛl"), capital=True),)
_CELTIC = (
    _if(
        _sound("sˈɛltɪk"),
        near="boston glasgow football fc club match league cup rangers hibernian hearts park goal "
        "nba lakers aberdeen season dundee signed manager scored midfielder defender striker coach "
        "player players belfast team championship",
    ),
)
_RICE_WINE = _sound("sˈɑki", "sˈɑːki")
_SAKE = (
    _if(
        _RICE_WINE,
        near="japanese japan drink drinks drank drinking rice sushi cup cups brewery breweries "
        "bottle warm brewed brewing beer wine shochu sashimi tokyo alcohol pour poured",
        not_before="'s own ' very simplicity their its",
        not_after="of",
    ),
)

# -- résumé, golf, numb and others ---------------------------------------------------------------

_CV, _CVS = _sound("ɹˈɛzəmˌA", "ɹˈɛzjʊmˌA"), _sound("ɹˈɛzəmˌAz", "ɹˈɛzjʊmˌAz")
_RESUME = (
    _if(_CV, before="a my your his her their our the NN JJ POS", not_before="NNS",
        not_after="the", part="N"),
    _if(_CV, before="a my your his her their our", not_after="the"),
    _if(_CV, after="and or builder writing", near="cover letter letters job hired references"),
)  # fmt: skip
_RESUMES = (
    _if(_CVS, before="DT PRP$ JJ of CD send read with many NN", not_after="the its his", part="N"),
)
_TAP = _sound("pˈʌTɪŋ", "pˈʌtɪŋ")
_PUTTING = (
    _if(_TAP, after="green greens surface stroke"),
    _if(_TAP, near="golf golfer putt putter hole fairway caddie birdie par bogey eighteenth ninth"),
)
_NUMBER = (
    _if(
        _sound("nˈʌməɹ", "nˈʌmə"),
        before="grew grow grows became become getting got get felt even much and go going feeling",
        near="numb fingers toes feet cold lips hands face legs jaw arm pain tongue",
        not_after="of",
    ),
)
_TOOLS, _LINES = _VERBS, _NOUNS
_AXES = (
    _if(
        _TOOLS,
        near="woodcutter woodcutters sharpen sharpened sharp hatchet hatchets saw saws sword "
        "swords "
        "spears spear wood tree trees chop chopped stone bronze battle iron knives knife hand "
        "arrowheads flint silver fighting human flakes hammers weapons tools tool polished "
        "shields copper adzes armed fire "
        "firefighters throwing picks shovels blades wielding clubs ice daggers maces lumberjacks "
        "cut cutting neolithic pottery arrows bows",
        not_after="of",
    ),
    _if(_LINES),
)
_BASES_OF_BASE, _BASES_OF_BASIS = _sound("bˈAsᵻz", "bˈAsɪz"), _sound("bˈAsˌiz", "bˈAsiːz")
_BASES = (
    _if(
        _BASES_OF_BASIS,
        near="knowledge theoretical legal moral scientific philosophical ethical conceptual reason "
        "empirical biological neural evidence argument belief beliefs claims factual weekly daily "
        "monthly regular understanding theory ideological constitutional psychological",
    ),
    _if(_BASES_OF_BASE),
)
_LEARNED = (
    _if(_PAST, before=f"{HAVE} {_SUBJECTS} be 's n't", not_before="who which that"),
    _if(
        _ADJECTIVE,
        after="man men professor professors society societies scholar scholars judge friend "
        "colleague "
        "counsel journal journals doctor gentleman treatise person persons writer woman people "
        "profession professions discourse academy institutions master",
    ),
    _if(_ADJECTIVE, before="very most highly", not_after="about that from"),
    _if(_PAST),
)
_TWO_SYLLABLES_AGED, _ONE_SYLLABLE_AGED = _sound("ˈAʤᵻd", "ˈAʤɪd"), _sound("ˈAʤd")
_AGED = (
    _if(_ONE_SYLLABLE_AGED, after="CD between over under about from at in cheese beef wine whisky "
        "around up to"),
    _if(_TWO_SYLLABLES_AGED, before="the DT PRP$", after=f"and care {_HUMANS} . , ; population NN",
        not_after="cheese beef wine whisky"),
    _if(_TWO_SYLLABLES_AGED, before="the", after="VBZ VBP MD IN"),
    _if(_TWO_SYLLABLES_AGED, after=f"care {_HUMANS} persons"),
)  # fmt: skip
_HOLY = _sound("blˈɛsᵻd", "blˈɛsɪd")
_BLESSED = (
    _if(_HOLY, after="virgin sacrament mother mary trinity are relief sacraments event peter lord "
        "memory thing saint"),
    _if(_HOLY, before="DT PRP$ every whole most more", not_after="with by"),
    _if(_HOLY, before="NN NNP , of JJ IN", not_after="with by the his her him them", capital=True),
)  # fmt: skip
_BELOVED = (
    _if(_sound("bəlˈʌvᵻd", "bɪlˈʌvɪd"), before="DT PRP$ POS most", not_after="by"),
    _if(_sound("bəlˈʌvd", "bɪlˈʌvd"), before="much", after="by"),
)
_LEGGED = (_if(_sound("lˈɛɡd"), after="it"),)
_RIDE = _sound("mˈOpˌɛd", "mˈQpɛd")
_MOPED = (
    _if(_sound("mˈOpt", "mˈQpt"), before="he she they i we and NNP", after="about around for . ,"),
    _if(_RIDE),
)
_RECOUNT = (
    _if(_sound("ɹˈikˌWnt", "ɹˈiːkWnt"), before="DT PRP$ JJ NN POS of automatic full", part="N"),
    _if(
        _sound("ɹˈikˌWnt", "ɹˈiːkWnt"),
        near="vote votes ballot ballots election margin county candidate",
        not_before=f"TO {MODALS} {PLURAL_SUBJECTS}",
    ),
)
_INVALID = (
    _if(
        _NOUN,
        before="DT PRP$ an",
        after="VBD VBZ . , ; who for and since in wife husband mother father sister brother son "
        "daughter child chair carriage soldiers chairs because all after as by aunt home",
    ),
    _if(_ADJECTIVE),
)
_CONTENT = (
    _if(_VERB, after="himself herself itself themselves yourself myself ourselves"),
    _if(_ADJECTIVE, before=f"{BE} {SEEM} perfectly quite not", not_after="of NN"),
    _if(_ADJECTIVE, after=f"{_HUMANS} to", before="DT JJ RB"),
    _if(_NOUN),
)
_UPSET = (_if(_NOUN, before="DT JJ", not_after="NN NNS", part="N"), _if(_ADJECTIVE, part="JJ"))
_REFUSE = (
    _if(_NOUN, before="DT PRP$ JJ of", not_before="all many some few most these those"),
    _if(_VERB, after="to"),
)
_EXCUSE = (
    _if(_VERB, after="me us my him", before=START),
    _if(_NOUN, before="an DT PRP$ JJ IN no good as another", not_before="to that"),
)

_DE = (
    _if(_sound("dˈA"), after="facto jure novo"),
    _if(_sound("də"), capital=False),
    _if(_sound("də"), capital=True, after="NNP NN"),
)

ROWS: Final[Mapping[str, tuple[Clue, ...]]] = {
    "lead": _LEAD, "read": _READ, "live": _LIVE, "lives": _LIVES, "bass": _BASS, "tear": _TEAR,
    "tears": _TEARS, "wind": _WIND, "winds": _WINDS, "wound": _WOUND, "close": _CLOSE,
    "closer": _CLOSER, "minute": _MINUTE, "dove": _DOVE, "bow": _BOW, "bows": _BOWS,
    "bowed": _BOWED, "row": _ROW, "sow": _SOW, "sows": _SOWS, "does": _DOES, "polish": _POLISH,
    "job": _JOB, "august": _AUGUST, "reading": _READING, "nice": _NICE, "mobile": _MOBILE,
    "nestle": _NESTLE, "ravel": _RAVEL, "celtic": _CELTIC, "sake": _SAKE, "resume": _RESUME,
    "resumes": _RESUMES, "résumé": (_if(_CV),), "résumés": (_if(_CVS),), "resumé": (_if(_CV),),
    "putting": _PUTTING, "number": _NUMBER, "axes": _AXES, "bases": _BASES, "learned": _LEARNED,
    "aged": _AGED, "blessed": _BLESSED, "beloved": _BELOVED, "legged": _LEGGED, "moped": _MOPED,
    "recount": _RECOUNT, "invalid": _INVALID, "content": _CONTENT, "excuse": _EXCUSE,
    "refuse": _REFUSE, "upset": _UPSET, "de": _DE,
}  # fmt: skip
"""The clues of each word in small letters."""
