"""What a sample's users speak about, where they live and how they write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a user's posts are about."""

    does: str
    """How such users call themselves."""
    hashtags: tuple[str, ...]
    """The commonest first; posts bear several of them."""
    rising: str
    """A hashtag that is new in the last third of the time."""
    things: tuple[str, ...]
    likes: float
    """How many likes a view brings, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Where users live."""

    code: str
    language: str
    offset: int
    """Hours that its clocks are ahead of UTC."""
    share: int
    """How many users of a hundred live there."""
    openings: tuple[str, ...]
    remarks: tuple[str, ...]


TOPICS = (
    Topic(
        does="bakes",
        hashtags=("baking", "bread", "sourdough", "cake", "recipe", "homemade", "dessert"),
        rising="midnightbread",
        things=("sourdough 🍞", "cinnamon rolls", "the crumb", "croissants 🥐", "a lemon cake"),
        likes=0.09,
    ),
    Topic(
        does="cooks",
        hashtags=("cooking", "food", "recipe", "easyrecipe", "dinner", "spicy", "homemade"),
        rising="onepotweek",
        things=("ramen 🍜", "a quick curry", "rice & eggs", "tacos 🌮", "the best dumplings"),
        likes=0.08,
    ),
    Topic(
        does="dances",
        hashtags=("dance", "choreography", "hiphop", "dancechallenge", "practice", "studio"),
        rising="slowspin",
        things=("this step", "the chorus 💃", "day 12 of practice", "the turn", "our duo"),
        likes=0.13,
    ),
    Topic(
        does="runs",
        hashtags=("running", "fitness", "marathon", "workout", "motivation", "training"),
        rising="slowrun",
        things=("10 km 🏃", "a hill session", "race day", "new shoes", "recovery"),
        likes=0.06,
    ),
    Topic(
        does="travels",
        hashtags=("travel", "vacation", "nature", "beach", "roadtrip", "hiddenplaces"),
        rising="nighttrain",
        things=("a night train", "the coast 🌊", "this village", "48 hours here", "the market"),
        likes=0.07,
    ),
    Topic(
        does="paints",
        hashtags=("art", "painting", "watercolor", "sketch", "artist", "process"),
        rising="oneline",
        things=("watercolours 🎨", "one line", "a portrait", "the sketchbook", "layers"),
        likes=0.11,
    ),
    Topic(
        does="plays",
        hashtags=("gaming", "gameplay", "stream", "speedrun", "retro", "funny"),
        rising="cozygames",
        things=("the last boss 🎮", "a cozy farm", "the secret level", "a speedrun", "co-op"),
        likes=0.07,
    ),
    Topic(
        does="reads",
        hashtags=("booktok", "books", "reading", "fantasy", "bookrecs", "library"),
        rising="shortbooks",
        things=("five books 📚", "this ending", "the library", "a long weekend", "poems"),
        likes=0.10,
    ),
    Topic(
        does="builds",
        hashtags=("diy", "woodworking", "home", "tools", "restoration", "howto"),
        rising="tinybench",
        things=("a bench", "an old clock", "the drawer 🪵", "shelves", "the workshop"),
        likes=0.06,
    ),
    Topic(
        does="sings",
        hashtags=("music", "singing", "cover", "guitar", "songwriter", "acoustic"),
        rising="onemic",
        things=("a cover 🎤", "the bridge", "one take", "a new song", "the harmony"),
        likes=0.12,
    ),
    Topic(
        does="grows",
        hashtags=("gardening", "plants", "garden", "balcony", "harvest", "nature"),
        rising="windowfarm",
        things=("tomatoes 🍅", "the balcony", "cuttings", "the first harvest", "soil"),
        likes=0.08,
    ),
    Topic(
        does="skates",
        hashtags=("skateboarding", "skate", "street", "tricks", "practice", "funny"),
        rising="curbclub",
        things=("a kickflip 🛹", "the curb", "slow motion", "50 tries", "the bowl"),
        likes=0.09,
    ),
)
EVERYWHERE = (("fyp", 0.4), ("foryou", 0.22), ("viral", 0.12))
"""Hashtags of any topic, and how many of all posts bear them."""
GIVEN = (
    *("mara", "tobi", "lin", "sahar", "noor", "pim", "yuki", "dario"),
    *("elif", "kofi", "ines", "juno", "rafa", "wanda", "zoe", "omar"),
)
COUNTRIES = (
    Country(
        code="US",
        language="en",
        offset=-5,
        share=24,
        openings=("How I made", "Nobody talks about", "POV:", "Wait for", "My favourite:"),
        remarks=("love this!", "where is this?", "😂😂😂", "tutorial please", "so good"),
    ),
    Country(
        code="BR",
        language="pt",
        offset=-3,
        share=13,
        openings=("Como eu fiz", "Olha só:", "Testei", "Meu favorito:"),
        remarks=("que lindo!", "quero mais", "kkkkk", "perfeito 👏"),
    ),
    Country(
        code="ID",
        language="id",
        offset=7,
        share=12,
        openings=("Coba lihat", "Akhirnya", "Cara bikin", "Favoritku:"),
        remarks=("keren banget", "mantap 🔥", "di mana ini?", "lanjut part 2"),
    ),
    Country(
        code="MX",
        language="es",
        offset=-6,
        share=9,
        openings=("Cómo hice", "Miren", "Nadie habla de", "Mi favorito:"),
        remarks=("¡qué bonito!", "jajaja", "más por favor", "increíble"),
    ),
    Country(
        code="DE",
        language="de",
        offset=1,
        share=9,
        openings=("So mache ich", "Endlich:", "Tag 3 mit", "Mein Liebling:"),
        remarks=("mega!", "wie geht das?", "schön gemacht", "😂"),
    ),
    Country(
        code="GB",
        language="en",
        offset=0,
        share=8,
        openings=("Right then:", "A quiet day with", "Trying", "Rating"),
        remarks=("brilliant", "cheers for this", "where's part two?", "obsessed"),
    ),
    Country(
        code="FR",
        language="fr",
        offset=1,
        share=7,
        openings=("Voici", "Comment j'ai fait", "Un jour avec", "Mon préféré :"),
        remarks=("trop beau", "j'adore", "mdr", "la suite !"),
    ),
    Country(
        code="TR",
        language="tr",
        offset=3,
        share=6,
        openings=("Nasıl yaptım:", "Bakın", "Sonunda", "En sevdiğim:"),
        remarks=("çok güzel", "bayıldım", "devamı gelsin", "😍"),
    ),
    Country(
        code="JP",
        language="ja",
        offset=9,
        share=6,
        openings=("今日の", "はじめての", "お気に入り：", "作り方："),
        remarks=("すごい！", "かわいい", "続きが見たい", "最高"),
    ),
    Country(
        code="SA",
        language="ar",
        offset=3,
        share=6,
        openings=("شاهدوا", "طريقتي في", "أخيراً", "المفضل عندي:"),
        remarks=("ما شاء الله", "جميل جدا", "الجزء الثاني؟", "😂"),
    ),
)
HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7, 6, 5, 5, 6, 8, 10, 12, 13, 12, 8, 4)
"""How many of all posts are made in each hour of their makers' clocks."""
REACTIONS = (
    *(0.82, 0.80, 0.78, 0.78, 0.80, 0.84, 0.90, 0.95, 0.97, 0.96, 0.96, 0.98),
    *(1.02, 1.02, 1.00, 0.99, 1.01, 1.06, 1.12, 1.18, 1.22, 1.20, 1.08, 0.92),
)
"""How ready viewers are to react to posts of each hour, beside the average."""
SOUND_TITLES = (
    *("Slow Morning", "Paper Boats", "Neon Rain", "Kitchen Radio", "Left Turn", "Golden Hour"),
    *("Tiny Engine", "Night Bus", "Static Love", "Sugar & Salt", "Low Tide", "Second Floor"),
)
SOUND_AUTHORS = ("Lumen", "The Quiet Year", "DJ Marzipan", "Aiko & Ben", "Noor El Din", "Ostbahn")
