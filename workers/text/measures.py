"""The names of units, one and many, by their signs."""

from __future__ import annotations

_TABLE = """
km kilometer|m meter|cm centimeter|mm millimeter|nm nanometer|µm micrometer|mi mile|yd yard
yds yard|ft foot feet|in inch|in. inch|nmi nautical~mile|ha hectare|ac acre|kg kilogram|g gram
ft. foot feet
mg milligram|µg microgram|mcg microgram|lb pound|lbs pound|lb. pound|lbs. pound|oz ounce
oz. ounce|t tonne|l liter|L liter|ml milliliter|mL milliliter|cl centiliter|dl deciliter
dL deciliter|gal gallon|pt pint|qt quart|tsp teaspoon|tsps teaspoon|tsp. teaspoon
tbsp tablespoon|tbsps tablespoon|tbsp. tablespoon|fl~oz fluid~ounce|cc cubic~centimeter|s second
sec second|secs second|sec. second|ms millisecond|µs microsecond|ns nanosecond|min minute
mins minute|min. minute|h hour|hr hour|hrs hour|hr. hour|hrs. hour|wk week|wks week|mo month
mos month|yr year|yrs year|yr. year|yrs. year|W watt|kW kilowatt|MW megawatt|GW gigawatt
mW milliwatt|kWh kilowatt~hour|MWh megawatt~hour|Wh watt~hour|V volt|kV kilovolt|mV millivolt
mA milliamp|mAh milliamp~hour|Ah amp~hour|A amp|Ω ohm|kΩ kiloohm|MΩ megaohm|J joule|kJ kilojoule
MJ megajoule|N newton|kN kilonewton|Pa pascal|hPa hectopascal|kPa kilopascal|psi P~S~I P~S~I
bar bar|kcal kilocalorie|cal calorie|Hz hertz hertz|kHz kilohertz kilohertz
MHz megahertz megahertz|GHz gigahertz gigahertz|B byte|KB kilobyte|kB kilobyte|MB megabyte
GB gigabyte|TB terabyte|PB petabyte|KiB kibibyte|MiB mebibyte|GiB gibibyte|kb kilobit|Kb kilobit
Mb megabit|Gb gigabit|Mbit megabit|Gbit gigabit|kbps kilobit~per~second kilobits~per~second
Mbps megabit~per~second megabits~per~second|Gbps gigabit~per~second gigabits~per~second
mph mile~per~hour miles~per~hour|kph kilometer~per~hour kilometers~per~hour
kmh kilometer~per~hour kilometers~per~hour|mpg mile~per~gallon miles~per~gallon|rpm R~P~M R~P~M
bpm beat~per~minute beats~per~minute|fps frame~per~second frames~per~second|dpi D~P~I D~P~I
ppm part~per~million parts~per~million|px pixel|MP megapixel|dB decibel|lm lumen|cd candela
mol mole|K kelvin kelvin|kn knot|kt knot|kts knot|ev electron~volt|eV electron~volt
keV kilo~electron~volt|MeV mega~electron~volt|pct percent percent|sq~ft square~foot square~feet
sq~mi square~mile|sq~m square~meter|sq~km square~kilometer|sq.~ft. square~foot square~feet
kgs kilogram|cu~ft cubic~foot cubic~feet|cu.~ft. cubic~foot cubic~feet|sq.~m square~meter
sq.~km square~kilometer|sq.~mi. square~mile|deg~C degree~Celsius degrees~Celsius|mmol millimole
deg~F degree~Fahrenheit degrees~Fahrenheit|µmol micromole|IU I~U I~Us
mmHg millimeter~of~mercury millimeters~of~mercury|c. cup|st stone stone|µF microfarad
nF nanofarad|pF picofarad|mH millihenry millihenries|hp horsepower horsepower|pcs piece|pkg package
pkgs package|doz. dozen dozen|sqm square~meter|Tbsp tablespoon|TBSP tablespoon|Tsp teaspoon
fl.~oz. fluid~ounce|L/100km liter~per~hundred~kilometers liters~per~hundred~kilometers
L/100~km liter~per~hundred~kilometers liters~per~hundred~kilometers
pts point|bps basis~point
qts quart|ft-lb foot~pound|ft-lbs foot~pound|atm atmosphere|Nm newton~meter|kcals kilocalorie
sqft square~foot square~feet
""".replace("\n", "|")
UNITS: dict[str, tuple[str, str]] = {}
for _entry in filter(None, _TABLE.split("|")):
    _sign, _one, *_many = _entry.replace("~", "\0").split()
    _plural = _many[0] if _many else f"{_one}es" if _one.endswith("ch") else f"{_one}s"
    UNITS[_sign.replace("\0", " ")] = (_one.replace("\0", " "), _plural.replace("\0", " "))
for _dotted in "mins secs wk wks mos oz pt qt qts gal yd yds mi tsps tbsps Tbsp pkg pcs".split():
    UNITS[f"{_dotted}."] = UNITS[_dotted]
for _length in ("km", "m", "cm", "mm", "ft", "in", "mi", "yd"):
    _one, _plural = UNITS[_length]
    for _power, _word in (
        *(("²", "square"), ("³", "cubic"), ("^2", "square"), ("^3", "cubic")),
        *(("2", "square"), ("3", "cubic")),
    ):
        UNITS[_length + _power] = (f"{_word} {_one}", f"{_word} {_plural}")

UNITS["s²"] = ("second squared", "seconds squared")

INGREDIENTS = frozenset(
    [
        "g",
        "kg",
        "mg",
        "ml",
        "mL",
        "l",
        "L",
        "oz",
        "lb",
        "lbs",
        "tsp",
        "tbsp",
        "cl",
        "h",
        "s",
        "t",
        "min",
    ]
)
"""Units that are followed by what is measured, without "of": "400 g flour"."""

GLUED_ONLY = frozenset(["A", "B", "st", "in", "t", "bar", "ha", "pt", "cd", "mo", "ac", "kn", "MP"])
"""Signs that are words or letters, too: units right behind a number alone ("5in")."""
