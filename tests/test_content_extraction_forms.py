# ruff: noqa: RUF001, E501 — letters of other scripts are meant, and the tables are easier to read with long lines.
"""The form of DumplingAI's answers, in eleven languages: how many, which keys, which values (FACTS section 5)."""

import csv
import io
import json
import re
from typing import Any

import pytest

from mockserver.content.extraction.answers import extract
from mockserver.core.seeded import Seeded

SEED = Seeded("e")
DOG = "https://example.com/videos/golden-retriever-park.mp4"


def answer(prompt: str, json_mode: bool = False, url: str = DOG, seconds: float = 90.5) -> str:
    return extract(SEED, prompt, url, seconds, json_mode)


def data(prompt: str, url: str = DOG) -> Any:
    return json.loads(answer(prompt, json_mode=True, url=url))


BULLETS = {
    "Summarize this video in 3 bullet points.": 3,
    "Give me 3 bullet points about this video.": 3,
    "Give 5 bullets": 5,
    "Give exactly 4 bullet points.": 4,
    "Summarize the video in three concise bullet points, please.": 3,
    "Write a summary as 6 short bullets": 6,
    "In two bullet points: what happens?": 2,
    "List three key points.": 3,
    "Give me the top 3 takeaways": 3,
    "List 3 takeaways": 3,
    "Give me seven keywords": 7,
    "Give me three facts about this video": 3,
    "List five things to notice.": 5,
    "10 bullet points": 10,
    "Suggest 3 alternative titles": 3,
    "Give me 5 hashtags": 5,
    "List the main takeaways, max 3": 3,
    "Nenne die drei wichtigsten Szenen": 3,
    "Придумай три хештега": 3,
    "ハッシュタグを3つください": 3,
    "3-5 bullet points": 5,
    "Fasse das Video in drei Stichpunkten zusammen.": 3,
    "Erstelle drei Stichpunkte zum Video.": 3,
    "Fasse das Video in 4 Punkten zusammen": 4,
    "Nenne mir zwei Stichpunkte": 2,
    "Résume la vidéo en trois points.": 3,
    "Fais un résumé en 5 puces": 5,
    "Donne quatre points clés": 4,
    "Resume el vídeo en tres puntos.": 3,
    "Resume el video en 4 viñetas": 4,
    "Resuma o vídeo em três tópicos.": 3,
    "Resuma o vídeo em 4 pontos.": 4,
    "Опиши видео в трёх пунктах.": 3,
    "Кратко изложи в виде маркированного списка из 4 пунктов": 4,
    "Сделай резюме из пяти пунктов": 5,
    "用三个要点总结视频": 3,
    "请列出5个要点": 5,
    "用三個要點總結影片": 3,
    "動画を3つの箇条書きで要約してください": 3,
    "ポイントを3つ挙げてください": 3,
    "영상을 세 가지 요점으로 요약해 주세요": 3,
    "핵심 포인트 3개를 알려 주세요": 3,
    "لخص الفيديو في ثلاث نقاط": 3,
    "اذكر أهم 4 نقاط": 4,
    "لخص الفيديو في نقطتين": 2,
}


@pytest.mark.parametrize("prompt", BULLETS)
def test_a_list_has_as_many_entries_as_the_prompt_asks_for(prompt: str):
    lines = answer(prompt).splitlines()
    assert len(lines) == BULLETS[prompt], lines
    assert all(re.match(r"- \S", line) for line in lines)
    assert len(set(lines)) == len(lines)
    value = data(prompt)
    listed = value if isinstance(value, list) else next(iter(value.values()))
    assert len(listed) == BULLETS[prompt]


@pytest.mark.parametrize(
    "prompt", ["Summarize in bullets", "Als Stichpunkte bitte", "As a numbered list", "箇条書きで"]
)
def test_a_list_without_a_number_is_not_empty(prompt: str):
    assert len(answer(prompt).splitlines()) >= 3


SENTENCES = {
    "Summarize this video in exactly one sentence.": 1,
    "In exactly one sentence, summarize this video.": 1,
    "Summarize this video in a single sentence.": 1,
    "One-sentence summary please.": 1,
    "Summarize in a sentence.": 1,
    "Give me a one-liner": 1,
    "Summarize the video in two sentences.": 2,
    "Provide a two-sentence summary.": 2,
    "Summarize the video in 3 sentences.": 3,
    "Write five short sentences about the video.": 5,
    "Write at most two sentences.": 2,
    "Gib mir eine Zusammenfassung dieses Videos in einem Satz.": 1,
    "Fasse das Video in zwei Sätzen zusammen.": 2,
    "Beschreibe das Video in genau vier Sätzen": 4,
    "Résume la vidéo en une phrase.": 1,
    "Résume en deux phrases.": 2,
    "Décris la vidéo en une seule phrase": 1,
    "Resume el vídeo en una frase.": 1,
    "Resume en dos frases.": 2,
    "Describe el vídeo en tres oraciones": 3,
    "Resuma o vídeo em uma frase.": 1,
    "Resuma em duas frases.": 2,
    "Опиши видео одним предложением.": 1,
    "Опиши видео в двух предложениях.": 2,
    "Könntest du das Video in zwei Sätzen zusammenfassen?": 2,
    "Peux-tu résumer la vidéo en deux phrases ?": 2,
    "Pode resumir o vídeo em duas frases?": 2,
    "Можешь описать видео в двух предложениях?": 2,
    "你能用两句话总结吗？": 2,
    "2文で要約できますか？": 2,
    "هل يمكنك تلخيص الفيديو في جملتين؟": 2,
    "用一句话总结这个视频。": 1,
    "用两句话总结": 2,
    "用三句話總結影片": 3,
    "一文で要約してください": 1,
    "2文で要約してください": 2,
    "한 문장으로 요약해 주세요": 1,
    "두 문장으로 요약해 주세요": 2,
    "لخص الفيديو في جملة واحدة": 1,
    "لخص في جملتين": 2,
    "لخص في ثلاث جمل": 3,
}


@pytest.mark.parametrize("prompt", SENTENCES)
def test_a_summary_has_as_many_sentences_as_the_prompt_asks_for(prompt: str):
    text = answer(prompt)
    assert len(re.findall(r"[.!?؟](?=\s|$)|[。！？]", text)) == SENTENCES[prompt], text
    assert "\n" not in text


WORDS = {
    "Give a one-word title": (1, 1),
    "Give a title for this video in one word": (1, 1),
    "What is the mood? one word": (1, 1),
    "Answer with a single word: what is the main subject?": (1, 1),
    "Stimmung in einem Wort": (1, 1),
    "L'ambiance en un mot": (1, 1),
    "El ambiente en una palabra": (1, 1),
    "O clima em uma palavra": (1, 1),
    "Настроение одним словом": (1, 1),
    "분위기를 한 단어로": (1, 1),
    "الأجواء بكلمة واحدة": (1, 1),
    "Suggest a title of at most 5 words": (1, 5),
    "Summarize in 20 words or less": (10, 20),
    "Summarize in under 20 words": (10, 19),
    "Exactly 12 words: what happens?": (12, 12),
    "Describe the video in no more than thirty words": (10, 30),
    "Fasse das Video in höchstens 25 Wörtern zusammen": (5, 25),
    "Résume en 25 mots maximum": (5, 25),
    "Resume en un máximo de 25 palabras": (5, 25),
    "Resuma em até 25 palavras": (5, 25),
    "Опиши видео не более чем в 25 словах": (5, 25),
}


@pytest.mark.parametrize("prompt", WORDS)
def test_a_text_has_the_words_that_the_prompt_allows(prompt: str):
    fewest, most = WORDS[prompt]
    assert fewest <= len(answer(prompt).split()) <= most, answer(prompt)


def test_other_lengths():
    assert answer("Summarise in two paragraphs").count("\n\n") == 1
    assert len(answer("Describe the video in at most 100 characters")) <= 100
    assert len(answer("20字以内总结")) <= 20
    assert len(answer("50文字以内で要約してください")) <= 50
    assert len(data("Return JSON with the key summary in two sentences")["summary"].split(". ")) == 2


@pytest.mark.parametrize(
    "prompt",
    [
        "What happens in the first 10 seconds?",
        "Is there one dog in the video?",
        "Describe the second scene in detail",
        "Describe what one can see",
        "Write for a 10 year old",
    ],
)
def test_a_number_that_counts_nothing_known_limits_nothing(prompt: str):
    assert len(answer(prompt).split()) > 12


FIELDS = {
    "Extract the following as JSON: title, description, number of people, location": [
        "title",
        "description",
        "number_of_people",
        "location",
    ],
    "Return a JSON object with `title` and `tags`, where tags is an array of strings.": ["title", "tags"],
    'Return an object with a "scenes" array. Each scene has "start", "end" and "description".': ["scenes"],
    "Return a JSON object with these fields:\n- title: string\n- summary: string\n- tags: array of strings\n- sentiment: one of positive, neutral, negative": [
        "title",
        "summary",
        "tags",
        "sentiment",
    ],
    "Return a JSON object with the following properties:\n\n1. title\n2. summary (max 20 words)\n3. tags (array of strings)\n4. is_outdoor (boolean)": [
        "title",
        "summary",
        "tags",
        "is_outdoor",
    ],
    "Please return a JSON object containing: title, summary, topics (array of strings), sentiment (positive, negative or neutral)": [
        "title",
        "summary",
        "topics",
        "sentiment",
    ],
    "Return JSON with title, description, tags and number_of_people": [
        "title",
        "description",
        "tags",
        "number_of_people",
    ],
    "Analyze this video and return: title, mood, camera": ["title", "mood", "camera"],
    "Extract: title, speaker names, key topics, call to action": [
        "title",
        "speaker_names",
        "key_topics",
        "call_to_action",
    ],
    "Give me the title, description and 5 tags as JSON.": ["title", "description", "tags"],
    "Output JSON: title, tags (string[]), score (1-10), sentiment (positive|negative|neutral)": [
        "title",
        "tags",
        "score",
        "sentiment",
    ],
    'Return JSON. Keys: "title", "tags", "people".': ["title", "tags", "people"],
    'Return a JSON object with key "scenes" containing an array of objects with "start", "end" and "text"': ["scenes"],
    "Return JSON with title and scenes, where each scene has start and end.": ["title", "scenes"],
    "Provide a JSON response with title, summary and a boolean is_outdoor": ["title", "summary", "is_outdoor"],
    "Return only the following: title, tags. Respond in JSON.": ["title", "tags"],
    'Summarize in Spanish as JSON with keys "titulo" and "resumen"': ["titulo", "resumen"],
    "Extrahiere Folgendes als JSON: Titel, Beschreibung, Anzahl der Personen, Ort": [
        "Titel",
        "Beschreibung",
        "Anzahl_der_Personen",
        "Ort",
    ],
    'Gib ein JSON-Objekt mit den Schlüsseln "titel" und "zusammenfassung" zurück.': ["titel", "zusammenfassung"],
    "Gib ein JSON-Objekt mit den Schlüsseln titel, zusammenfassung und schlagwörter (Array) zurück.": [
        "titel",
        "zusammenfassung",
        "schlagwörter",
    ],
    "Erstelle ein JSON mit den Feldern: titel (Text), tags (Liste), personenzahl (Zahl)": [
        "titel",
        "tags",
        "personenzahl",
    ],
    "Extrais les éléments suivants en JSON : titre, description, nombre de personnes, lieu": [
        "titre",
        "description",
        "nombre_de_personnes",
        "lieu",
    ],
    'Renvoie un objet JSON contenant "titre", "scènes" (tableau d\'objets avec "début" et "fin")': ["titre", "scènes"],
    "Extrae lo siguiente en JSON: título, descripción, número de personas, lugar": [
        "título",
        "descripción",
        "número_de_personas",
        "lugar",
    ],
    'Devuelve un objeto JSON con las claves "titulo", "resumen" y "duracion"': ["titulo", "resumen", "duracion"],
    "Extraia o seguinte em JSON: título, descrição, número de pessoas, local": [
        "título",
        "descrição",
        "número_de_pessoas",
        "local",
    ],
    "Извлеки следующее в JSON: название, описание, количество людей, место": [
        "название",
        "описание",
        "количество_людей",
        "место",
    ],
    "Devuelve JSON: título; etiquetas (lista); número de personas (entero)": [
        "título",
        "etiquetas",
        "número_de_personas",
    ],
    "以JSON格式提取以下内容：标题、描述、人数、地点": ["标题", "描述", "人数", "地点"],
    "請以JSON物件回覆，包含標題、摘要和標籤（陣列）": ["標題", "摘要", "標籤"],
    "以下をJSONで抽出してください：タイトル、説明、人数、場所": ["タイトル", "説明", "人数", "場所"],
    "タイトル、要約、タグ（配列）をキーに持つJSONオブジェクトを返してください": ["タイトル", "要約", "タグ"],
    "다음을 JSON으로 추출해 주세요: 제목, 설명, 인원수, 장소": ["제목", "설명", "인원수", "장소"],
    "제목, 요약, 태그(배열)를 포함하는 JSON 객체를 반환하세요": ["제목", "요약", "태그"],
    "استخرج ما يلي بصيغة JSON: العنوان، الوصف، عدد الأشخاص، المكان": ["العنوان", "الوصف", "عدد_الأشخاص", "المكان"],
}
_NUMBERS = ("number", "Anzahl", "personenzahl", "nombre", "número", "количество", "人数", "인원수", "عدد")
_UNKNOWN = ("call_to_action",)


@pytest.mark.parametrize("prompt", FIELDS)
def test_a_list_of_fields_is_no_choice(prompt: str):
    value = data(prompt)
    assert list(value) == FIELDS[prompt]
    for key, part in value.items():
        if key.startswith(_NUMBERS):
            assert part == 1, key
        else:
            assert part not in (None, "", []) or key in _UNKNOWN, key


# The word for a list is the type of one key, which is named here.
TYPED = {
    "Return a JSON object with exactly the keys title, summary, and keywords (array).": "keywords",
    "Return a JSON object with keys title (string) and tags (array of strings).": "tags",
    "Extract title, summary and an array of keywords as a JSON object": "keywords",
    "Return a JSON object with keys: title, summary, tags (list)": "tags",
    "Please output a JSON object containing the title, a short summary, and a list of tags.": "tags",
    "Return JSON with fields: title (string), scenes (list of objects with start and end), mood (string)": "scenes",
    "Return a JSON object: title as a string, tags as an array, mood": "tags",
    "Liefere JSON mit Titel, Kurzbeschreibung und einer Liste von Schlagwörtern.": "Schlagwörtern",
    "Renvoie un objet JSON avec les clés titre, résumé et mots_clés (tableau)": "mots_clés",
    "Retourne un JSON avec titre, description et une liste de mots-clés": "mots_clés",
    "Devuelve un objeto JSON con las claves titulo, resumen y etiquetas (array de strings)": "etiquetas",
    "Devuelve un JSON con: título, resumen, lista de objetos": "objetos",
    "Retorne um objeto JSON com as chaves titulo, resumo e tags (lista)": "tags",
    "Retorne um JSON com título, descrição e uma lista de palavras-chave": "palavras_chave",
    "Верни JSON-объект с ключами title, summary и tags (массив строк)": "tags",
    "Верни JSON с полями: название (строка), теги (массив), описание": "теги",
    "返回一个JSON对象，包含标题、摘要和标签（数组）": "标签",
    "返回JSON，字段：标题、摘要、标签（数组）、情感（正面/负面/中性）": "标签",
    "JSONで返してください。キー: title, summary, tags（配列）": "tags",
    "JSON으로 반환해 주세요. 키: title, summary, tags(배열)": "tags",
    "أعد كائن JSON بالمفاتيح title و summary و tags (مصفوفة)": "tags",
    "Output must be JSON with these keys: title; mood; tags": "tags",
    "JSON keys: title/mood/tags": "tags",
    "Respond with JSON where the keys are title, tags and the values are strings": "tags",
}


@pytest.mark.parametrize("prompt", TYPED)
def test_a_word_for_a_list_at_one_key_is_the_type_of_that_key(prompt: str):
    value = data(prompt)
    assert isinstance(value, dict)
    assert len(value) >= 2
    assert isinstance(value[TYPED[prompt]], list)
    assert value[TYPED[prompt]]
    assert [key for key, part in value.items() if isinstance(part, list)] == [TYPED[prompt]]


ROWS = {
    "Return a JSON array where each element has title and start.": ["title", "start"],
    "Return an array of scenes. Each scene should contain start, end and description.": ["start", "end", "description"],
    'Respond with a JSON array of objects like [{"timestamp": "00:00", "event": "..."}]': ["timestamp", "event"],
    '[{"scene": 1, "text": ""}]': ["scene", "text"],
    'Return [{"n": 1, "event": "..."}] for each event': ["n", "event"],
    "Gib ein JSON-Array mit Objekten zurück: start, ende, titel": ["start", "ende", "titel"],
    "Верни JSON-массив объектов с ключами start и description": ["start", "description"],
}


@pytest.mark.parametrize("prompt", ROWS)
def test_rows_of_an_array_differ(prompt: str):
    rows = data(prompt)
    assert len(rows) >= 3
    assert all(list(row) == ROWS[prompt] for row in rows)
    for key in ROWS[prompt]:
        assert len({row[key] for row in rows}) == len(rows), (key, rows)


def test_rows_within_an_object():
    for prompt in (
        'Return an object with a "scenes" array. Each scene has "start", "end" and "text".',
        "Return JSON with a list of scenes, each with start, end and text",
        "Return JSON with a scenes array (each item: start, end, text)",
        'Return a JSON object with key "scenes" containing an array of objects with "start", "end" and "text"',
        'Return "scenes": a list with "start", "end" and "text"',
    ):
        assert all(list(row) == ["start", "end", "text"] and row["text"] for row in data(prompt)["scenes"]), prompt


OPTIONS = {
    "Gib die Stimmung zurück: positiv|negativ|neutral": "positiv",
    "Antworte nur mit einem der Werte: positiv, negativ, neutral": "positiv",
    "Réponds uniquement avec une des valeurs : positif, négatif, neutre": "positif",
    "Responde solo con uno de los valores: positivo, negativo, neutro": "positivo",
    "Responda com um dos valores: positivo, negativo, neutro": "positivo",
    "Ответь одним из значений: позитивный, негативный, нейтральный": "позитивный",
    "Choose the best label: sports, cooking, pets": "pets",
    "Answer with one of the following: happy, sad, neutral.": "happy",
    "What is the main subject? person|dog|car": "dog",
    "Pick one: A) sports B) cooking C) pets": "pets",
    "Answer with A, B or C: A) sports B) cooking C) pets": "C",
    "Ordne das Video einer Kategorie zu: Sport, Haustiere, Kochen": "Haustiere",
    "Classe la vidéo dans l'une des catégories suivantes : sport, animaux, cuisine": "animaux",
    "Clasifica el vídeo en una de las siguientes categorías: deportes, mascotas, cocina": "mascotas",
    "Classifique o vídeo em uma das seguintes categorias: esportes, pets, culinária": "pets",
    "Классифицируй видео по одной из следующих категорий: спорт, питомцы, кулинария": "питомцы",
    "请从以下选项中选择一个：体育、宠物、烹饪": "宠物",
    "次の中から1つ選んでください：スポーツ、ペット、料理": "ペット",
    "다음 중 하나를 선택하세요: 스포츠, 반려동물, 요리": "반려동물",
    "اختر واحدة من التالية: رياضة، حيوانات أليفة، طبخ": "حيوانات أليفة",
    "Is it a tutorial, a vlog or a pet video? Reply with one word.": "pet",
    "Is there a dog? Answer in one word.": "Yes",
    "Is there violence? Rate the level: none, low, medium, high": "none",
    "What is the sentiment score between 0 and 1? Only the number.": "0.89",
    "Extract the duration of the video in seconds, only the number.": "90",
    "Is it daytime? Answer yes or no.": "yes",
    "Is it night? Answer yes or no.": "no",
    "Was this filmed during the day? Yes or no only": "Yes",
    "Ist es Tag? Antworte mit ja oder nein": "ja",
    "Est-ce qu'il fait jour ? oui ou non": "oui",
    "¿Es de día? Responde sí o no": "sí",
    "É de dia? Responda sim ou não": "sim",
    "Сейчас день? Ответь да или нет": "да",
    "是白天吗？只回答是或否": "是",
    "昼間ですか？はいかいいえで": "はい",
    "낮인가요? 예 또는 아니오로 답하세요": "예",
    "هل الوقت نهار؟ أجب بنعم أو لا": "نعم",
}


@pytest.mark.parametrize("prompt", OPTIONS)
def test_a_choice_has_the_right_value(prompt: str):
    assert answer(prompt) == OPTIONS[prompt]


def test_day_and_night_agree_for_every_video():
    for n in range(40):
        url = f"https://example.com/c{n}.mp4"
        day = answer("Is it daytime? Answer yes or no.", url=url)
        assert answer("Is it day? Answer yes or no.", url=url) == day
        assert answer("Is it night? Answer yes or no.", url=url) != day
        assert (answer("day|night", url=url) == "day") == (day == "yes")
        assert data('{"is_daytime": true}', url)["is_daytime"] is (day == "yes")


HEADERS = {
    "Create a CSV: start;end;title": "start;end;title",
    "Create a CSV: start,end,title": "start,end,title",
    "CSV: object;count": "object;count",
    "List the scenes as CSV with header time,description and no other text": "time,description",
    "CSV with columns start, end, title. No explanation.": "start,end,title",
    "Scenes as CSV (columns: start, text), nothing else": "start,text",
    "Erstelle eine CSV mit den Spalten start, ende, titel": "start,ende,titel",
    "Erstelle eine CSV: start;ende;titel": "start;ende;titel",
    "Crée un CSV avec les colonnes début, fin, titre, sans autre texte": "début,fin,titre",
    "Crea un CSV con las columnas inicio, fin y título": "inicio,fin,título",
    "Crie um CSV com as colunas início, fim e título": "início,fim,título",
}


@pytest.mark.parametrize("prompt", HEADERS)
def test_csv_has_the_columns_that_the_prompt_names(prompt: str):
    header = HEADERS[prompt]
    lines = answer(prompt).splitlines()
    assert lines[0] == header
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=";" if ";" in header else ","))
    assert len(rows) >= 4
    assert all(len(row) == len(rows[0]) and all(row) for row in rows)


def test_a_number_in_a_question_is_compared():
    assert answer("Are there more than 3 people?").startswith("No. ")
    assert answer("Are there more than three trees?").startswith("Yes. ")
    assert answer("Gibt es mehr als 3 Hunde?").startswith("Nein. ")


def test_characters_are_letters_only_behind_a_limit():
    for limit in (
        "at most 100 characters",
        "under 100 characters",
        "no more than 100 characters",
        "100 characters max",
    ):
        assert 0 < len(answer(f"Describe the video in {limit}")) <= 100, limit
    assert answer("How many characters are there?") == "Number of characters in the video: 1."


def test_several_things_are_counted():
    assert data("Count the people and the dogs.") == {"people": 1, "dogs": 1}
    assert data("Zähle die Personen und Hunde") == {"personen": 1, "hunde": 1}
    assert data("How many people are there and describe the dogs in the video") == {"people": 1}


def test_templates_in_any_language():
    assert data('Summarize in Spanish as JSON with keys "titulo" and "resumen"')["titulo"] == "La pelota, otra vez"
    assert data('Antworte auf Deutsch: {"title": "", "summary": ""}')["title"] == "Noch ein Wurf"
    assert data('Fill this in for me: {"titel": "", "stimmung": ""}') == {
        "titel": "Fetch, Again",
        "stimmung": "light-hearted and playful",
    }
    events = data('[{"scene": 1, "event": ""}]')
    assert [row["scene"] for row in events] == [1, 2, 3, 4, 5]
    assert all(len(row["event"]) > 10 for row in events)


@pytest.mark.parametrize("prompt", [*BULLETS, *SENTENCES, *WORDS, *FIELDS, *OPTIONS])
def test_no_answer_is_empty(prompt: str):
    for url in ("https://example.com/0.mp4", "https://example.com/interview.mp4"):
        assert answer(prompt, url=url, seconds=3).strip()
        assert answer(prompt, json_mode=True, url=url) not in ('""', "[]", "{}", "null")
