# ruff: noqa: RUF001, E501 — letters of other scripts are meant, and the tables are easier to read with long lines.
"""Prompts as users write them: so many of a thing, several questions, a reason, a poem (FACTS section 5)."""

import json
import re

import pytest

from mockserver.content.extraction.answers import extract
from mockserver.core.seeded import Seeded

DOG = "https://example.com/videos/golden-retriever-park.mp4"


def answer(prompt: str, json_mode: bool = False, url: str = DOG) -> str:
    return extract(Seeded("e"), prompt, url, 90.5, json_mode)


# How many lines the answer has, and what each of them is.
QUESTION, TITLE, TAG, SENTENCE = r"- ¿?[A-ZÄÖÜ].+\?", r"- [^,.;]+[^.]", r"- [\w ]+", r"- .+\."
COUNTED = {
    "Write four questions a viewer might ask": (4, QUESTION),
    "Generate 3 quiz questions about the video": (3, QUESTION),
    "Give me 3 questions and answers for a quiz about this video": (3, r"- .+\? – .+"),
    "Give me three tips from the video": (3, SENTENCE),
    "List 5 tips": (5, SENTENCE),
    "Suggest five tags for YouTube": (5, TAG),
    "Give me a list of all brands mentioned": (1, "- Pawlane"),
    "Nenne 5 Schlagwörter": (5, TAG),
    "Schreibe drei Fragen, die ein Zuschauer stellen könnte": (3, QUESTION),
    "Nenne mir 3 Fragen mit Antworten": (3, r"- .+\? – .+"),
    "Gib mir 3 Tipps aus dem Video": (3, SENTENCE),
    "Formuliere drei Titelvorschläge": (3, TITLE),
    "Fasse jede Szene in einem Satz zusammen": (5, r"- \[\d\d:\d\d–\d\d:\d\d\] [^.]+\."),
    "给我三个问题": (3, "- .+？"),
    "提出3个观众可能会问的问题": (3, "- .+？"),
    "给出5个标签": (5, TAG),
    "给这个视频起三个标题": (3, "- [^。]+"),
    "列出视频中的三个关键时刻及其时间戳": (3, r"- \[\d\d:\d\d–\d\d:\d\d\] .+。"),
    "Dame 3 preguntas sobre el vídeo": (3, QUESTION),
    "Escribe 3 consejos basados en el vídeo": (3, SENTENCE),
    "Genera 4 títulos alternativos": (4, "- .+[^.]"),
    "Describe cada escena en una frase": (5, r"- \[\d\d:\d\d–\d\d:\d\d\] [^.]+\."),
    "Enumera los 3 momentos clave": (3, r"- \[\d\d:\d\d–\d\d:\d\d\] .+"),
}


@pytest.mark.parametrize("prompt", COUNTED)
def test_a_number_of_things_gives_that_number_of_them(prompt: str):
    count, form = COUNTED[prompt]
    lines = answer(prompt).splitlines()
    assert len(lines) == len(set(lines)) == count, lines
    assert all(re.fullmatch(form, line) for line in lines), lines
    value = json.loads(answer(prompt, json_mode=True))
    listed = value if isinstance(value, list) else next(iter(value.values()))
    assert len(listed) == count


@pytest.mark.parametrize(
    "prompt", ["Write a haiku about this video", "Schreibe ein Haiku", "写一首俳句", "Escribe un haiku sobre el vídeo"]
)
def test_a_poem_has_lines(prompt: str):
    assert len(answer(prompt).splitlines()) == 3
    assert answer(prompt) == json.loads(answer(prompt, json_mode=True))["poem"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Dame un título y tres hashtags",
        "生成适合抖音的标题和3个话题标签",
        "Write a title and 3 hashtags",
    ],
)
def test_one_thing_and_several_of_another_are_two_sections(prompt: str):
    title, tags = answer(prompt).split("\n\n")
    assert len(title.splitlines()) == 2
    assert len(tags.splitlines()) == 1 + 3


def test_several_questions_are_answered_one_by_one():
    prompt = "Please answer these questions: 1. Is there a dog in the video? 2. How many people are visible? 3. What is the mood?"
    assert [line[:8] for line in answer(prompt).splitlines()] == ["1. Yes. ", "2. Numbe", "3. light"]
    rows = json.loads(answer(prompt, json_mode=True))
    assert [row["question"] for row in rows] == [
        "Is there a dog in the video?",
        "How many people are visible?",
        "What is the mood?",
    ]
    assert len(answer("¿Hay un perro? ¿Cuántos árboles hay?").splitlines()) == 2


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("Does this video contain violence? Answer yes/no with a short explanation.", "no"),
        ("Rate how engaging this video is on a scale of 1-10 and explain why.", 9),
        ("从1到5打分，并说明理由", 5),
        ("Bewerte die Stimmung von 1 bis 5 und begründe es.", 5),
    ],
)
def test_a_value_can_have_a_reason(prompt: str, value: object):
    assert re.match(rf"{value}(\. |。)\S", answer(prompt))
    data = json.loads(answer(prompt, json_mode=True))
    assert data["answer"] == value
    assert len(data["reason"]) > 10


VALUES = {
    "Identify the main character. One word only.": "dog",
    "Is the speaker male or female?": "female",
    "Answer with exactly one of the following words: calm, tense, playful": "playful",
    "Categorize this video into one of: Education, Entertainment, Sports, Pets & Animals, Music": "Pets & Animals",
    "视频的情绪是积极、消极还是中性？": "积极",
    '视频里有音乐吗？请回答"是"或"否"': "是",
    "Valora el vídeo del 1 al 5. Solo el número.": "5",
    "Puntúa la calidad del 1 al 10. Solo el número.": "9",
}


@pytest.mark.parametrize("prompt", VALUES)
def test_one_value_is_the_whole_answer(prompt: str):
    assert answer(prompt) == VALUES[prompt]


def test_other_requests():
    assert answer("You are an analyst. Provide a description of what happens, including timestamps.").startswith(
        "- [00:00"
    )
    assert "number_of_times" not in answer("List every object with the number of times it appears")
    assert "|" not in answer("Provide a timestamped table of contents")
    assert answer("把视频内容翻译成英文并总结").startswith("This video shows")
    assert answer("请输出markdown表格，列为时间和描述").startswith("| 时间 | 描述 |")
    assert answer("Return a comma separated list of 5 tags").count(",") == 4
    products = json.loads(answer("Identify all products. For each: name, brand, price", json_mode=True))["products"]
    assert [list(row) for row in products] == [["name", "brand", "price"]] * 2
    shots = json.loads(answer("Create a shot list with shot type and duration", json_mode=True))["shots"]
    assert [list(row) for row in shots] == [["shot_type", "duration"]] * 5
    assert json.loads(answer("Devuelve un JSON con las claves personas (número) y exterior (booleano)")) == {
        "personas": 1,
        "exterior": True,
    }
    assert len(json.loads(answer("Devuelve una matriz JSON con 3 palabras clave"))) == 3
    assert json.loads(answer("Antworte mit einem JSON-Objekt: titel, dauer_sekunden"))["dauer_sekunden"] == 90.5
    counted = json.loads(answer("列出所有出现的物体及其数量，用JSON"))
    assert (len(counted["物体"]), counted["数量"]) == (5, 5)


# The whole answer to each prompt is this.
PATTERNS = [
    ("How many dogs are in this video? Just give me the number", "1"),
    ("Answer Yes or No. Is there a bicycle in the video?", "No|no"),
    ("Which of these best describes the setting: kitchen, park, office?", "park"),
    ("Give me exactly 5 keywords separated by commas", "[^,\n]+(, [^,\n]+){4}"),
    ("Summarize in exactly 2 sentences", "[^.!?]+\\. [^.!?]+\\."),
    ('Return only JSON: {"pets": [""], "outdoor": true}', '\\{\\s*\\"pets\\": \\[.*\\],\\s*\\"outdoor\\": true\\s*\\}'),
    ("List each scene with start, end and description", "- Start: 00:00; End: 00:10; Description: [^\\n]+\\n- Start.*"),
    ("List each chapter as mm:ss - title", "\\d\\d:\\d\\d - [^\\n]+\\n\\d\\d:\\d\\d - .*"),
    ("CSV with columns time,description", "time,description\\n.*"),
    ("Create three tweets about the video. Number them.", "1\\. [^\\n]+\\n2\\. [^\\n]+\\n3\\. [^\\n]+"),
    ("Give two tips", "- [^\\n]+\\n- [^\\n]+"),
    ("Six hashtags please", "(- #\\w+\\n?){6}"),
    ("What is the sentiment? Reply positive, negative or neutral only", "positive"),
    ("What emotion is dominant: joy, sadness, anger or fear? One word.", "joy"),
    ("Title only, no quotes", "Fetch, Again"),
    ("Is it filmed indoors? Answer true or false", "false"),
    ("Describe this video in one short paragraph of at most 60 words", "[^\\n]{40,400}"),
    ("Wie viele Personen sind zu sehen? Antworte ausschließlich mit einer Ziffer.", "1"),
    ("Ist ein Auto im Bild? Antworte nur mit Ja oder Nein.", "Nein"),
    ("Gib genau drei Stichwörter aus, durch Kommas getrennt.", "[^,\n]+, [^,\n]+, [^,\n]+"),
    ("Fasse den Inhalt in zwei Sätzen zusammen.", "[^.!?]+\\. [^.!?]+\\."),
    (
        "Erzeuge ein JSON mit den Feldern titel, ort und stimmung.",
        '\\{\\s*\\"titel\\": \\".+\\",\\s*\\"ort\\": \\".+\\",\\s*\\"stimmung\\": \\".+\\"\\s*\\}',
    ),
    ("Nenne vier Fragen, die man zu diesem Video stellen könnte.", "(- [^\\n]+\\?\\n?){4}"),
    ("Schreibe ein Haiku über das Video", "[^\\n]+\\n[^\\n]+\\n[^\\n]+"),
    ("Welche Kategorie passt: Sport, Tiere oder Musik? Nur ein Wort.", "Tiere"),
    ("5 Schlagwörter", "(- [^\\n]+\\n?){5}"),
    ("Wie ist die Stimmung? Antworte in einem Wort.", "\\w+"),
    ("Tabelle als CSV: beginn;ende;beschreibung", "beginn;ende;beschreibung\\n00:00;.*"),
    ("Ist das Video jugendfrei? Antworte mit true oder false.", "true"),
    ("Bewerte die Helligkeit auf einer Skala von 1 bis 10, nur die Zahl.", "\\d+"),
    ("视频里有几只狗？只回答数字。", "1"),
    ("有汽车吗？请只回答“有”或“没有”。", "没有"),
    ("请用一句话总结。", "[^。]+。"),
    ("请给出三个关键词，用逗号分隔", "[^,，、\n]+[,，、] ?[^,，、\n]+[,，、] ?[^,，、\n]+"),
    (
        '请输出JSON：{"地点": "", "氛围": "", "人数": 0}',
        '\\{\\s*\\"地点\\": \\".+\\",\\s*\\"氛围\\": \\".+\\",\\s*\\"人数\\": 1\\s*\\}',
    ),
    ("这段视频是在室内还是室外拍摄的？", "室外.*"),
    ("写一首关于视频的短诗", "[^\\n]+\\n[^\\n]+\\n[^\\n]+"),
    ("请提出四个问题", "(- [^\n]+？\n?){4}"),
    ("用五个要点总结视频", "(- [^\n]+\n?){5}"),
    ("分类：体育、宠物、美食，只返回类别", "宠物"),
    ("请用三十个字以内描述视频", ".{5,30}"),
    ("情感是正面还是负面？只回答一个词", "正面"),
    ("¿Cuántas personas hay? Responde únicamente con un número.", "1"),
    ("¿Hay algún coche? Responde solo sí o no.", "no"),
    ("Resume el vídeo en dos frases.", "[^.!?]+\\. [^.!?]+\\."),
    ("Dame tres palabras clave separadas por comas", "[^,\n]+, [^,\n]+, [^,\n]+"),
    (
        "Devuelve JSON con titulo, lugar y ambiente",
        '\\{\\s*\\"titulo\\": \\".+\\",\\s*\\"lugar\\": \\".+\\",\\s*\\"ambiente\\": \\".+\\"\\s*\\}',
    ),
    ("Escribe cinco preguntas que podría hacer un espectador", "(- ¿[^\\n]+\\?\\n?){5}"),
    ("¿Qué categoría encaja mejor: deportes, mascotas o cocina? Solo la categoría.", "mascotas"),
    ("Da 2 consejos", "- [^\\n]+\\n- [^\\n]+"),
    ("Indica si es apto para niños: verdadero o falso", "verdadero"),
    ("Lista cuatro hashtags", "(- #\\w+\\n?){4}"),
    ("Escribe un poema corto sobre el vídeo", "[^\\n]+\\n[^\\n]+\\n[^\\n]+"),
    ("Haz una tabla con las columnas Inicio y Descripción", "\\| Inicio \\| Descripción \\|\\n.*"),
    ("Combien de chiens ? Réponds par un chiffre.", "1"),
    ("犬は何匹いますか？数字だけで答えて", "1"),
    ("Provide the transcript as plain text without timestamps", r"- Narrator: .+"),
    ("Extract all text visible on screen, one item per line", "Please keep dogs in sight"),
    ("Return the dominant color as hex code only", "#[0-9A-F]{6}"),
    ("Classify as: A) News B) Entertainment C) Education. Answer only with the letter.", "[ABC]"),
    ("What animals are in the video?", "- dog\n- bird"),
    ("Is there a dog? How many?", r"1\. Yes\. .+\n2\. .+: 1\."),
    ("Wer spricht im Video?", "- Off-Stimme"),
    ("Welche Sprache wird gesprochen? Nur das Kürzel.", "en"),
    ("Ist im Video Text zu sehen? Wenn ja, welcher?", r"1\. Ja\. .+\n2\. - Please keep dogs in sight"),
    ("Erstelle einen Instagram-Post mit maximal 30 Wörtern und 5 Hashtags", r"(- #\w+\n?){5}"),
    ("主要颜色是什么？只返回十六进制代码", "#[0-9A-F]{6}"),
    ("请给视频打标签，最多5个，用JSON数组返回", r"\[(\n +\"[^\"]+\",?){5}\n\]"),
    ("这个视频有多少秒？", "90.5 秒"),
    ("用英文回答：视频里有什么动物？", "- dog\n- bird"),
    ("¿Quién aparece en el vídeo?", "- Mujer 1"),
    ("Devuelve la duración en segundos como número entero", "90"),
    ("Haz un resumen en tres puntos y dame el título", r"(- [^\n]{40,}\.\n?){3}"),
    ("Lista todo el texto visible", "- Please keep dogs in sight"),
]


@pytest.mark.parametrize(("prompt", "pattern"), PATTERNS)
def test_the_answer_has_the_form_that_the_prompt_asks_for(prompt: str, pattern: str):
    assert re.fullmatch(pattern, answer(prompt), re.DOTALL)
