"""Talk: the websocket, on which a page asks and is answered.

Whatever comes in, a line goes out. A message that can't be read costs its sender a place in the
queue and nothing else; a connection is closed only by who sends nothing but such messages, or one
that is far too long.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from contextlib import suppress
from functools import partial

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from thalweg.serve import ask, limit
from thalweg.serve.session import Session
from thalweg.serve.worker import Workers

FAULT = "something went wrong in here that should not; the terminal says what"


class Talk:
    """Answers what comes over websockets.

    Args:
        session: what answers.
        workers: who computes.
    """

    def __init__(self, session: Session, workers: Workers) -> None:
        self._session, self._workers = session, workers
        self._open = 0

    async def __call__(self, socket: WebSocket) -> None:
        """One connection, from its first message to its end."""
        if self._open >= limit.CONNECTIONS:
            await socket.close(1013, "too many pages are open; close one")
            return
        self._open += 1
        try:
            await socket.accept()
            await self._listen(socket)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    async def _listen(self, socket: WebSocket) -> None:
        bucket = limit.Bucket(limit.PER_SECOND, limit.BURST)
        waiting, computed = asyncio.Semaphore(limit.WAITING), asyncio.Semaphore(limit.AT_ONCE)
        malformed = 0
        replies: set[asyncio.Task[None]] = set()
        try:
            while malformed < limit.MALFORMED:
                # While we don't look, the sender's messages wait on its side.
                await bucket.wait()
                await waiting.acquire()
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                number, asked = await _read(socket, message.get("text"))
                if asked is None or number is None:
                    malformed += 1
                    waiting.release()
                    continue
                malformed = 0
                reply = asyncio.create_task(self._reply(socket, number, asked, computed))
                replies.add(reply)
                reply.add_done_callback(replies.discard)
                reply.add_done_callback(lambda _: waiting.release())
            await socket.close(1008, "too many messages that can't be read")
        finally:
            for reply in replies:  # nobody is there any more who wants it
                reply.cancel()

    async def _reply(
        self, socket: WebSocket, number: int, asked: ask.Ask, computed: asyncio.Semaphore
    ) -> None:
        # Also while it is sent: who asks and does not read must not pile up answers here.
        async with computed:
            kind, text = await self._answer(asked)
            await _say(socket, number, kind, text)

    async def _answer(self, asked: ask.Ask) -> tuple[str, str]:
        """Whether it is an answer or an error, and its JSON text."""
        try:
            text = await self._workers.run(partial(self._session.answer, asked))
        except (ValueError, TypeError, TimeoutError) as error:
            return "error", json.dumps(_line(error))
        except Exception:  # noqa: BLE001 - the server goes on, whatever happened to one ask
            traceback.print_exc()
            return "error", json.dumps(FAULT)
        return "answer", text


async def _read(socket: WebSocket, text: str | None) -> tuple[int | None, ask.Ask | None]:
    """The number and the ask of a message; who sent one that can't be read is told why."""
    number: int | None = None
    try:
        fields = ask.parse(text)
        number = ask.number_of(fields)
        return number, ask.read(fields)
    except ValueError as error:
        await _say(socket, number, "error", json.dumps(_line(error)))
        return number, None


def _line(error: Exception) -> str:
    """What an error says, in one line of bounded length."""
    return " ".join(str(error).split())[:400]


async def _say(socket: WebSocket, number: int | None, kind: str, text: str) -> None:
    if socket.application_state is not WebSocketState.CONNECTED:
        return
    with suppress(WebSocketDisconnect):  # nobody is there any more who wants it
        await socket.send_text(f'{{"id":{json.dumps(number)},"{kind}":{text}}}')
