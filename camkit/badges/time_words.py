"""Words beside the numbers of a date and time: months, weekdays, halves of a day, letters of zones.

A library such as dateparser knows more of them, but guesses what a text means, from parts of it if need be; here a word
is known or the text is not read. A short form is the beginning of the word, as in "sept." and "янв", or listed.
"""

from __future__ import annotations

from functools import cache

from camkit.badges.vocabulary import unaccented

MONTHS = (
    "english january february march april may june july august september october november december",
    "german januar februar märz april mai juni juli august september oktober november dezember",
    "austrian jänner feber maerz april mai juni juli august september oktober november dezember",
    "french janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "spanish enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "spanish enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre",
    "italian gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "portuguese janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "dutch januari februari maart april mei juni juli augustus september oktober november december",
    "swedish januari februari mars april maj juni juli augusti september oktober november december",
    "danish januar februar marts april maj juni juli august september oktober november december",
    "norwegian januar februar mars april mai juni juli august september oktober november desember",
    "polish styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "polish stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "czech leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "czech ledna února března dubna května června července srpna září října listopadu prosince",
    "croatian siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac",
    "croatian siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca",
    "croatian siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studenog prosinac",
    "russian январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "russian января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "turkish ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
)
"""After the language twelve names each, nominative or genitive. A month may be written as three letters or more."""

SHARED_MONTHS = ("listopad", "listopada", "lis", "lip", "srp")
"""Names that are one month in Croatian and another in Polish or Czech."""

LANGUAGE_AT = {
    "Europe/Warsaw": "polish", "Poland": "polish", "Europe/Prague": "czech", "Europe/Bratislava": "czech",
    "Europe/Zagreb": "croatian", "Europe/Sarajevo": "croatian",
}  # fmt: skip
"""The zones whose clocks tell which of them is meant."""

SHORT_MONTHS = {
    "mrz": 3, "mrt": 3, "jui": None, "tammi": 1, "helmi": 2, "maalis": 3, "huhti": 4, "touko": 5, "kesä": 6, "heinä": 7,
    "elo": 8, "syys": 9, "loka": 10, "marras": 11, "joulu": 12,
}  # fmt: skip
"""Short forms that do not begin the word, and the Finnish ones, which begin like other languages' months."""

WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lundi mardi mercredi jeudi vendredi samedi dimanche "
    "lunes martes miércoles jueves viernes sábado domingo "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica "
    "segunda segunda-feira terça terça-feira quarta quarta-feira quinta quinta-feira sexta sexta-feira "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag "
    "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai "
    "poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr czw pt sob niedz "
    "понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс "
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar pzt cmt"
).split()

FILLERS = frozenset(
    "a at on um uhr uur hrs hs den der le à de del as às a las kl klo klokken den alle ore om o og en el il di "
    "в г год года r saat tarihinde st nd rd th er º ª kuuta".split()
)
"""Words that may be between a date and a time, or follow a day, and say nothing."""

MORNING = ("am", "上午", "午前", "오전", "ص", "öö", "πμ")
AFTERNOON = ("pm", "下午", "午後", "오후", "م", "ös", "μμ")

MINUTES_EAST: dict[str, int | None] = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60,
    "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "NST": -210, "NDT": -150, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600,
    "WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "PKT": 300,
    "WIB": 420, "WITA": 480, "WIT": 540, "SGT": 480, "HKT": 480, "JST": 540, "KST": 540,
    "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "AST": None, "ADT": None, "BST": None, "CST": None, "IST": None, "PST": None,
}  # fmt: skip
"""Minutes ahead of UTC; None where the letters are of several zones: Indian, Irish and Israeli time are all IST.

From the abbreviations in the IANA time zone database. What is also Cuba's or was Australia's is read as American, as
systems write it, unless the site is there.
"""

ELSEWHERE = {"EST": 600, "EDT": 660, "CDT": 630, "MST": 480}
"""Minutes ahead of UTC at which letters that are read as American are those of Australia's or Malaysia's clocks."""

OF_UTC = frozenset({"Z", "UTC", "GMT"})
"""Letters that no clock change concerns."""


@cache
def month_of(word: str, language: str = "") -> int | None:
    """Return the number of the month that a word or its beginning names; None if none does, or several.

    Of several, the language decides.
    """
    wanted = unaccented(word).removesuffix("kuuta").removesuffix("kuu")
    if wanted in _short_months():
        return _short_months()[wanted]
    if len(wanted) < 3:
        return None
    begun = [month for month in _months() if month[1].startswith(wanted)]
    whole = [month for month in begun if month[1] == wanted]  # the Czech June begins its July
    found = whole or begun
    numbers = {number for _, _, number in found}
    if len(numbers) > 1:
        numbers = {number for spoken, _, number in found if spoken == language}
    return numbers.pop() if len(numbers) == 1 else None


@cache
def is_weekday(word: str) -> bool:
    """Whether a word, or two letters of it or more, name a day of the week."""
    wanted = unaccented(word)
    return len(wanted) > 1 and any(name.startswith(wanted) for name in _weekdays())


@cache
def _weekdays() -> tuple[str, ...]:
    return tuple(map(unaccented, WEEKDAYS))


@cache
def _months() -> list[tuple[str, str, int]]:
    """Language, name and number of each."""
    return [
        (language, unaccented(name), number)
        for language, *names in map(str.split, MONTHS)
        for number, name in enumerate(names, start=1)
    ]


@cache
def _short_months() -> dict[str, int | None]:
    return {unaccented(name): number for name, number in SHORT_MONTHS.items()}
