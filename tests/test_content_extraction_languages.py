# ruff: noqa: RUF001, E501, SIM905 — letters of other scripts are meant, and the tables are easier to read with long lines.
"""The language of a prompt: one of eleven, or one that is answered in English and reported (FACTS section 6)."""

import pytest

from mockserver.content.extraction.answers import answer
from mockserver.content.extraction.language import languages_of
from mockserver.content.locales import CODES
from mockserver.core.seeded import Seeded

OWN = {
    "en": 'Describe this video.|Summarize|What happens?|title, summary, tags|Describe the café scene|Is the Škoda logo visible?|Transcribe|TL;DR|List people|Does it show 東京 tower?|Key moments with timestamps|day|objects|mood|Explain like I\'m five|x|?|Describe the video: "Über den Wolken"',
    "de": "Beschreibe das Video.|Zusammenfassung bitte|Was passiert?|Wie viele Hunde?|Titel und Stichworte|Erstelle Kapitel|Gibt es Hunde?|Gib JSON zurück|Stimmung?",
    "fr": "Décris la vidéo|Résume|Que se passe-t-il ?|Combien de chiens ?|Résume en deux phrases|Titre et mots-clés|Transcris la vidéo|Fais un résumé court",
    "es": "Describe el vídeo|Resume|¿Qué pasa?|Describe este video|Resumen en dos frases|Título y etiquetas|Describa el video|¿Hay perros?|Haz un resumen corto",
    "pt": "Descreva o vídeo|Resuma|O que acontece?|Resumo em duas frases|Título e palavras-chave|Há cães?|Faça um resumo curto|Quantas pessoas?",
    "ru": "Опиши видео|Что происходит?|Кратко|Сделай резюме|Перечисли объекты|Сколько людей?|Есть ли собака?|Расскажи о видео",
    "zh": "描述视频|总结|发生了什么？|返回JSON|视频里有几个人|列出物体",
    "zh-TW": "總結這個影片|發生了什麼？|列出物體|請描述影片",
    "ja": "動画を説明して|何が起きていますか？|タイトルとタグ|JSONで返して",
    "ko": "영상을 설명해|요약해 줘|무슨 일이 있나요?|JSON으로 반환",
    "ar": "صف الفيديو|لخص|ماذا يحدث؟|العنوان والوسوم|كم عدد الأشخاص؟",
}


@pytest.mark.parametrize(("code", "prompt"), [(code, each) for code, all_ in OWN.items() for each in all_.split("|")])
def test_a_prompt_is_answered_in_its_language(code: str, prompt: str):
    assert languages_of(prompt) == (code, code)


OTHER = (
    "इस वीडियो का वर्णन करें।|สรุปวิดีโอนี้|Περιγράψτε το βίντεο.|תאר את הסרטון|ভিডিওটি বর্ণনা করুন|வீடியோவை விவரிக்கவும்|აღწერეთ ვიდეო|Նկարագրեք տեսանյութը|"
    "Vat deze video samen in één zin.|Wat gebeurt er?|Hoeveel mensen zijn er?|Mô tả video này|Tóm tắt video|Kuvaile videota|Mitä videolla tapahtuu?|"
    "Popiš video|Kolik lidí je ve videu?|Shrň video|Opíš video|Riassumi questo video in italiano.|Descrivi il video|Riassumi questo video in una frase.|Cosa succede nel video?|"
    "Quante persone ci sono?|Опишіть відео|Що відбувається у відео?|Скільки людей на відео?|Опишете видеото|Опиши го видеото|Апішыце відэа|Бейнені сипаттаңыз|"
    "Írd le a videót|Foglald össze a videót|Hány ember látható?|Descrie acest videoclip|Câte persoane sunt?|Ce se întâmplă în videoclip?|"
    "ویدیو را توصیف کنید|این ویدیو را خلاصه کن|چند نفر در ویدیو هستند؟|ویڈیو کی وضاحت کریں|Opisz ten film.|Ile osób jest w filmie?|Bu videoyu özetle.|Videoda ne oluyor?|"
    "Beskriv videoen.|Vad händer i videon?|Hva skjer i videoen?|Jelaskan video ini|Terangkan video ini|Opiši video|Kaj se dogaja v videu?|Descriu el vídeo|Kirjelda videot|"
    "Deskribatu bideoa|Lýstu myndbandinu|Elezea video hii|Ilarawan ang video|Përshkruaj videon|"
    "Describe in Dutch|Summarize in Italian|Write the answer in Ukrainian.|Antworte auf Polnisch|Réponds en italien|Responde en italiano|Ответь на украинском|用意大利语回答|イタリア語で答えて"
).split("|")


@pytest.mark.parametrize("prompt", OTHER)
def test_a_language_without_words_is_answered_in_english_and_reported(prompt: str):
    assert languages_of(prompt)[1] not in CODES
    result = answer(Seeded("e"), prompt, "https://example.com/a.mp4", 30)
    assert (result.language, result.foreign) == ("en", True)
    assert result.text.isascii() or "–" in result.text
