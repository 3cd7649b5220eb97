"""A made-up language in which a sentence's second-last word hangs on its third.

    Je suis français, il pleut beaucoup, et j'habite en ___

The nationality says which country comes after "en"; what stands between says nothing of it, though
other people's nationalities may be named there. So a network has to keep one word for as many
tokens as one likes, which is the lost context of many courses on recurrent networks.
"""

from random import Random

COUNTRIES = {
    "français": "France",
    "italien": "Italie",
    "espagnol": "Espagne",
    "allemand": "Allemagne",
    "belge": "Belgique",
    "suisse": "Suisse",
    "grec": "Grèce",
    "polonais": "Pologne",
}
"""By nationality; all of them take "en"."""

LABELS = tuple(sorted(set(COUNTRIES.values())))
CLAUSES = tuple(
    tuple(clause.split())
    for clause in (
        "vraiment",
        "enfin",
        "il pleut",
        "on verra",
        "il fait beau",
        "j'aime la mer",
        "je lis beaucoup",
        "le temps passe",
        "nous partons demain",
        "mes amis sont là",
        "je joue du piano",
        "le train est parti",
        "ma sœur chante bien",
        "il y a du vent",
        "je mange souvent du pain",
        "les enfants vont à l'école",
        "la ville est très belle",
        "nous buvons un café noir",
        "j'écoute la radio le soir",
        "mon chat dort tout le jour",
    )
)
WHO = ("mon voisin est", "son ami est", "le boulanger est")
TAILS = (("et", "j'habite"), (",", "je", "vis"))
ASIDE_TOKENS = 5  # of an aside with its comma
ASIDES = 0.15  # share of clauses that name someone else's nationality


def sentence(draw: Random, distance: int) -> tuple[str, str]:
    """Draw a sentence and the country that goes on with it.

    Args:
        draw: Where the choices come from.
        distance: Tokens (words and commas) between the nationality and the final "en", 2 and up.
    """
    nationality = draw.choice(list(COUNTRIES))
    tail = draw.choice([tail for tail in TAILS if _fits(len(tail), distance)])
    words = ["Je", "suis", nationality, *_filler(draw, distance - len(tail)), *tail, "en"]
    return " ".join(words).replace(" ,", ","), COUNTRIES[nationality]


def _filler(draw: Random, length: int) -> list[str]:
    """Draw clauses, a comma before each, of `length` tokens in all."""
    tokens: list[str] = []
    while left := length - len(tokens):
        if draw.random() < ASIDES and _fits(ASIDE_TOKENS, left):
            clause = (*draw.choice(WHO).split(), draw.choice(list(COUNTRIES)))
        else:
            clause = draw.choice([one for one in CLAUSES if _fits(1 + len(one), left)])
        tokens += [",", *clause]
    return tokens


def _fits(taken: int, left: int) -> bool:
    """Whether what `taken` leaves of `left` tokens can be filled: no clause has one token."""
    return left >= taken and left - taken != 1
