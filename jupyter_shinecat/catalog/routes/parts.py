"""Routes of what belongs to datasets: blocks and attachments."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.errors import forbidden, not_found

from .call import Call, Route


def _known(call: Call, pid: str) -> str:
    """The PID when the caller may read the dataset, else a 404 or 403."""
    call.catalog.datasets.readable(call.who, pid)
    return pid


# -- blocks --


def _add_block(call: Call) -> Any:
    return call.by_id("pid", lambda pid: call.catalog.blocks.create(call.who, call.body, pid=pid))


def _blocks_of(call: Call) -> Any:
    return call.by_id("pid", lambda pid: call.catalog.blocks.of_dataset(call.who, _known(call, pid)))


def _count_blocks(call: Call) -> Any:
    return {"count": len(_blocks_of(call))}


def _valid_block(call: Call) -> Any:
    call.status = 200
    return call.catalog.blocks.validate(call.who, call.body, pid=call.params.get("pid"))


def _list_blocks(call: Call, version: int, *, public_only: bool = False, files: bool = False) -> Any:
    if version == 4 and not public_only and not call.who.signed_in:
        raise forbidden("Unauthorized access")
    blocks = call.catalog.blocks.listed(call.who, call.filter, version=version, public_only=public_only)
    return call.catalog.blocks.files(blocks) if files else blocks


def _query_blocks(call: Call, *, files: bool = False) -> Any:
    blocks = call.catalog.blocks.query(call.who, call.json("fields"), call.json("limits"))
    return call.catalog.blocks.files(blocks) if files else blocks


def _block_facets(call: Call, version: int = 3, *, files: bool = False, public_only: bool = False) -> Any:
    if version == 4 and not public_only and not call.who.signed_in:
        raise forbidden("Unauthorized access")
    fields, facets = call.json("fields"), call.json("facets")
    if version == 4:
        both = call.filter if isinstance(call.filter, dict) else {}
        fields, facets = both.get("fields"), both.get("facets")
    blocks = call.catalog.blocks
    if files:
        return blocks.file_facets(call.who, fields, facets, public_only=public_only)
    return blocks.facets(call.who, fields, facets, public_only=public_only)


def _count_files(call: Call, *, public_only: bool = False) -> Any:
    if not public_only and not call.who.signed_in:
        raise forbidden("Unauthorized access")
    return {"count": call.catalog.blocks.count_files(call.who, call.filter, public_only=public_only)}


def _block_routes() -> list[Route]:
    nested = "/api/v3/datasets/{pid}/origdatablocks"
    table = [
        Route("POST", nested, _add_block),
        Route("GET", nested, _blocks_of),
        Route("GET", f"{nested}/count", _count_blocks),
        Route("DELETE", nested, lambda c: c.by_id("pid", lambda pid: c.catalog.blocks.delete_all(c.who, pid))),
        Route("POST", f"{nested}/isValid", _valid_block),
        Route(
            "PATCH",
            f"{nested}/{{oid}}",
            lambda c: c.by_id("pid", lambda pid: c.catalog.blocks.patch(c.who, c.params["oid"], c.body, pid=pid)),
        ),
        Route(
            "DELETE",
            f"{nested}/{{oid}}",
            lambda c: c.by_id("pid", lambda pid: c.catalog.blocks.delete(c.who, c.params["oid"], pid=pid)),
        ),
        Route("GET", "/api/v3/origdatablocks/fullfacet", _block_facets),
        Route("GET", "/api/v3/origdatablocks/fullfacet/files", lambda c: _block_facets(c, files=True)),
        Route("GET", "/api/v4/origdatablocks/fullfacet", lambda c: _block_facets(c, 4)),
        Route("GET", "/api/v4/origdatablocks/fullfacet/files", lambda c: _block_facets(c, 4, files=True)),
        Route("GET", "/api/v4/origdatablocks/files/count", _count_files),
        Route("GET", "/api/v4/origdatablocks/public/fullfacet", lambda c: _block_facets(c, 4, public_only=True)),
        Route(
            "GET",
            "/api/v4/origdatablocks/public/fullfacet/files",
            lambda c: _block_facets(c, 4, files=True, public_only=True),
        ),
        Route("GET", "/api/v4/origdatablocks/public/files/count", lambda c: _count_files(c, public_only=True)),
        Route("GET", "/api/v3/origdatablocks/fullquery", _query_blocks),
        Route("GET", "/api/v3/origdatablocks/fullquery/files", lambda c: _query_blocks(c, files=True)),
        Route("GET", "/api/v4/origdatablocks/files", lambda c: _list_blocks(c, 4, files=True)),
        Route("GET", "/api/v4/origdatablocks/public", lambda c: _list_blocks(c, 4, public_only=True)),
        Route("GET", "/api/v4/origdatablocks/public/files", lambda c: _list_blocks(c, 4, public_only=True, files=True)),
        Route(
            "GET",
            "/api/v4/origdatablocks/public/{id}",
            lambda c: c.catalog.blocks.get(c.who, c.params["id"], public_only=True),
        ),
    ]
    for version in (3, 4):
        base = f"/api/v{version}/origdatablocks"
        table += [
            Route("POST", base, lambda c: c.catalog.blocks.create(c.who, c.body)),
            Route("GET", base, lambda c, v=version: _list_blocks(c, v)),  # type: ignore[misc]
            Route("POST", f"{base}/isValid", _valid_block),
            Route("GET", f"{base}/{{id}}", lambda c: c.catalog.blocks.get(c.who, c.params["id"])),
            Route("PATCH", f"{base}/{{id}}", lambda c: c.catalog.blocks.patch(c.who, c.params["id"], c.body)),
            Route("DELETE", f"{base}/{{id}}", lambda c: c.catalog.blocks.delete(c.who, c.params["id"])),
        ]
    return table


# -- attachments --


def _attach(kind: str) -> Any:
    def answer(call: Call) -> Any:
        return call.by_id(
            "pid", lambda id: call.catalog.attachments.create(call.who, call.body, version=3, target=(kind, id))
        )

    return answer


def _attached(kind: str) -> Any:
    def answer(call: Call) -> Any:
        def work(id: str) -> Any:
            catalog = call.catalog
            if kind == "dataset":
                catalog.datasets.readable(call.who, id)
            else:
                (catalog.samples if kind == "sample" else catalog.proposals).readable(call.who, id)
            return catalog.attachments.of(call.who, kind, id)

        return call.by_id("pid", work)

    return answer


def _change_attached(kind: str) -> Any:
    return lambda call: call.by_id(
        "pid",
        lambda id: call.catalog.attachments.patch(
            call.who, call.params["aid"], call.body, version=3, target=(kind, id)
        ),
    )


def _detach(kind: str) -> Any:
    return lambda call: call.by_id(
        "pid", lambda id: call.catalog.attachments.delete(call.who, call.params["aid"], version=3, target=(kind, id))
    )


def _one_attached(kind: str) -> Any:
    def answer(call: Call) -> Any:
        for attachment in _attached(kind)(call):
            if attachment["id"] == call.params["aid"]:
                return attachment
        raise not_found(f"Attachment: {call.params['aid'][:100]} not found")

    return answer


def _detach_all(kind: str) -> Any:
    def answer(call: Call) -> Any:
        _attached(kind)(call)  # the 404 or 403 of the object itself
        return call.by_id("pid", lambda id: call.catalog.attachments.delete_all(call.who, kind, id))

    return answer


def _thumbnail(call: Call) -> Any:
    return call.by_id("pid", lambda pid: call.catalog.attachments.thumbnail(call.who, _known(call, pid)))


def _valid_attachment(call: Call) -> Any:
    call.status = 200
    return call.catalog.attachments.validate(call.who, call.body)


def _list_attachments(call: Call, *, public_only: bool = False) -> Any:
    if not public_only and not call.who.signed_in:
        raise forbidden("Unauthorized access")
    return call.catalog.attachments.listed(call.who, call.filter, public_only=public_only)


def _attachment_routes() -> list[Route]:
    table = [Route("GET", "/api/v3/datasets/{pid}/thumbnail", _thumbnail)]
    for kind, plural in (("dataset", "datasets"), ("sample", "samples"), ("proposal", "proposals")):
        nested = f"/api/v3/{plural}/{{pid}}/attachments"
        table += [
            Route("POST", nested, _attach(kind)),
            Route("GET", nested, _attached(kind)),
            Route("GET", f"{nested}/count", lambda c, k=kind: {"count": len(_attached(k)(c))}),  # type: ignore[misc]
            Route("GET", f"{nested}/{{aid}}", _one_attached(kind)),
            Route("DELETE", nested, _detach_all(kind)),
            Route("PUT", f"{nested}/{{aid}}", _change_attached(kind)),
            Route("PATCH", f"{nested}/{{aid}}", _change_attached(kind)),
            Route("DELETE", f"{nested}/{{aid}}", _detach(kind)),
        ]
    base = "/api/v4/attachments"
    one = f"{base}/{{aid}}"
    return [
        *table,
        Route("POST", base, lambda c: c.catalog.attachments.create(c.who, c.body, version=4)),
        Route("GET", base, _list_attachments),
        Route("GET", f"{base}/public", lambda c: _list_attachments(c, public_only=True)),
        Route("POST", f"{base}/isValid", _valid_attachment),
        Route("GET", one, lambda c: c.catalog.attachments.get(c.who, c.params["aid"])),
        Route("PATCH", one, lambda c: c.catalog.attachments.patch(c.who, c.params["aid"], c.body, version=4)),
        Route("PUT", one, lambda c: c.catalog.attachments.patch(c.who, c.params["aid"], c.body, version=4)),
        Route("DELETE", one, lambda c: c.catalog.attachments.delete(c.who, c.params["aid"], version=4)),
    ]


def routes() -> list[Route]:
    """The table."""
    return _block_routes() + _attachment_routes()
