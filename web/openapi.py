"""The JSON API and the files of a search, as OpenAPI 3.1 describes them; tests compare it with routes and answers."""

from archive import __version__
from archive.export import FORMATS
from archive.types import MAX_LINES, ChangeKind, DatedBy, FacetField, LineOrder, MessageKind, Sort
from archive.wire import JsonObject

Schema = JsonObject


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _known(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
TRUTH: Schema = {"type": "boolean"}
MARKS: Schema = _list({"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2})

PIECES: Schema = _list(_object({"kind": {"type": "string", "enum": [each.value for each in ChangeKind]}, "text": TEXT}))

DESCRIBED: dict[str, Schema] = {
    "id": NUMBER,
    "title": TEXT,
    "title_marks": MARKS,
    "url": _or_null("string"),
    "source": _or_null("string"),
    "authors": _list(TEXT),
    "published": {**_or_null("string"), "description": "ISO 8601, with just the precision that is known"},
    "language": _or_null("string"),
    "tags": _list(TEXT),
}

SCHEMAS: dict[str, Schema] = {
    "Answer": _object(
        {
            "query": TEXT,
            "understood": TEXT,
            "messages": _list(_known("Message")),
            "suggestion": _or_null("string"),
            "relaxed": TRUTH,
            "total": NUMBER,
            "collapsed": NUMBER,
            "page": NUMBER,
            "pages": NUMBER,
            "took_ms": {"type": "number"},
            "hits": _list(_known("Hit")),
            "facets": _object({field.value: _list(_object({"value": TEXT, "count": NUMBER})) for field in FacetField}),
            "timeline": _list(_object({"start": {"type": "string", "format": "date"}, "count": NUMBER})),
            "parts": _list(
                _object({"text": TEXT, "start": _or_null("integer"), "end": _or_null("integer"), "count": NUMBER})
            ),
            "alternatives": _list(_object({"query": TEXT, "change": TEXT, "count": NUMBER})),
            "expansions": _list(_object({"kind": TEXT, "text": TEXT, "query": TEXT, "count": NUMBER})),
        }
    ),
    "Message": _object(
        {
            "kind": {"type": "string", "enum": [each.value for each in MessageKind]},
            "text": TEXT,
            "start": _or_null("integer"),
            "end": _or_null("integer"),
        }
    ),
    "Hit": _object(
        {
            **DESCRIBED,
            "score": {"type": "number"},
            "versions": NUMBER,
            "near_duplicates": _list(NUMBER),
            "snippets": _list(_object({"text": TEXT, "marks": MARKS, "paragraph": NUMBER})),
        }
    ),
    "Article": _object(
        {
            **DESCRIBED,
            "versions": NUMBER,
            "version": NUMBER,
            "section": _or_null("string"),
            "summary": _or_null("string"),
            "dated_by": {"type": ["string", "null"], "enum": [*(each.value for each in DatedBy), None]},
            "paragraphs": _list(_object({"text": TEXT, "marks": MARKS})),
            "origin": TEXT,
            "added": TEXT,
            "changed": TEXT,
            "history": _list(_object({"version": NUMBER, "title": TEXT, "added": TEXT})),
        }
    ),
    "Concordance": _object(
        {
            "query": TEXT,
            "understood": TEXT,
            "messages": _list(_known("Message")),
            "order": {"type": "string", "enum": [each.value for each in LineOrder]},
            "articles": NUMBER,
            "total": NUMBER,
            "page": NUMBER,
            "pages": NUMBER,
            "took_ms": {"type": "number"},
            "lines": _list(_known("Line")),
        }
    ),
    "Line": _object(
        {
            **{name: kind for name, kind in DESCRIBED.items() if name != "title_marks"},
            "paragraph": NUMBER,
            "start": NUMBER,
            "end": NUMBER,
            "left": TEXT,
            "match": TEXT,
            "right": TEXT,
        }
    ),
    "Difference": _object(
        {
            "one": {"type": "object"},
            "other": {"type": "object"},
            "title": PIECES,
            "paragraphs": _list(PIECES),
        }
    ),
    "Hits": _object({"hits": _list(_known("Hit"))}),
    "Suggestions": _object(
        {
            "query": TEXT,
            "suggestions": _list(_object({"kind": TEXT, "text": TEXT, "query": TEXT, "count": NUMBER})),
        }
    ),
    "Health": _object({"status": TEXT, "articles": NUMBER, "index": TEXT, "behind": NUMBER}),
    "Error": _object({"error": TEXT, "reason": TEXT}),
}


def _query(name: str, description: str, schema: Schema = TEXT) -> JsonObject:
    return {"name": name, "in": "query", "description": description, "schema": schema}


Q = _query("q", "The query, as it is typed into the search box")
FILTERS: list[JsonObject] = [
    Q,
    _query("from", "Published on this day or later: 2023, 2023-05 or 2023-05-02"),
    _query("to", "Published on this day or earlier"),
    *(
        _query(name, f"Only with this {name}; several are alternatives", _list(TEXT))
        for name in ("source", "author", "language", "tag")
    ),
    _query("sort", "The order", {"type": "string", "enum": [each.value for each in Sort]}),
]
PAGE = _query("page", "Which page; the first is 1", {"type": "integer", "minimum": 1})
LIMIT = _query("limit", "Results on a page", {"type": "integer", "minimum": 1, "maximum": 200})
LINES = _query("limit", "Lines on a page", {"type": "integer", "minimum": 1, "maximum": MAX_LINES})
ORDER = _query("order", "The order of the lines", {"type": "string", "enum": [each.value for each in LineOrder]})
WITH = _query("with", "The id of the other article; else the current version of this one", NUMBER)
VERSION = _query("version", "The version of this one; else the current one", NUMBER)
ARTICLE: JsonObject = {"name": "number", "in": "path", "required": True, "description": "Its id", "schema": NUMBER}


def _get(summary: str, parameters: list[JsonObject], content: JsonObject) -> JsonObject:
    failed = {"description": "What went wrong", "content": {"application/json": {"schema": _known("Error")}}}
    answers = {"200": {"description": summary, "content": content}, "default": failed}
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}


def _json(name: str) -> JsonObject:
    return {"application/json": {"schema": _known(name)}}


def _file(media_type: str) -> JsonObject:
    return {media_type: {"schema": TEXT}}


SEARCH = _get("One page of what a search finds", [*FILTERS, PAGE, LIMIT], _json("Answer"))

PATHS: JsonObject = {
    "/api/v1/search": SEARCH,
    "/search.json": SEARCH,
    "/search.atom": _get("The same as a feed, newest first", [*FILTERS, PAGE], _file("application/atom+xml")),
    **{
        f"/search.{FORMATS[name].suffix}": _get(
            "Everything that a search finds", FILTERS, _file(FORMATS[name].media_type)
        )
        for name in ("csv", "ris", "bibtex")
    },
    "/api/v1/kwic": _get("Every match in its context", [*FILTERS, ORDER, PAGE, LINES], _json("Concordance")),
    "/kwic.csv": _get("The same as a table", [*FILTERS, ORDER], _file("text/csv")),
    "/api/v1/suggest": _get("Ways to go on with the beginning of a query", [Q], _json("Suggestions")),
    "/api/v1/articles/{number}": _get("An article; with q, its matches marked", [ARTICLE, Q], _json("Article")),
    "/api/v1/articles/{number}/similar": _get("The articles closest to one", [ARTICLE], _json("Hits")),
    "/api/v1/articles/{number}/difference": _get(
        "What differs between two articles", [ARTICLE, WITH, VERSION], _json("Difference")
    ),
    **{
        f"/articles/{{number}}.{FORMATS[name].suffix}": _get(
            "How to cite an article", [ARTICLE], _file(FORMATS[name].media_type)
        )
        for name in ("ris", "bibtex")
    },
    "/healthz": _get("Whether the archive answers, and how its index stands", [], _json("Health")),
    "/api/openapi.json": _get("This description", [], {"application/json": {"schema": {"type": "object"}}}),
}

DESCRIPTION: JsonObject = {
    "openapi": "3.1.0",
    "info": {"title": "Article archive", "version": __version__},
    "paths": PATHS,
    "components": {"schemas": SCHEMAS},
}
