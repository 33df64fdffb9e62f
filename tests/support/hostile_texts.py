"""Texts that attack the page that shows them: each must come out as text."""

from typing import Final

HOSTILE_TEXTS: Final = {
    "a script": "<script>document.title='owned'</script>",
    "an image with a handler": '"><img src=x onerror="document.title=\'owned\'">',
    "the end of everything": "</title></desc></text></svg></style></bdi></main><script>1</script>",
    "a handler": "x' onmouseover='document.title=1' y=\"",
    "a link": "<a href='javascript:alert(1)'>javascript:alert(1)</a>",
    "entities": "&lt;b&gt; &amp;amp; &#60;script&#62;",
    "a comment": "--><!-- ]]> <![CDATA[",
    "a template": "{{ 7 * 7 }} {% raw %} {# x #} ${7*7}",
    "a style": "</style><style>*{display:none}</style>",
    "right to left": "\u202egnp.exe\u202c \u2067abc\u2069 \u05d0\u05d1\u05d2",
    "emoji": "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 naïve 任务",
    "control characters": "a\x08b\x1b[31mc\x7f\x9b",
    "combining marks": "Z" + "\u0351\u0343\u0334" * 20,
    "long": "wide " * 99,
    "one long word": "w" * 499,
}
"""Titles of tasks, at most 500 characters each."""
