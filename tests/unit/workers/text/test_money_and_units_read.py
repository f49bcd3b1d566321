"""Money and measures, as a person says them."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

MONEY = {
    "It was $1, then $2.99.": "It was one dollar, then two dollars and ninety nine cents.",
    "A $20 bill and a £5 note.": "A twenty dollar bill and a five pound note.",
    "They raised $4.5 million.": "They raised four point five million dollars.",
    "Up to $3.2bn from £250k.": "Up to three point two billion dollars from two hundred fifty "
    "thousand pounds.",
    "I paid £5 6s. for it, then 12s. 6d.": "I paid five pounds six shillings for it, then twelve "
    "shillings six pence.",
    "It took £5 and 6s.": "It took five pounds and six seconds.",
    "He lost -$15 and −€3.": "He lost minus fifteen dollars and minus three euros.",
    "It costs 50¢, or $0.05.": "It costs fifty cents, or five cents.",
    "From $10-$15 to £20–25.": "From ten to fifteen dollars to twenty to twenty five pounds.",
    "Rent is $1,200/month.": "Rent is one thousand two hundred dollars per month.",
    "Pay 30 CHF, GBP 45 or 5 €.": "Pay thirty Swiss francs, forty five pounds or five euros.",
    "That is 4,99 € or 1.299,00 €.": "That is four euros and ninety nine cents or one thousand two "
    "hundred ninety nine euros.",
    "US$99 and ¥15,000.": "ninety nine U S dollars and fifteen thousand yen.",
    "It takes ₹500 and £1.01.": "It takes five hundred rupees and one pound and one penny.",
    "She paid 100€ and 20$.": "She paid one hundred euros and twenty dollars.",
    "It is $5-6 million.": "It is five to six million dollars.",
    "The fine was $12.5.": "The fine was twelve point five dollars.",
    "A £3m-a-year deal.": "A three million pound-a-year deal.",
    "A bid of $1.5-2m.": "A bid of one point five to two million dollars.",
    "It is 99c, $.50 or £500pw.": "It is ninety nine c, fifty cents or five hundred pounds per "
    "week.",
    "It costs 99c, or ₹1,00,000.": "It costs ninety nine cents, or one hundred thousand rupees.",
    "Save $$$ now, at 5€/kg.": "Save now, at five euros per kilogram.",
}
UNITS = {
    "He is 6'2\" and weighs 82 kg.": "He is six foot two and weighs eighty two kilograms.",
    "A 5km run, a 100 m sprint.": "A five kilometer run, a one hundred meter sprint.",
    "Drive 60 mph for 3 hrs.": "Drive sixty miles per hour for three hours.",
    "Wait 25 min. Then stir.": "Wait twenty five minutes. Then stir.",
    "A 40 m² flat, 3 L of paint.": "A forty square meter flat, three liters of paint.",
    "The 2TB disk reads 550 MB/s.": "The two terabyte disk reads five hundred fifty megabytes per "
    "second.",
    "It is -4 °F, 20-25°C inside.": "It is minus four degrees Fahrenheit, twenty to twenty five "
    "degrees Celsius inside.",
    "A 90° turn at 45°.": "A ninety degree turn at forty five degrees.",
    "60W at 230V and 50Hz.": "sixty watts at two hundred thirty volts and fifty hertz.",
    "Add 2 tbsp oil to 250 g flour.": "Add two tablespoons oil to two hundred fifty grams flour.",
    "1 kg, 1 lb, 5 lbs, 3 oz, 1 ft.": "one kilogram, one pound, five pounds, three ounces, one "
    "foot.",
    "A 10m (33ft) tunnel.": "A ten meter (thirty three feet) tunnel.",
    "She has 1k readers, 3m views.": "She has one thousand readers, three million views.",
    "A 4K TV with 8GB of RAM.": "A four K TV with eight gigabytes of RAM.",
    "A board of 10 x 12 ft.": "A board of ten by twelve feet.",
    'A 27" screen, 12 in. wide.': "A twenty seven inch screen, twelve inches wide.",
    "5 in the morning; I have 5 in stock.": "five in the morning; I have five in stock.",
    "Bus stop 4B, 3B users.": "Bus stop four B, three billion users.",
    "1,200/km² at 20 mg/day.": "one thousand two hundred per square kilometer at twenty milligrams "
    "per day.",
    "A 12-oz. can and a 5-lb bag.": "A twelve ounce can and a five pound bag.",
    "Up 10%-20%, or 10°C–15°C.": "Up ten percent to twenty percent, or ten degrees Celsius to "
    "fifteen degrees Celsius.",
    "It falls at 10 m/s².": "It falls at ten meters per second squared.",
    "From 5-10 kg, 1.5-2 km.": "From five to ten kilograms, one point five to two kilometers.",
    "He weighs 13st 4lb.": "He weighs thirteen stone four pounds.",
    "The temp. hit 38C (100F).": "The temperature hit thirty eight degrees Celsius (one hundred "
    "degrees Fahrenheit).",
    "About ½ tsp, or 3.6 × 10⁶ J.": "About one half teaspoon, or three point six times ten to the "
    "power of six joules.",
    "A 2-in-1 with 3×4 tiles.": "A two-in-one with three by four tiles.",
    "Ten min. later, for 30s, in the 30s.": "Ten minutes later, for thirty seconds, in the "
    "thirties.",
    "It is 6 ft 1 in, or 5km2.": "It is six feet one inch, or five square kilometers.",
    "At 300 K, up 25bps.": "At three hundred kelvin, up twenty five basis points.",
    "Take I-80 W, then turn 180 degrees C.": "Take I-eighty W, then turn one hundred eighty "
    "degrees Celsius.",
}


@pytest.mark.parametrize(("written", "spoken"), [*MONEY.items(), *UNITS.items()])
def test_money_and_measures_are_said_as_a_person_says_them(written: str, spoken: str) -> None:
    """Singular before what is measured, plural elsewhere."""
    assert said(written) == spoken
