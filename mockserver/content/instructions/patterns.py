# ruff: noqa: E501, RUF001 — these are tables, and letters of other scripts are meant.
"""The words of instructions, as regular expressions. All are searched for without regard to case."""

import re
from functools import cache

# A request for the opposite: "no hashtags", "avoid the word cheap". It holds for the rest of its clause.
NOT = (
    r"\b(?:do not|don['’]?t|never|avoid|without|exclude|omit|leave out|skip|not|must not|mustn['’]?t|should not|shouldn['’]?t|no(?! (?:título|texto|máximo|mínimo|início|fim|final|estilo|tom)\b)|"
    r"kein\w*|ohne|nicht|nie|vermeide\w*|sans|éviter?|evite[rz]?|évitez|ne (?=\w+ (?:pas|plus|jamais))|n['’](?=\w+ pas)|pas|sin|no uses?|sem|"
    r"não|nunca|не|без|никогда)\b|不|别|別|避免|勿|なし|使わない|入れない|避けて|超えない|越えない|말고|말아|마세요|없이|하지 마|"
    r"(?<!\w)لا(?!\w)|بدون|تجنب"
)
# A request that only looks negative.
NOT_FORGOTTEN = (
    r"\b(?:do not|don['’]?t|never) (?:forget|fail|hesitate) to\b|\bvergiss nicht,?|\bn['’]oublie[zr]? pas (?:de |d['’])|"
    r"\bno (?:te )?olvides?\b|\bnão (?:se )?esqueça (?:de )?|\bне забудь(?:те)?\b|别忘了|別忘了|忘れずに"
)
# Limits: a least amount, and comparisons that are a least amount if they are not negated, and the other way round.
AT_LEAST = (
    r"at least|minimum|no (?:fewer|less) than|mindestens|au moins|al menos|pelo menos|no mínimo|como mínimo|не менее|минимум|至少|以上|최소|"
    r"이상|على الأقل"
)
MORE_THAN = (
    r"\b(?:more|longer|larger|greater) than|\bover|exceed\w*|beyond|mehr als|länger als|überschreit\w*|plus (?:de|long)|dépass\w*|más (?:de|largo)|"
    r"super\w+|exced\w+|mais (?:de|que|longo)|ultrapass\w+|более|больше|длиннее|превыша\w+|超过|超過|超え|越え|넘|초과|أكثر من|تتجاوز|تزد|تزيد"
)
LESS_THAN = r"\b(?:fewer|less|shorter) than|weniger als|kürzer als|moins de|menos de|menos que|менее|меньше|少于|少於|未満|미만|أقل من"
APPROXIMATELY = (
    r"\b(?:about|around|roughly|approximately|circa|ca\.?|etwa|ungefähr|rund|environ|unas|unos|aproximadamente|cerca de|около|примерно)\s*$|"
    r"(?:大约|大約|约|約|およそ|약)\s*$|حوالي\s*$"
)
EXACTLY = r"\b(?:exactly|precisely|genau|exactement|exactamente|exatamente|ровно)\s*$|(?:正好|ちょうど|정확히)\s*$"
# What makes a tone its opposite: "not too formal", "less formal", "堅すぎない".
NOT_BEFORE = (
    r"(?:\b(?:not|less|nothing|non|never|no|nicht|nichts|kein\w*|weniger|pas|moins|menos|não|не|без|менее)|n['’]t)\b[\s-]*(?:[^\W\d_]+\s+){0,2}$|"
    r"(?:不|别|別|勿|没)\w{0,3}$|(?:너무|덜)\s?$|(?:غير|ليس|لا)\s(?:\w+\s){0,2}$"
)
NOT_AFTER = r"^\w{0,4}(?:すぎない|すぎず|過ぎない|ではな|じゃな|しない|하지|차리지|지 않|지 말)"
# Whom or what something is made for, which is no tone: "SEO friendly", "family-friendly".
FOR_WHOM = (
    r"(?:[\w]-|\b(?:seo|famil(?:y|ies)|kids?|child|children|user|mobile|eco|environment(?:ally)?|brand|budget|beginner|pet|reader|"
    r"search engine|search|social media|web|print|platform|tiktok|youtube|instagram|screen reader|advertiser) )$"
)
TARGETS = {
    "title": r"\b(?:titles?|headlines?|titel|titres?|títulos?|titulos?)\b|заголов|标题|標題|タイトル|제목|العنوان|عنوان",
    "tags": r"(?<!hash)\btags?\b|keyword list|schlagw[oö]rter|étiquettes|etiquetas|теги|(?<!话题)标签|(?<!話題)標籤|タグ|태그|الوسوم",
    "description": r"\b(?:descriptions?|summary|text|beschreibung|descripción|descrição)\b|описани|描述|説明|설명|وصف",
}
HASHTAGS = r"hash-?\s?tags?|хештег|хэштег|话题标签|話題標籤|ハッシュタグ|해시태그|هاشتاغ|وسم"
ACTION = (
    r"call[- ]to[- ]action|\bcta\b|\bsubscribe\b|\bask (?:viewers|people|readers|them) to\b|handlungsaufforderung|"
    r"appel à l['’]action|llamad[ao] a la acción|chamada (?:à|para a) ação|призыв|подписат|行动号召|行動呼籲|行動喚起|"
    r"チャンネル登録|구독|행동 유도|دعوة (?:إلى|لاتخاذ|للعمل)|اشترك"
)
EMOJI = r"emojis?|smileys?|эмодзи|смайл|表情符号|表情符號|绘文字|絵文字|이모지|이모티콘|رموز تعبيرية|إيموجي"
BULLETS = (
    r"bullet|stichpunkt|aufzählung|liste à puces|viñetas|marcadores|маркированн|списком|要点列表|項目符號|项目符号|箇条書き|"
    r"글머리|نقاط"
)
UPPER = (
    r"\ball[- ]caps\b|upper-?\s?case|capital letters|capitali[sz]e everything|großbuchstaben|majuscules|mayúsculas|"
    r"maiúsculas|заглавны|大写|大寫|大文字"
)
LOWER = r"lower-?\s?case|kleinbuchstaben|minuscules|minúsculas|строчны|小写|小寫|小文字"
TECHNICAL = r"techni|técni|tecni|техни|技术|技術|기술|تقني|\bcamera\b|\blighting\b|\blens\b|equipment"
LONGER = (
    r"detail|longer|extend|elaborat|in.depth|thorough|comprehensive|verbose|detall|détail|ausführlich|"
    r"подробн|详细|詳細|詳しく|자세|مفصل"
)
SHORTER = (
    r"\b(?:short|shorter|brief|briefly|concise|breve|court|courte|kurz|kurze|curt[ao])\b|"
    r"кратк|简短|簡短|短く|짧게|مختصر"
)
# The first tone that matches counts, so that "informal" comes before "formal".
TONES = {
    "pirate": r"\bpirat|пират|海盗|海盜|海賊|해적|قرصان|قراصنة",
    "casual": r"informal|casual|friendly|conversational|relaxed|chatty|locker|lässig|freundlich|décontract|amical|familier|"
    r"desenfadad|amigable|cercano|descontra|amigável|непринуж|дружеск|неформальн|轻松|輕鬆|随意|口语|カジュアル|気軽|親しみ|"
    r"친근|캐주얼|ودي|غير رسمي",
    "playful": r"playful|funn|humor|humour|witty|\bfun\b|joke|lustig|witzig|spielerisch|drôle|amusant|divertid|gracios|engraçad|"
    r"весёл|весел|шутлив|смешн|幽默|有趣|俏皮|ユーモア|楽し|面白|유머|재미|مرح|فكاهي",
    "enthusiastic": r"enthusias|excit|energetic|upbeat|hype|begeistert|enthousias|entusias|восторж|热情|熱情|激动|興奮|열정|"
    r"신나|حماس|متحمس",
    "dramatic": r"dramatic|\bepic\b|suspense|dramatisch|dramatique|dramátic|драматич|戏剧|戲劇|ドラマ|극적|드라마|درامي",
    "formal": r"formal|formell|förmlich|formel|professional|profession|profesional|profissional|business-?like|corporate|"
    r"sachlich|soutenu|официальн|деловой|деловом|正式|专业|專業|フォーマル|丁寧|격식|공식|رسمي|مهني",
}
LANGUAGES = {
    "zh-TW": r"traditional chinese|繁體中文|繁体中文|正體中文",
    "zh": r"chinese|mandarin|chinesisch|chinois|chino|chinês|китайск|简体中文|簡體中文|中文|중국어|الصينية",
    "en": r"english|englisch|anglais|inglés|inglês|английск|英文|英语|英語|영어|الإنجليزية",
    "ja": r"japanese|japanisch|japonais|japonés|japonês|японск|日本語|日文|日语|일본어|اليابانية",
    "ko": r"korean|koreanisch|coréen|coreano|корейск|韩语|韓語|韓国語|한국어|الكورية",
    "es": r"spanish|spanisch|espagnol|español|castellano|espanhol|испанск|西班牙语|西班牙語|スペイン語|스페인어|الإسبانية",
    "fr": r"french|französisch|français|francés|francês|французск|法语|法語|法文|フランス語|프랑스어|الفرنسية",
    "de": r"german|deutsch|allemand|alemán|alemão|немецк|德语|德語|德文|ドイツ語|독일어|الألمانية",
    "pt": r"portuguese|portugiesisch|portugais|portugués|português|португальск|葡萄牙语|葡萄牙語|ポルトガル語|포르투갈어|"
    r"البرتغالية",
    "ru": r"russian|russisch|russe|ruso|russo|русск|俄语|俄語|俄文|ロシア語|러시아어|الروسية",
    "ar": r"arabic|arabisch|arabe|árabe|арабск|阿拉伯语|阿拉伯語|アラビア語|아랍어|العربية",
}
# A language that a text is to be written in: "in German", "auf Deutsch", "по-русски", "日本語で", "用中文".
WRITTEN_IN = (
    r"(?:(?:\b(?:in|into|to|auf|en|em|use|language|на|langue|sprache|idioma)\b:?\s+(?:the\s+)?|по-|用|ب)(?:{name})\w*"
    r"(?=\W*(?:$|[.,;:!?)。，、]|and\b|please|only|language|with|und\b|et\b|y\b|e\b|и\b|языке|写|寫|回答))|"
    r"^\s*(?:{name})\W*$|(?:{name})(?:で|로|으로))"
)
NUMBERS = {
    word: number
    for number, words in {
        1: "one single a an ein eine einen einem einer un une uno una um uma один одно одном одним 一 한",
        2: "two zwei deux dos dois duas два двух две 二 两 兩 두", 3: "three drei trois tres três три трёх трех 三 세",
        4: "four vier quatre cuatro quatro четыре 四 네", 5: "five fünf cinq cinco пять 五 다섯", 6: "six sechs seis шесть 六",
        7: "seven sieben sept siete sete семь 七", 8: "eight acht huit ocho oito восемь 八",
        9: "nine neun neuf nueve nove девять 九", 10: "ten zehn dix diez dez десять 十", 12: "twelve zwölf",
        15: "fifteen fünfzehn", 20: "twenty zwanzig vingt veinte vinte двадцать 二十", 25: "twenty-five", 30: "thirty dreißig",
        40: "forty", 50: "fifty fünfzig cinquante cincuenta cinquenta", 60: "sixty", 80: "eighty",
        100: "hundred hundert cent cien cem сто 一百",
    }.items()
    for word in words.split()
}  # fmt: skip
UNITS = {
    "words": r"[- ]?words?\b|\s?wörter\w*|\s?worte\w*|\s?mots?\b|\s?palabras?\b|\s?palavras?\b|\s?слов\w*|个词|個詞|语?単語|"
    r"\s?단어|\s?كلم(?:ة|ات)",
    "characters": r"[- ]?(?:characters?|chars?|letters)\b|\s?zeichen\b|\s?caractères?\b|\s?caracteres?\b|\s?символ\w*|\s?знак\w*|"
    r"\s?个?字(?:符)?|\s?個?字(?:元)?|\s?文字|\s?글?자|\s?حرف\w*",
    "sentences": r"[- ](?:short |brief |simple |single )?sentences?\b|\s?sätze\w*|\s?satz\b|\s?phrases?\b|\s?frases?\b|"
    r"\s?oraci(?:ón|ones)|\s?предложени\w*|句|\s?문장|\s?جمل\w*",
    "tags": r"[- ](?:\w+ )?tags?\b|\s?schlagw[oö]rt\w*|\s?etiquetas?\b|\s?étiquettes?\b|\s?тег\w*|个标签|個標籤|個?のタグ|개의? 태그|"
    r"\s?وسوم",
    "hashtags": r"[- ](?:\w+ )?hash-?\s?tags?\b|\s?hashtags?\b|\s?хе?э?штег\w*|个话题标签|個?のハッシュタグ|개의? 해시태그",
}
# What is between a unit and the number behind it: "word limit 12", "words: 12".
LIMIT_OF = r"\s*(?:(?:limit|count|max(?:imum)?)\s*(?:[:=≤]|is|of)?|[:：=≤])\s*"
MENTION = (
    r"\b(?:name[- ]?drop|mention(?:s|ing)?(?: of)?|refer to|shout out|talk about|plug|erwähne[nt]?(?: sie)?|nenne[nt]?(?: sie)?|mentionne[rz]?|"
    r"citez?|menciona[r]?|mencione|cita[r]?|упомян\w*|упомин\w*|назови\w*|اذكر)\b|提到|提及"
)
INCLUDE = r"\b(?:include|contain|use|add|feature|incorporate|work in|insert|put|say)(?:s|ing)?\b|verwende|ajoute|añade|incluye|inclua|добавь|включи|包含|加入|使用|含め|入れ|포함|أضف"
TERM = r"(?:words?|phrases?|keywords?|key phrases?|terms?|names?|brands?|brand names?|company|product|slogan|website|url|link|marke|wort|wörter|namen?|marque|mots?|marca|palabras?|palavras?|бренд|марку|слов[оа])"
STARTS = r"\b(?:start|begin|open)(?:s|ing)?\b|\bbeginne|\bcommence|\bempieza|\bcomece|\bначни|以.*开头|で始め"
ENDS = r"\b(?:end|finish|close|conclude)(?:s|ing)?\b|\bende\b|\bbeende|\btermin|\bfinaliz|\bзаверши|结尾|で終わ"
# A domain or a URL, as in "visit acme.com".
DOMAIN = r"\b(?:https?://)?(?:[\w-]{1,63}\.)+[a-z]{2,12}(?:/[\w/-]{0,60})?"
QUOTED = r"[\"“”„«]([^\"“”„«»]{1,60})[\"“”»]|(?<!\w)['‘‚]([^'‘’‚]{1,60})['’](?!\w)|[「『]([^「」『』]{1,60})[」』]"
# Where an instruction ends, and where the next one begins within a sentence.
CLAUSES = (
    r"，|(?<=[でしてに])、|(?<=[이고며내도]),\s*|،\s*(?=اذكر|لا\s|بدون|بأسلوب|استخدم|اكتب|أضف|بحد|حد)|"
    r"[.!?;\n。！？；]+(?=\s|$)|[。！？；\n]|"
    r"(?:,|\band\b|\bbut\b|\bthen\b|\bund\b|\bet\b|\by\b|\be\b|\bи\b)\s+(?:and\s+|but\s+|then\s+|also\s+|please\s+)*"
    r"(?=(?:mention|include|add|use|write|keep|end|start|begin|make|do not|don['’]t|avoid|no|without|limit|(?:the |its )?(?:title|description|tags)|max\w*|at most|up to|in|"
    r"focus|put|finish|erwähne|schreibe?|verwende|ohne|maximal|höchstens|au plus|máximo|не более|mentionne|ajoute|écris|sans|menciona|añade|escribe|usa|sin|sem|mencione|utilise|"
    r"escreva|упомяни|добавь|напиши|используй|не|без)\b)"
)


@cache
def other_languages() -> str:
    """Return a pattern of the names of languages that there are no phrases in."""
    from mockserver.content.extraction.words import other_names  # few instructions name a language

    return "|".join(re.escape(name.rstrip("*").replace("_", " ")) for name in other_names())


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern. They are compiled when the first instructions are read."""
    return re.compile(pattern, re.IGNORECASE)


def has(pattern: str, text: str) -> bool:
    """Return whether the text contains the pattern."""
    return compiled(pattern).search(text) is not None
