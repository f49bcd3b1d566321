"""Dates, years and times, as a person says them."""

from __future__ import annotations

import pytest

from tests.fixtures.spoken import said

YEARS = {
    "In 1066 he landed; she left in 2009.": "In ten sixty six he landed; she left in two thousand "
    "nine.",
    "Built circa 1750, restored 1901.": "Built circa seventeen fifty, restored nineteen oh one.",
    "It opened in 2000, closed in 2026.": "It opened in two thousand, closed in twenty twenty six.",
    "The 1960s, the '70s and the 80's.": "The nineteen sixties, the seventies and the eighties.",
    "The 1800s and 2010s.": "The eighteen hundreds and twenty tens.",
    "The class of ’99, in their 40s.": "The class of ninety nine, in their forties.",
    "In 44 BC, or 476 A.D., or 1500 BCE.": "In forty four B C, or four hundred seventy six A D, or "
    "fifteen hundred B C E.",
    "About 1200 people came.": "About one thousand two hundred people came.",
    "Mid-1990s, post-1945.": "Mid-nineteen nineties, post-nineteen forty five.",
    "In AD 79, or Q1'24.": "In A D seventy nine, or Q one twenty four.",
}
DATES = {
    "On 12/25/2024 or 1/2/23.": "On December twenty fifth twenty twenty four or January second "
    "twenty twenty three.",
    "Released 2026-01-09.": "Released January ninth twenty twenty six.",
    "Born 4 July 1976.": "Born the fourth of July nineteen seventy six.",
    "On June 3rd, 2021, it rained.": "On June third twenty twenty one, it rained.",
    "Due Jan. 15, then Sept. 1st.": "Due January fifteenth, then September first.",
    "Every Aug. 12-14 it rains.": "Every August twelfth to fourteenth it rains.",
    "See you Tues., Mar. 3.": "See you Tuesday, March third.",
    "Open Mon.-Fri., closed Sat. and Sun.": "Open Monday to Friday, closed Saturday and Sunday.",
    "We met in Oct. and Dec. 2019.": "We met in October and December twenty nineteen.",
    "On 3 May 1962, on 3 May in Rome; 3 May be true": "On the third of May nineteen sixty two, on "
    "the third of May in Rome; three May be true",
    "Tue 3/14, then 3/4 of it": "Tuesday March fourteenth, then three quarters of it",
    "The 5th of May 2020.": "The fifth of May twenty twenty.",
    "He may 3 times march 5 miles.": "He may three times march five miles.",
    "He looked at the Sun. It sat.": "He looked at the Sun. It sat.",
    "I met Jan. She smiled.": "I met Jan. She smiled.",
    "On 9/11 and on 7/4.": "On nine eleven and on July fourth.",
    "On 21st-24th May, or 5 and 6 June.": "On the twenty first to twenty fourth of May, or the "
    "fifth and sixth of June.",
    "Jan-Mar and June–August.": "January to March and June to August.",
    "Open Sat. & Sun. 10-4.": "Open Saturday and Sunday ten to four.",
}
TIMES = {
    "Doors at 6:00, last call 23:59.": "Doors at six o'clock, last call twenty three fifty nine.",
    "It left at 7:05 a.m. sharp.": "It left at seven oh five A M sharp.",
    "He woke at 5 a.m. She did not.": "He woke at five A M. She did not.",
    "We met at 10 p.m. Monday.": "We met at ten P M Monday.",
    "From 9am to 5pm.": "From nine A M to five P M.",
    "Lunch runs 12:00-1:30 today.": "Lunch runs twelve to one thirty today.",
    "Open 10:30–11:45 a.m. daily.": "Open ten thirty to eleven forty five A M daily.",
    "He ran it in 2:01:09.": "He ran it in two oh one oh nine.",
    "At 0800 hours, then 1630 hrs.": "At oh eight hundred hours, then sixteen thirty hours.",
    "It starts at 8.30pm.": "It starts at eight thirty P M.",
    "The news at 18:00.": "The news at eighteen hundred.",
    "Open noon-1pm.": "Open noon to one P M.",
    "It took 2h 15m 30s, then 1h30.": "It took two hours fifteen minutes thirty seconds, then one "
    "hour thirty minutes.",
    "A lap of 1:18.725, a day of 01:02:03.4.": "A lap of one eighteen point seven two five, a day "
    "of one oh two oh three point four.",
}


@pytest.mark.parametrize(("written", "spoken"), [*YEARS.items(), *DATES.items(), *TIMES.items()])
def test_dates_and_times_are_said_as_a_person_says_them(written: str, spoken: str) -> None:
    """And words that look like a day or a month stay words."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    {
        "On 3/4/2025.": "On the third of April twenty twenty five.",
        "On 14/03/2025.": "On the fourteenth of March twenty twenty five.",
        "On May 5, 2003.": "On May the fifth two thousand and three.",
    }.items(),
)
def test_british_readers_say_the_day_first(written: str, spoken: str) -> None:
    """The fourth of the third is in March for Americans alone."""
    assert said(written, british=True) == spoken
