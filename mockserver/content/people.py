"""Names and email addresses of made-up people."""

from mockserver.core.seeded import Seeded

_FEMININE = (
    "Ada Amara Ana Aoife Camila Chiara Dana Elena Elif Emma Esther Fatima Freya Grace Hana Ines Ingrid Jana Julia "
    "Laila Lina Maja Mara Marta Maya Mei Mina Nadia Paula Priya Rosa Sara Sofia Vera Yara Yuki Zoe"
)
_MASCULINE = (
    "Amir Anders Bruno Carlos Daniel Emil Erik Felix Hugo Ivan Jamal Jonas Kofi Lars Leo Luca Mateo Nils Omar Owen "
    "Pablo Rafael Samir Soren Tariq Theo Victor"
)
_FAMILY = (
    "Abara Adler Almeida Andersen Baker Banerjee Becker Bianchi Brandt Castillo Chen Costa Dahl Demir Dubois Eriksen "
    "Farah Fischer Fontaine Garcia Haddad Hansen Hayashi Ibrahim Jensen Kaya Keller Khan Larsen Lindqvist Lopez "
    "Marin Mendes Moreau Murphy Nakamura Navarro Novak Okafor Olsen Ortiz Park Patel Quinn Ramos Reyes Rossi Sato "
    "Schneider Silva Singh Soto Tanaka Torres Varga Vogel Walsh Weber Yilmaz Zhang"
)
_GIVEN_NAMES = {"feminine": _FEMININE, "masculine": _MASCULINE, "any": f"{_FEMININE} {_MASCULINE}"}


def person(seeded: Seeded, gender: str = "any") -> tuple[str, str]:
    """Return a name, and an email address at example.com, which RFC 2606 reserves for examples.

    `gender` selects the given names: `feminine`, `masculine` or `any`.
    """
    given, family = seeded.choice(_GIVEN_NAMES[gender].split(), "given"), seeded.choice(_FAMILY.split(), "family")
    return f"{given} {family}", f"{given}.{family}@example.com".lower()
