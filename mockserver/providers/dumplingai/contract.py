"""Whether DumplingAI's OpenAPI document alone says what is taken, or the prose of its page too."""

from mockserver.wire.call import Call


def as_schema(call: Call) -> bool:
    """True where the document is the law, both ways: in it any text is a prompt and a video, and there is no GET.

    The scenario says so with `as_schema`; where it says nothing, a strict server holds to the document.
    """
    told = call.option("as_schema")
    return call.strict if told is None else bool(told)
