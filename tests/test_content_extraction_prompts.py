# ruff: noqa: RUF001, E501 — letters of other scripts are meant, and the tables are easier to read with long lines.
"""Prompts as integrators write them, in several languages, with what DumplingAI's answer must be (FACTS section 5)."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from mockserver.content.extraction.answers import extract
from mockserver.core.seeded import Seeded

SEED = Seeded("e")
DOG = "https://example.com/videos/golden-retriever-park.mp4"

# What the video shows: one person, one dog, one ball, seven trees, outdoors by day, nothing unsafe, a positive mood, the
# sign "Please keep dogs in sight", and two products.
SIGN = "Please keep dogs in sight"
PRODUCTS = [("Bounce Ball 3-Pack", 11.9), ("Treat Pouch", 16.5)]


def answer(prompt: str, json_mode: bool = False, url: str = DOG, seconds: float = 90.5) -> str:
    return extract(SEED, prompt, url, seconds, json_mode)


# One value: an enumeration, yes or no, a number.
VALUES = {
    "How many people are in this video? Answer with a number only.": "1",
    "How many dogs are visible? Return only the number.": "1",
    "Count the trees. Reply with a single digit.": "7",
    "How many cats are there? Just the number, nothing else.": "0",
    "How long is the video in seconds? Return only an integer.": "90",
    "Rate the mood from 1 to 10. Only return the number.": "9",
    "Is there a dog in this video? Answer yes or no.": "yes",
    "Is there a cat? Reply with only YES or NO.": "NO",
    "Does this video contain violence, nudity or weapons? Reply with only YES or NO.": "NO",
    "Is this video safe for children? (yes/no)": "yes",
    "Is this video safe for children? Answer true or false.": "true",
    "Is anybody wearing a helmet? Answer Y/N.": "N",
    "Answer 0 or 1: is it outdoors?": "1",
    "Classify the sentiment as positive|negative|neutral.": "positive",
    "Respond with exactly one of: positive, negative, neutral.": "positive",
    'What is the sentiment? Choose "positive", "negative" or "neutral".': "positive",
    "Label the video as SAFE or UNSAFE.": "SAFE",
    'Please answer with either "indoor" or "outdoor".': "outdoor",
    "Is it day or night? Answer with one word.": "day",
    "Respond only with one of [cooking, sports, pets, other].": "pets",
    "Which of these categories fits: sports, cooking, pets, music? Answer with the category only.": "pets",
    "Which animal is in the video: cat, dog or horse? Answer with one word.": "dog",
    "Wie viele Personen sind in diesem Video zu sehen? Antworte nur mit einer Zahl.": "1",
    "Wie viele Hunde sind zu sehen? Nur die Zahl.": "1",
    "Ist in dem Video ein Hund zu sehen? Antworte nur mit ja oder nein.": "ja",
    "Gibt es Gewalt im Video? Nur Ja/Nein.": "Nein",
    "Klassifiziere die Stimmung: positiv, neutral oder negativ.": "positiv",
    "Combien de personnes voit-on ? Réponds uniquement par un nombre.": "1",
    "Y a-t-il un chien dans la vidéo ? Réponds par oui ou non.": "oui",
    "Quel est le sentiment : positif, négatif ou neutre ? Réponds en un mot.": "positif",
    "¿Cuántos perros hay en el vídeo? Responde solo con un número.": "1",
    "¿Hay violencia? Responde sí o no.": "no",
    "Quantas pessoas aparecem no vídeo? Responda apenas com o número.": "1",
    "Tem um cachorro no vídeo? Responda apenas sim ou não.": "sim",
    "Сколько человек на видео? Ответь только числом.": "1",
    "Есть ли на видео собака? Ответь только да или нет.": "да",
    "视频里有几个人？只回答数字": "1",
    "视频中有狗吗？只回答是或否": "是",
    "情感分类：正面、负面或中性，只返回一个": "正面",
    "这是室内还是室外？只回答一个词": "室外",
    "視頻裡有狗嗎？只回答是或否": "是",
    "何人映っていますか？数字だけで答えてください。": "1",
    "犬は映っていますか？はいかいいえだけで答えてください。": "はい",
    "영상에 몇 명이 나오나요? 숫자만 답하세요.": "1",
    "영상에 강아지가 나오나요? 예 또는 아니오로만 답하세요.": "예",
    "이 영상의 감정을 긍정, 부정, 중립 중 하나로만 답하세요.": "긍정",
    "كم عدد الأشخاص في الفيديو؟ أجب برقم فقط.": "1",
    "هل يوجد كلب في الفيديو؟ أجب بنعم أو لا فقط.": "نعم",
}


@pytest.mark.parametrize("prompt", VALUES)
def test_one_value_is_the_whole_answer(prompt: str):
    assert answer(prompt) == VALUES[prompt]
    value = json.loads(answer(prompt, json_mode=True))
    assert text(value) == VALUES[prompt]


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def products(value: Any) -> bool:
    return [(row["name"], row["price"]) for row in value] == PRODUCTS


# JSON of the shape that the prompt gives, in JSON mode or not.
SHAPES: dict[str, Callable[[Any], bool]] = {
    'Return {"chapters": [{"start": 0, "end": 0, "title": ""}]}': lambda v: (
        list(v) == ["chapters"]
        and (v["chapters"][0]["start"], v["chapters"][-1]["end"]) == (0, 90)
        and all([type(c[k]) for k in c] == [int, int, str] and c["title"] for c in v["chapters"])
    ),
    'Extract all products. Return [{"name": "string", "price": 0.0}]': products,
    "Extract the products as JSON: [{name: string, price: number}]": products,
    "Return a JSON array of objects with the keys name and price for every product": products,
    "Return a JSON array of the objects that are visible.": lambda v: v[:4] == ["dog", "ball", "tree", "grass"],
    "Return a JSON array of strings with the top 3 tags.": lambda v: v == ["dog", "golden retriever", "pets"],
    "List all the text visible in the video as a JSON array.": lambda v: v == [SIGN],
    'Moderation: reply {"safe": true, "violence": false, "categories": []}': lambda v: (
        v == {"safe": True, "violence": False, "categories": []}
    ),
    'Is there a dog? {"answer": "yes|no", "count": 0, "reason": ""}': lambda v: (
        (v["answer"], v["count"]) == ("yes", 1) and "retriever" in v["reason"]
    ),
    'Is there a person wearing a hat? {"answer": true, "confidence": 0.5}': lambda v: (
        v["answer"] is False and 0 <= v["confidence"] <= 1
    ),
    '{"has_people": true, "people_count": 1, "dogs": 0, "rating": "1-5", "email": "", "links": []}': lambda v: (
        v == {"has_people": True, "people_count": 1, "dogs": 1, "rating": 5, "email": "", "links": []}
    ),
    'Scenes: [{"scene_number": 1, "start_time": "00:00:00", "end_time": "00:00:00", "objects": ["..."]}]': lambda v: (
        [row["scene_number"] for row in v] == [1, 2, 3, 4, 5]
        and v[-1]["end_time"] == "00:01:30"
        and "dog" in v[0]["objects"]
    ),
    "{ title: string; sentiment: 'positive' | 'negative'; tags: string[]; shots: { start: number }[] }": lambda v: (
        [type(part) for part in v.values()] == [str, str, list, list] and v["sentiment"] == "positive"
    ),
    '{"type": "object", "properties": {"title": {"type": "string"}, "durationSeconds": {"type": "integer"}, "isOutdoor": '
    '{"type": "boolean"}, "mood": {"enum": ["sad", "positive"]}, "objects": {"type": "array", "items": {"type": "object",'
    ' "properties": {"label": {"type": "string"}, "count": {"type": "integer"}}}}}}': lambda v: (
        (
            v["durationSeconds"],
            v["isOutdoor"],
            v["mood"],
            v["objects"][2],
        )
        == (90, True, "positive", {"label": "tree", "count": 7})
    ),
    'Return only a JSON object with keys "brand", "price", "currency" for the main product.': lambda v: (
        v == {"brand": "Pawlane", "price": 11.9, "currency": "USD"}
    ),
    "Return JSON with the fields title, sentiment (positive, negative, neutral), people_count and tags.": lambda v: (
        list(v) == ["title", "sentiment", "people_count", "tags"]
        and (v["sentiment"], v["people_count"]) == ("positive", 1)
    ),
    'Erstelle Kapitel im Format [{"titel": "", "start_sekunde": 0}]': lambda v: (
        v[0] == {"titel": "Eine weite Wiese", "start_sekunde": 0}
    ),
    "Nenne alle Objekte als JSON-Array.": lambda v: v[:4] == ["Hund", "Ball", "Baum", "Gras"],
    "Extrae los productos en un array JSON con nombre, marca y precio.": lambda v: (
        list(v[0]) == ["nombre", "marca", "precio"] and v[0]["precio"] == 11.9
    ),
    "Дай список предметов в виде JSON-массива.": lambda v: v[:4] == ["собака", "мяч", "дерево", "трава"],
    '请提取商品信息：{"名称": "", "价格": 0, "品牌": ""}': lambda v: (v["价格"], v["品牌"]) == (11.9, "Pawlane"),
    "List the prices as a JSON array": lambda v: v == [11.9, 16.5],
    "Return a JSON array of the brands": lambda v: v == ["Pawlane"],
    '{"product_name": "", "summary": ""}': lambda v: v["product_name"] == "Bounce Ball 3-Pack",
    '{"sentiment": {"label": "", "score": 0.5}}': lambda v: (
        v["sentiment"]["label"] == "positive" and v["sentiment"]["score"] > 0.5
    ),
    '[{"name": "", "count": 0}]': lambda v: {"name": "tree", "count": 7} in v,
    '[{"start": 0, "end": 0}]': lambda v: (v[0]["start"], v[-1]["end"]) == (0, 90),
    "列出物体，JSON数组": lambda v: v[:4] == ["狗", "球", "树", "草"],
    "List the objects, JSON array": lambda v: v[:4] == ["dog", "ball", "tree", "grass"],
    "请用JSON数组列出视频中的物体": lambda v: v[:4] == ["狗", "球", "树", "草"],
}


@pytest.mark.parametrize("prompt", SHAPES)
@pytest.mark.parametrize("json_mode", [False, True])
def test_json_has_the_shape_that_the_prompt_gives(prompt: str, json_mode: bool):
    value = json.loads(answer(prompt, json_mode))
    assert SHAPES[prompt](value), value


TABLES = {
    "List the shots as CSV with the columns shot_number, start, end, description.": "shot_number,start,end,description",
    "Extract products as CSV with header name,brand,price": "name,brand,price",
    "CSV of all spoken lines: timestamp,speaker,text": "timestamp,speaker,text",
    "Gib mir die Szenen als CSV mit den Spalten Nummer, Beginn, Ende.": "Nummer,Beginn,Ende",
    "Donne les chapitres en CSV avec les colonnes début, fin, titre": "début,fin,titre",
    "用CSV列出镜头，列：编号,开始,结束,描述": "编号,开始,结束,描述",
    "商品をCSVで出力してください。列は名前、ブランド、価格。": "名前,ブランド,価格",
}


@pytest.mark.parametrize("prompt", TABLES)
def test_csv_has_a_header_and_rows(prompt: str):
    rows = list(csv.reader(io.StringIO(answer(prompt))))
    assert ",".join(rows[0]) == TABLES[prompt]
    assert len(rows) >= 3
    assert all(len(row) == len(rows[0]) and all(row) for row in rows)
    assert json.loads(answer(prompt, json_mode=True)) == answer(prompt), "a text in JSON"


def test_other_forms_of_lists():
    assert answer("Give me a comma-separated list of keywords.").startswith("dog, golden retriever, pets")
    assert answer("Give me exactly 3 hashtags, one per line.") == "#dog\n#goldenretriever\n#pets"
    assert answer("Nenne drei Schlagwörter, kommagetrennt.") == "Hund, Golden Retriever, Haustiere"
    assert answer("请列出3个关键词，用逗号分隔") == "狗, 金毛, 宠物"
    assert answer("Write a numbered list of the key moments.").startswith("1. [00:00–")
    assert answer("Export the objects as CSV (semicolon separated) with columns: name; count").startswith(
        "name;count\ndog;1"
    )
    table = answer("Create a markdown table of the shots with columns Time and Description.").splitlines()
    assert table[:2] == ["| Time | Description |", "| --- | --- |"]
    assert answer("Transcribe the video as SRT").startswith("1\n00:00:0")
    assert answer("Generate WebVTT subtitles").startswith("WEBVTT\n\n1\n")
    assert len(answer("In 10 words or less, what happens?").split()) <= 10
    assert answer("Describe the video in one sentence.").count(".") == 1


LINES = {
    "List the chapters as 'MM:SS - Title', one per line.": r"\d\d:\d\d - [^,.]+",
    "List each scene as HH:MM:SS – Description": r"\d\d:\d\d:\d\d – .+\.",
    "Transcribe. Format: [MM:SS] Speaker: text": r"\[\d\d:\d\d\] \w+( \d)?: .+",
    "Write YouTube chapters (0:00 Intro)": r"\d:\d\d [^,.]+",
    "List each scene as 00:00-00:05: description": r"\d\d:\d\d-\d\d:\d\d: .+\.",
    "Erstelle Kapitel im Format MM:SS - Titel": r"\d\d:\d\d - [^,.]+",
    "用 MM:SS - 标题 的格式列出章节": r"\d\d:\d\d - [^，。]+",
    "Moments as M:SS | description": r"\d:\d\d \| .+\.",
}


@pytest.mark.parametrize("prompt", LINES)
def test_lines_have_the_format_that_the_prompt_gives(prompt: str):
    lines = answer(prompt).splitlines()
    assert len(lines) >= 2
    assert all(re.fullmatch(LINES[prompt], line) for line in lines), lines
    times = [re.findall(r"[\d:]*\d:\d\d", line)[0] for line in lines]
    assert times == sorted(times)
    assert len(set(times)) == len(lines)


def test_a_format_of_lines_can_have_a_number():
    assert len(answer("List the top 3 moments as M:SS | description").splitlines()) == 3


@pytest.mark.parametrize(
    "prompt", ["What happens between 00:00 and 00:20?", "Is there a car at 00:10? Answer yes or no.", "At 0:00, why?"]
)
def test_a_time_in_a_question_is_no_format(prompt: str):
    assert not re.match(r"\d", answer(prompt))


def test_yaml_has_the_keys_that_the_prompt_gives():
    value = yaml.safe_load(answer("Return YAML with the keys title, mood and tags"))
    assert list(value) == ["title", "mood", "tags"]
    assert isinstance(value["tags"], list)
    assert yaml.safe_load(answer('Fill this in as YAML: {"mood": "", "dogs": 0}'))["dogs"] == 1
    assert "Tennisball" in yaml.safe_load(answer("Beschreibe das Video als YAML"))["summary"]
    assert isinstance(json.loads(answer("Describe it as YAML", json_mode=True)), dict), "JSON mode comes first"


LANGUAGES = {
    "Fasse das Video zusammen.": ("de", "Tennisball"),
    "Was passiert im Video?": ("de", "Der Ball fliegt"),
    "Ist ein Auto zu sehen?": ("de", "Nein. "),
    "Résume la vidéo en une phrase.": ("fr", "balle de tennis"),
    "Describe lo que pasa en el vídeo": ("es", "perro"),
    "Resuma o vídeo.": ("pt", "bola"),
    "Кратко опиши видео": ("ru", "ретривер"),
    "总结这个视频": ("zh", "金毛犬"),
    "總結這個視頻": ("zh-TW", "黃金獵犬"),
    "動画を要約してください。": ("ja", "ゴールデンレトリバー"),
    "영상을 요약해 주세요.": ("ko", "골든 리트리버"),
    "لخص الفيديو": ("ar", "غولدن"),
    "Describe the video in German.": ("de", "Tennisball"),
    "Antworte auf Englisch: Was passiert im Video?": ("en", "The ball flies"),
    "Quali prodotti si vedono nel video?": ("en", "This video shows"),
}


@pytest.mark.parametrize("prompt", LANGUAGES)
def test_the_answer_is_in_the_language_of_the_prompt(prompt: str):
    assert LANGUAGES[prompt][1].lower() in answer(prompt).lower()


CONTRADICTIONS = [
    ("How many people are there? Only the number.", '{"people_count": 0}', lambda one, two: int(one) == two["people_count"]),
    ("Is there a dog? yes or no only", '{"dogs": 0}', lambda one, two: (one == "yes") == (two["dogs"] > 0)),
    ("Gibt es Bäume? Nur ja oder nein.", '{"trees": 0}', lambda one, two: (one == "ja") == (two["trees"] > 0)),
    ("indoor or outdoor? One word.", '{"is_outdoor": true}', lambda one, two: (one == "outdoor") == two["is_outdoor"]),
    ("Is there any text on screen? yes/no only", '{"text_on_screen": []}', lambda one, two: (one == "yes") == bool(two["text_on_screen"])),
    ("positive, neutral or negative? One word.", '{"sentiment": "negative|neutral|positive"}', lambda one, two: one == two["sentiment"]),
    ("How many shots are there? number only", '{"shots": [{"start": 0}]}', lambda one, two: int(one) == len(two["shots"])),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two", "agree"), CONTRADICTIONS)
def test_two_prompts_about_one_video_agree(one: str, two: str, agree: Callable[[str, Any], bool]):
    for n in range(40):
        url = f"https://example.com/{n}.mp4"
        assert agree(answer(one, url=url), json.loads(answer(two, url=url))), url


def test_a_prompt_does_not_change_what_the_video_shows():
    url = "https://example.com/1.mp4"
    events = json.loads(answer("events", True, url))["events"]
    for prompt in ("events of this bread recipe", "main events of the talk", "the events in the kitchen"):
        assert json.loads(answer(prompt, True, url))["events"] == events


def test_yes_or_no_for_every_thing_that_a_video_shows():
    for n in range(40):
        url = f"https://example.com/{n}.mp4"
        for thing in json.loads(answer("objects", True, url))["objects"]:
            assert answer(f"Is there a {thing['name']}? Answer only yes or no.", url=url) == "yes", (url, thing)
            if " " not in thing["name"]:
                assert answer(f"How many {thing['name']}s are there? number only", url=url) == str(thing["count"])
        assert answer("Is there a unicorn? Answer only yes or no.", url=url) == "no"
