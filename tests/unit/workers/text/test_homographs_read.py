"""Words that are written alike: which of them is meant, by the words beside them."""

from __future__ import annotations

import time

import pytest

from workers.engines.english import reader
from workers.text.homographs import readings

_SENTENCES = """
lˈɛd | The old {lead} pipes in the cellar had to be replaced.
lˈɛd | Pencils have never really contained {lead}.
lˈid | She will {lead} the team next season.
lˈid | The runner took an early {lead} in the race.
ɹˈɛd | I {read} the book last year and loved it.
ɹˈɛd | Have you {read} the terms and conditions?
ɹˈid | I {read} the paper every morning.
ɹˈid | You should {read} this article.
lˈɪv | Where do you {live}?
lˈɪv | People who {live} in glass houses should not throw stones.
lˈIv | The band played {live} on television.
lˈIv | A {live} broadcast starts at nine.
lˈIvz | Cats are said to have nine {lives}.
lˈIvz | The treatment saved many {lives}.
lˈɪvz | She {lives} next door.
lˈɪvz | He {lives} for his work.
bˈAs | He plays {bass} in a jazz band.
bˈAs | The {bass} guitar was out of tune.
bˈæs | She caught a large {bass} in the lake.
bˈæs | We grilled the sea {bass} with lemon.
tˈɪɹ | A {tear} ran down her cheek.
tˈɪɹ | The police fired {tear} gas.
tˈɛɹ | Be careful not to {tear} the paper.
tˈɛɹ | There is a {tear} in my jacket.
tˈɪɹz | She burst into {tears}.
tˈɪɹz | I could not hold back my {tears}.
tˈɛɹz | The wallpaper {tears} easily.
wˈɪnd | The {wind} blew all night.
wˈɪnd | The {wind} was cold and strong.
wˈInd | Don't forget to {wind} the clock.
wˈInd | You will {wind} up in prison if you go on like this.
wˈIndz | The road {winds} through the hills.
wˈIndz | The river {winds} through the valley.
wˈɪndz | Strong {winds} are expected on the coast.
klˈOz | Please {close} the window.
klˈOz | The shops {close} at six.
klˈOs | The station is {close} to the hotel.
klˈOs | They are very {close} friends.
klˈOsəɹ | Come {closer} and look at this.
dˈʌv | A white {dove} is a symbol of peace.
dˈʌv | The {dove} cooed on the roof.
dˈOv | She {dove} into the pool without hesitation.
dˈOv | He {dove} for the ball and missed.
bˈO | She tied the ribbon in a {bow}.
bˈO | He drew his {bow} and let the arrow fly.
bˈW | The actors took a {bow}.
bˈW | You must {bow} to the queen.
bˈWd | They {bowed} to the audience.
ɹˈO | We sat in the front {row}.
ɹˈO | They had to {row} across the river.
ɹˈW | The neighbours had a terrible {row}.
ɹˈW | We had a {row} about money.
sˈO | Farmers {sow} wheat in autumn.
sˈO | You reap what you {sow}.
sˈW | The {sow} had ten piglets.
mˈɪnət | Wait a {minute}, please.
mˈɪnət | It takes a {minute}.
mInˈut | The differences are {minute} and hard to measure.
mInˈut | {Minute} traces of poison were found.
mˈɪnəts | It lasted ten {minutes}.
wˈund | The {wound} healed slowly.
wˈund | A bullet {wound} can be fatal.
wˈWnd | He {wound} the rope around the post.
wˈWnd | The path {wound} through the forest.
wˈundz | Her {wounds} were deep.
dˈɛzəɹt | Camels live in the {desert}.
dˈɛzəɹt | The Sahara is the largest hot {desert}.
dəzˈɜɹt | He would never {desert} his friends.
dəzˈɜɹt | The soldiers who {desert} will be punished.
ˈɑbʤəkt | What is that strange {object} on the table?
ˈɑbʤəkt | The {object} of the game is to win.
əbʤˈɛkt | I {object} to your tone.
əbʤˈɛkt | Nobody would {object} if you left early.
ɹˈɛkəɹd | She holds the world {record}.
ɹˈɛkəɹd | He bought an old {record} at the market.
ɹəkˈɔɹd | We want to {record} a new album.
ɹəkˈɔɹd | They {record} every call for training.
pɹˈɛzᵊnt | What would you like for a birthday {present}?
pɹˈɛzᵊnt | At {present} we have no plans.
pɹizˈɛnt | He will {present} the prize tonight.
pɹizˈɛnt | I would like to {present} my findings.
pɹˈOdˌus | We buy our {produce} at the farmers' market.
pɹˈOdˌus | Fresh {produce} spoils quickly.
pɹədˈus | The factories {produce} ten thousand cars a month.
pɹədˈus | How much did they {produce}?
ɹəfjˈuz | I {refuse} to answer that question.
ɹəfjˈuz | Many {refuse} to pay.
ɹˈɛfjˌus | The {refuse} is collected on Mondays.
ɹˈɛfjˌus | They threw it on the {refuse} heap.
kəntˈɛnt | She felt {content} with her life.
kəntˈɛnt | He was {content} to sit and watch.
kˈɑntɛnt | The {content} of the letter was a surprise.
kˈɑntɛnt | This video has no {content}.
kˈɑntɛnts | Check the {contents} of the box.
kˈɑntɛnts | The table of {contents} is at the front.
kˈɑntɹˌækt | They signed a three year {contract}.
kˈɑntɹˌækt | The {contract} expires in May.
kəntɹˈækt | Metals {contract} when they cool.
kəntɹˈækt | You can {contract} the disease from dirty water.
pˈɜɹmɪt | Without a {permit} you cannot park here.
pˈɜɹmɪt | You need a {permit} to fish here.
pəɹmˈɪt | The rules do not {permit} smoking.
pəɹmˈɪt | I cannot {permit} that.
pəɹmˈɪTɪŋ | Weather {permitting}, we will sail tomorrow.
pɹˈɑʤˌɛkt | The school {project} was about whales.
pɹˈɑʤˌɛkt | Her {project} is nearly finished.
pɹəʤˈɛkt | Analysts {project} a rise in sales.
pɹəʤˈɛkt | The cinema used to {project} films on this wall.
sˈʌbʤɛkt | What is the {subject} of the meeting?
sˈʌbʤɛkt | Prices are {subject} to change.
səbʤˈɛkt | They will {subject} him to a test.
səbʤˈɛkt | They {subject} the metal to great heat.
kˈɑndˌʌkt | His {conduct} was shameful.
kˈɑndˌʌkt | The code of {conduct} is strict.
kəndˈʌkt | She will {conduct} the orchestra.
kəndˈʌkt | Copper wires {conduct} electricity.
kˈɑnflˌɪkt | The {conflict} has lasted for years.
kənflˈɪkt | The two reports {conflict} with each other.
kənflˈɪkt | His story seems to {conflict} with the evidence.
kˈɑntˌɛst | She won a singing {contest}.
kəntˈɛst | He decided to {contest} the will.
ˈɪnkɹˌis | There was a sharp {increase} in prices.
ˈɪnkɹˌis | The {increase} surprised everyone.
ɪnkɹˈis | Prices {increase} every year.
ɪnkɹˈis | We need to {increase} production.
ˈɪnsˌʌlt | That was an {insult} to all of us.
ˈɪnsˌʌlt | He took it as an {insult}.
ɪnsˈʌlt | Do not {insult} my mother.
ɪnsˈʌlt | They {insult} each other all day.
ɹˈɛbᵊl | The {rebel} army took the town.
ɹəbˈɛl | Teenagers often {rebel} against their parents.
pˈɜɹfəkt | Nobody is {perfect}.
pˈɜɹfəkt | Practice makes {perfect}.
pəɹfˈɛkt | She spent years trying to {perfect} her technique.
ɪnvˈælɪd | Your ticket is {invalid}.
ɪnvˈælɪd | This passport is {invalid}.
ˈɪnvəlɪd | He cared for his {invalid} wife.
ˈɪnvəlɪd | The {invalid} was confined to bed.
ɪkskjˈus | That is no {excuse} for being late.
ɪkskjˈus | What a lame {excuse}.
ɪkskjˈuz | Please {excuse} the mess.
ɪkskjˈuz | {Excuse} me, is this seat taken?
jˈus | It's no {use} crying.
jˈus | The {use} of force was justified.
jˈuz | You can {use} my phone.
jˈuz | What do you {use} it for?
jˈusᵻz | The knife has many {uses}.
jˈuzᵻz | She {uses} a wheelchair.
hˈWs | The {house} is on fire.
hˈWz | The museum will {house} the collection.
hˈWz | These buildings {house} two hundred students.
əbjˈus | The {abuse} went on for years.
əbjˈuz | Do not {abuse} your power.
əbjˈuz | They {abuse} their position.
sˈɛpəɹət | They sleep in {separate} rooms.
sˈɛpəɹət | It happened on two {separate} occasions.
sˈɛpəɹˌAt | It is hard to {separate} fact from fiction.
sˈɛpəɹˌAt | {Separate} the eggs first.
ˈɛstəmət | At a rough {estimate}, it will cost a million.
ˈɛstəmət | That is only an {estimate}.
ˈɛstəmˌAt | Experts {estimate} that half of them survived.
ˈɛstəmˌAt | Could you {estimate} the cost?
ɡɹˈæʤəwət | She is a {graduate} of Harvard.
ɡɹˈæʤʊˌAt | He will {graduate} next summer.
ɡɹˈæʤʊˌAt | She will {graduate} in June.
mˈɑdəɹət | A {moderate} wind blew from the west.
mˈɑdəɹˌAt | Who is going to {moderate} the discussion?
dəlˈɪbəɹət | It was a {deliberate} mistake.
dəlˈɪbəɹˌAt | The jury needed time to {deliberate}.
dəlˈɪbəɹˌAt | They {deliberate} behind closed doors.
ˈɔltəɹnət | We meet on {alternate} Tuesdays.
ˈɔltəɹnət | We need an {alternate} route.
ˈɔltəɹnˌAt | The lights {alternate} between red and green.
pˈɑlɪʃ | He had to {polish} his shoes.
pˈɑlɪʃ | {Polish} the table with a soft cloth.
pˈOlɪʃ | She speaks {Polish} at home.
pˈOlɪʃ | A {Polish} plumber fixed the sink.
ʤˈɑb | He lost his {job}.
ʤˈOb | The patience of {Job} is proverbial.
ʤˈOb | The Book of {Job} is about suffering.
ˈɔɡəst | We go on holiday in {August}.
ɔɡˈʌst | It was an {august} assembly of scholars.
ɹˈɛzəmˌA | Send us your {resume} and a cover letter.
ɹˈɛzəmˌA | I updated my {resume} yesterday.
ɹəzˈum | Play will {resume} after lunch.
ɹəzˈum | We {resume} work on Monday.
ɹˈɛzəmˌA | Please attach your {résumé}.
sˈuəɹ | The {sewer} was blocked.
dˈʌz | The deer {does} not see us.
dˈʌz | What {does} it mean?
dˈOz | Two {does} and a stag crossed the road.
dˈOz | The {does} and their fawns grazed quietly.
pˈʌTɪŋ | He was {putting} on the eighteenth green.
pˈʊTɪŋ | She was {putting} on her coat.
nˈʌmbəɹ | Pick a {number} between one and ten.
nˈʌməɹ | My fingers grew {number} in the cold.
ˈɛntɹəns | They guarded the {entrance} to the palace.
ɪntɹˈæns | Her singing will {entrance} you.
kˈɑnsˌOl | He bought a new games {console}.
kˈɑnsˌOl | The new {console} sold out.
kənsˈOl | She tried to {console} the crying child.
kənsˈOl | She wanted to {console} him.
ˈɪnsˌɛns | The {incense} filled the temple.
ɪnsˈɛns | His remarks will {incense} the crowd.
ˈɪntəmət | It was a small, {intimate} restaurant.
ˈɪntəmət | His {intimate} friends knew.
ˈɪntəmˌAt | He seemed to {intimate} that he knew more.
ˈæksᵻz | The woodcutters sharpened their {axes}.
ˈæksˌiz | The graph has two {axes}.
ˈæksˌiz | The x and y {axes} are labelled.
bˈAsᵻz | The army built new {bases} in the north.
bˈAsᵻz | Military {bases} were attacked.
bˈAsˌiz | These {bases} of knowledge are shaky.
lˈɜɹnɪd | He was a {learned} professor of law.
lˈɜɹnɪd | My {learned} colleague disagrees.
lˈɜɹnd | She {learned} to swim last year.
lˈɜɹnd | I {learned} a lot.
ˈAʤᵻd | My {aged} aunt came to stay.
ˈAʤᵻd | Care for the {aged} is expensive.
ˈAʤd | A man {aged} forty was arrested.
ˈAʤd | A boy {aged} seven won.
blˈɛsᵻd | The {blessed} Virgin Mary.
blˈɛst | The priest {blessed} the bread.
lˈɛɡɪd | A three {legged} stool stood in the corner.
ɪmpˈɔɹt | They {import} most of their food.
ˈɪmpˌɔɹt | The {import} of weapons is banned.
sˈʌspˌɛkt | The {suspect} was arrested at dawn.
səspˈɛkt | I {suspect} he is lying.
kˈɑnvˌɪkt | He was a {convict} on the run.
kənvˈɪkt | The jury did not {convict} him.
sˈɜɹvˌA | The {survey} shows that most people are happy.
pɹˈɑɡɹəs | We made good {progress} today.
pɹəɡɹˈɛs | The disease will {progress} slowly.
dˈɛləɡət | Each of them brought a {delegate}.
dˈɛləɡˌAt | Good managers {delegate} their work.
ˈætɹəbjˌut | The {attribute} is missing.
ətɹˈɪbjˌut | They {attribute} the delay to the weather.
ətɹˈɪbjˌut | Critics {attribute} the error to haste.
ˈædvəkət | He is an {advocate} of free speech.
ˈædvəkˌAt | They {advocate} a new law.
ˈædvəkˌAt | We should {advocate} for change.
əpɹˈOpɹiət | An {appropriate} answer would help.
əpɹˈɑksəmət | The temperature is {approximate}.
ˈætɹəbjˌuts | The {attributes} are listed below.
ˈɛskˌɔɹt | The {escort} arrived late.
ɪskˈɔɹt | Police will {escort} the convoy.
tɹænspˈɔɹt | They {transport} goods by rail.
tɹˈænspˌɔɹt | Public {transport} is cheap here.
dˈɪskˌWnt | We offer a ten percent {discount}.
ˈɛkspˌɔɹts | The {exports} fell sharply.
ɹəʤˈɛkt | They {reject} every offer.
ˈædɪkt | The {addict} needed help.
kəmplˈit | The upgrade is {complete}.
fɹˈikwənt | A {frequent} visitor came by.
əsˈOsiət | She is an {associate} professor.
əsˈOsiˌAt | They {associate} him with crime.
""".strip().split("\n")
"""How the word in braces is said in America, and the sentence that says so."""


@pytest.mark.parametrize("line", _SENTENCES)
def test_the_sentence_says_which_word_is_meant(line: str) -> None:
    """A listener hears the word that the sentence is about."""
    said, sentence = line.split(" | ")
    at = next(place for place, word in enumerate(sentence.split()) if "{" in word)
    heard = reader(british=False).phonemes(sentence.replace("{", "").replace("}", ""))
    assert heard.split()[at].strip(".,;?!") == said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The roof is covered with lead.", "lˈɛd"),
        ("She will lead us.", "lˈiːd"),
        ("I read it yesterday.", "ɹˈɛd"),
        ("They read to their children every night.", "ɹˈiːd"),
        ("There is a tear in my jacket.", "tˈɛː"),
        ("He had a terrible row with his wife.", "ɹˈW"),
        ("Send us your resume, please.", "ɹˈɛzjʊmˌA"),
        ("We went to Reading by train.", "ɹˈɛdɪŋ"),
    ],
)
def test_a_british_reader_has_its_own_sounds(sentence: str, said: str) -> None:
    """The same choice, in the other accent."""
    assert said in reader(british=True).phonemes(sentence)


@pytest.mark.parametrize("sentence", ["The cat sat.", "", "...", "lead", "Lead", "read.", "to"])
def test_words_alone_are_read(sentence: str) -> None:
    """Nothing needs a neighbour."""
    assert isinstance(reader(british=False).phonemes(sentence), str)


@pytest.mark.parametrize("pattern", ["read", "the lead", "not close", "wound , bow", "to record"])
def test_repeated_words_cost_what_they_are(pattern: str) -> None:
    """100,000 of them take a second or less here: none looks further than a few words."""
    words = (pattern.split() * 100_000)[:100_000]
    started = time.process_time()
    for _ in readings(words, ["NN"] * len(words), lambda _: frozenset({"NOUN"})):
        pass
    assert time.process_time() - started < 5
