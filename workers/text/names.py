"""Names and borrowed words that letters mislead about, and dictionaries too.

Only what is said in one way, whatever stands beside it, and is met in English texts. In IPA, with
every /r/ that anybody says; each accent takes what it says (`workers.text.ipa`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_IRISH_AND_WELSH = """
angharad æŋˈhærəd | aoife ˈiːfə | caoimhe ˈkiːvə | catriona kəˈtriːnə | ciaran ˈkɪərən
ciarán ˈkɪərən | cillian ˈkɪliən | dafydd ˈdævɪð | eilidh ˈeɪli | eoin ˈoʊɪn | fionnuala fɪˈnuːlə
grainne ˈɡrɔːnjə | gráinne ˈɡrɔːnjə | ioan ˈjoʊən | laoghaire ˈlɪəri | maeve ˈmeɪv | meabh ˈmeɪv
mhairi ˈvɑːri | myfanwy məˈvænwi | niamh ˈniːv | oisín ˈʌʃiːn | roisin roʊˈʃiːn | ruairi ˈrʊəri
róisín roʊˈʃiːn | saoirse ˈsɜːrʃə | seán ˈʃɔːn | sinead ʃɪˈneɪd | sinéad ʃɪˈneɪd | siobhan ʃɪˈvɔːn
siobhán ʃɪˈvɔːn | tadhg ˈtaɪɡ
"""

_PLACES = """
bingley ˈbɪŋɡli | coburg ˈkoʊbɜːrɡ | devonshire ˈdɛvənʃər | gloucestershire ˈɡlɒstərʃər
alnwick ˈænɪk | belvoir ˈbiːvər | berwick ˈbɛrɪk | bogotá ˌboʊɡəˈtɑː | cholmondeley ˈtʃʌmli
frome ˈfruːm | gdańsk ɡəˈdænsk | holborn ˈhoʊbərn | keswick ˈkɛzɪk | kyiv ˈkiːv | lviv ləˈviːv
marseille mɑːrˈseɪ | marylebone ˈmɑːrləboʊn | milngavie mʌlˈɡaɪ | qatar kəˈtɑːr
schuylkill ˈskuːkəl | slaithwaite ˈslaʊɪt | southwark ˈsʌðərk | towcester ˈtoʊstər
wrocław ˈvrɒtswɑːf | wymondham ˈwɪndəm | xi'an ˌʃiːˈɑːn | łódź ˈwuːdʒ
"""

_PEOPLE = """
catherine ˈkæθrɪn | missus ˈmɪsɪz | forster ˈfɔːrstər | sutherland ˈsʌðərlənd
ampère ˈæmpɛər | anaïs ˌænɑːˈiːs | bach ˈbɑːk | balzac ˈbɔːlzæk | baudelaire ˌboʊdəˈlɛər
berlioz ˈbɛərlioʊz | beyoncé biˈɒnseɪ | bizet biːˈzeɪ | borges ˈbɔːrhɛs | camus kæˈmuː
cauchy koʊˈʃiː | chekhov ˈtʃɛkɒf | chloë ˈkloʊi | chopin ˈʃoʊpæn | debussy ˌdɛbjuˈsiː
degas deɪˈɡɑː | derrida ˌdɛrɪˈdɑː | dostoevsky ˌdɒstəˈjɛfski | dostoyevsky ˌdɒstəˈjɛfski
dvorak dəˈvɔːrʒæk | dvořák dəˈvɔːrʒæk | dürer ˈdjʊərər | fermat fərˈmɑː | flaubert floʊˈbɛər
gauguin ɡoʊˈɡæn | goethe ˈɡɜːtə | guillermo ɡiˈjɛərmoʊ | hegel ˈheɪɡəl | heidegger ˈhaɪdɛɡər
hermione hərˈmaɪəni | huygens ˈhaɪɡənz | janáček ˈjænətʃɛk | javier ˌhɑːviˈɛər | jesús heɪˈsuːs
joaquin wɑːˈkiːn | joaquín wɑːˈkiːn | kafka ˈkɑːfkə | kierkegaard ˈkɪərkəɡɑːrd | kundera ˈkʊndərə
lagrange ləˈɡrɑːnʒ | laplace ləˈplɑːs | magritte məˈɡriːt | manet mæˈneɪ | miró mɪˈroʊ
montaigne mɒnˈteɪn | mozart ˈmoʊtsɑːrt | nabokov nəˈboʊkɒf | nguyen ˈwɪn | noël noʊˈɛl
pepys ˈpiːps | poincaré ˌpwæŋkɑːˈreɪ | prokofiev prəˈkoʊfiɛf | proust ˈpruːst
rachmaninoff rækˈmænɪnɒf | rihanna riˈænə | rilke ˈrɪlkə | rimbaud ræmˈboʊ
schopenhauer ˈʃoʊpənhaʊər | schrödinger ˈʃroʊdɪŋər | seurat səˈrɑː | shostakovich ˌʃɒstəˈkoʊvɪtʃ
szymborska ʃɪmˈbɔːrskə | tchaikovsky tʃaɪˈkɒfski | tolstoy ˈtɒlstɔɪ | verdi ˈvɛərdi
wagner ˈvɑːɡnər | walesa vəˈwɛnsə | wałęsa vəˈwɛnsə | wittgenstein ˈvɪtɡənʃtaɪn
xochitl ˈsoʊtʃiːl | yeats ˈjeɪts | zoë ˈzoʊi
"""

_BRANDS_AND_NEW_WORDS = """
acai ˌɑːsaɪˈiː | asus eɪˈsuːs | atorvastatin əˌtɔːrvəˈstætɪn | audi ˈaʊdi | açaí ˌɑːsaɪˈiː
ciabatta tʃəˈbɑːtə | citroën ˈsɪtroʊɛn | cuda ˈkuːdə | givenchy ˌʒiːvɒnˈʃiː | grafana ɡrəˈfɑːnə
gruyère ɡruːˈjɛər | hermès ɛərˈmɛz | huawei ˈhwɑːweɪ | jalapeño ˌhæləˈpeɪnjoʊ
jalapeños ˌhæləˈpeɪnjoʊz | kubectl ˈkjuːb kənˈtroʊl | kubernetes ˌkuːbərˈnɛtiːz
mysql ˌmaɪ ɛs kjuː ˈɛl | nginx ˌɛndʒɪn ˈɛks | numpy ˈnʌmpaɪ | nutella nuːˈtɛlə
omeprazole oʊˈmɛprəzoʊl | ozempic oʊˈzɛmpɪk | peugeot ˈpɜːʒoʊ | postgres ˈpoʊstɡrɛs
postgresql ˈpoʊstɡrɛs kjuː ˈɛl | pypi ˌpaɪ piː ˈaɪ | pytest ˈpaɪtɛst | redis ˈrɛdɪs
scipy ˈsaɪpaɪ | spotify ˈspɒtɪfaɪ | sqlite ˌɛs kjuː ˈɛl aɪt | sudo ˈsuːduː
tirzepatide tɪərˈzɛpətaɪd | volkswagen ˈvoʊksvɑːɡən | wegovy wɪˈɡoʊvi | wikipedia ˌwɪkɪˈpiːdiə
wysiwyg ˈwɪziwɪɡ | xiaomi ˌʃaʊˈmiː
"""

_BORROWED = """
appétit ˌæpəˈtiː | appetit ˌæpəˈtiː | tis ˈtɪz
blasé blɑːˈzeɪ | cliché kliːˈʃeɪ | crème ˈkrɛm | d'oeuvre ˈdɜːrv | d'oeuvres ˈdɜːrvz
d'état deɪˈtɑː | d'œuvre ˈdɜːrv | doppelgänger ˈdɒpəlˌɡɛŋər | déjà ˈdeɪʒɑː | entrée ˈɒntreɪ
façade fəˈsɑːd | fiancé ˌfiːɒnˈseɪ | fiancée ˌfiːɒnˈseɪ | hors ˈɔːr | mañana mənˈjɑːnə
naïveté ˌnaɪiːvˈteɪ | olé oʊˈleɪ | outré uːˈtreɪ | protégé ˈproʊtəʒeɪ | purée pjʊˈreɪ
risqué rɪˈskeɪ | roué ruːˈeɪ | sauté soʊˈteɪ | señor sɛnˈjɔːr | smörgåsbord ˈsmɔːrɡəsbɔːrd
touché tuːˈʃeɪ | vivre ˈviːvrə | voilà vwɑːˈlɑː
"""


def _entries(*texts: str) -> Mapping[str, str]:
    entries = (
        entry.strip() for text in texts for line in text.split("\n") for entry in line.split("|")
    )
    return {word: ipa for word, _, ipa in (entry.partition(" ") for entry in entries if entry)}


NAMES: Final = _entries(_IRISH_AND_WELSH, _PLACES, _PEOPLE, _BRANDS_AND_NEW_WORDS, _BORROWED)
"""How each word is said, by the word in small letters."""
