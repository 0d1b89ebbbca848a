"""`/api/tasks`: list, add, read, change and delete tasks."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool, StringConstraints, model_validator

router = APIRouter(prefix="/api/tasks")

LARGEST_ID = 2**63 - 1
COLUMNS = "id, title, done, created"


def _one_line(text: str) -> str:
    # PostgreSQL takes no NUL, and a list no line breaks.
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("a title has no control characters")
    return text


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)
]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Connection = AsyncConnection[dict[str, Any]]


class Task(BaseModel):
    id: int
    title: str
    done: bool
    created: datetime


class Page(BaseModel):
    tasks: list[Task]
    more: bool


class New(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Title
    done: StrictBool = False


class Change(BaseModel):
    model_config = ConfigDict(extra="forbid")
    # Left out is unchanged; `null` is an error.
    title: Title = ""
    done: StrictBool = False

    @model_validator(mode="after")
    def _changes_something(self) -> "Change":
        if not self.model_fields_set:
            raise ValueError("give title, done or both")
        return self


@router.get("")
async def list_tasks(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    before: Annotated[int, Query(ge=1, le=LARGEST_ID)] = LARGEST_ID,
    done: bool | None = None,
) -> Page:
    """The newest first; older ones by `before`, the id of the last one seen."""

    async def work(connection: Connection) -> list[dict[str, Any]]:
        where = "id < %s" if done is None else "id < %s AND done = %s"
        values = [before] if done is None else [before, done]
        # One more than asked for tells whether there are more.
        query = f"SELECT {COLUMNS} FROM task WHERE {where} ORDER BY id DESC LIMIT %s"
        return await (await connection.execute(query, [*values, limit + 1])).fetchall()

    rows = await request.app.state.database.run(work)
    return Page(tasks=[Task(**row) for row in rows[:limit]], more=len(rows) > limit)


async def _one(request: Request, query: str, values: list[Any]) -> Task:
    async def work(connection: Connection) -> dict[str, Any] | None:
        return await (await connection.execute(query, values)).fetchone()

    row = await request.app.state.database.run(work)
    if row is None:
        raise HTTPException(404, "There is no such task.")
    return Task(**row)


@router.post("", status_code=201)
async def add_task(request: Request, new: New) -> Task:
    query = f"INSERT INTO task (title, done) VALUES (%s, %s) RETURNING {COLUMNS}"
    return await _one(request, query, [new.title, new.done])


@router.get("/{id}")
async def read_task(request: Request, id: Id) -> Task:
    return await _one(request, f"SELECT {COLUMNS} FROM task WHERE id = %s", [id])


@router.patch("/{id}")
async def change_task(request: Request, id: Id, change: Change) -> Task:
    changed = change.model_dump(exclude_unset=True)
    columns = ", ".join(f"{name} = %s" for name in changed)
    query = f"UPDATE task SET {columns} WHERE id = %s RETURNING {COLUMNS}"
    return await _one(request, query, [*changed.values(), id])


@router.delete("/{id}", status_code=204)
async def delete_task(request: Request, id: Id) -> Response:
    await _one(request, f"DELETE FROM task WHERE id = %s RETURNING {COLUMNS}", [id])
    return Response(status_code=204)
