"""The table of what can happen between the lab and RunPod, and what must become of a start and of a status.

A row is one event, in a group with those that mean the same to the user. `test_network_table.py` lets each
meet a start, a status and a cancel of a whole lab.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from local_endpoint import Fault
from lora_core import FailureReason, Outlook, VersionStatus

JOB = "11111111-2222-3333-4444-555555555555-u1"
"""Stands in a row for the id of the job that is asked for."""
KEY = "(the key)"
"""Stands in a row for the key that was sent."""
PAGE = "<!DOCTYPE html>\n<html><body>Welcome to the airport</body></html>"
URL = "https://models.example/m.safetensors"


class Start(Enum):
    """What may become of a submission."""

    ACCEPTED = auto()
    """The record has the job's id."""
    REFUSED = auto()
    """A draft again, with RunPod's words; sent once."""
    NOT_SENT = auto()
    """A draft again: nothing arrived, though it may have been tried more than once."""
    UNKNOWN = auto()
    """Kept, never sent again: a job may be running."""


@dataclass(frozen=True)
class Becomes:
    """What /status makes of a version in training; no status: it stays, to the last byte of its file."""

    status: VersionStatus | None = None
    outlook: Outlook = Outlook.NOT_ASKED
    reason: FailureReason | None = None
    error: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Event:
    """One row."""

    name: str
    fault: Fault
    start: Start | None
    """None: an answer that only /status can give."""
    says: str
    """What the user reads after Check status."""
    becomes: Becomes = Becomes()
    refusal: str = ""
    """What the user reads of a start that came to nothing."""
    waits: tuple[float, ...] = ()
    """Seconds between the tries of a start, which are one more."""
    needs_impatience: bool = False
    """Nothing ends it but the client's own patience."""

    def about(self, job_id: str, key: str) -> Fault:
        """The fault, speaking of this job."""
        answer = self.fault.answer
        if answer is not None:
            answer = replace(answer, body=_filled(answer.body, job_id, key))
        return replace(self.fault, answer=answer, raw_bytes=_filled(self.fault.raw_bytes, job_id, key))


def _filled(text: bytes, job_id: str, key: str) -> bytes:
    assert len(job_id) == len(JOB)  # a Content-Length stays right
    bare = JOB.removesuffix("-u1").encode()
    return text.replace(bare, job_id.removesuffix("-u1").encode()).replace(KEY.encode(), key.encode())


# -- what the user reads: a sentence for each class

_NO_ANSWER = "The endpoint could not be asked: {}. The lab asks again."
BROKEN = _NO_ANSWER.format("the connection broke before its answer was complete")
LATE = _NO_ANSWER.format("its answer did not come, or was not complete, in time")
ODD = _NO_ANSWER.format("its answer could not be understood")
DAMAGED = _NO_ANSWER.format("its answer is damaged or far too large")
RUNPODS_PROBLEM = "RunPod has a problem of its own just now ({}); the lab asks again."
NOT_UNDERSTOOD = "RunPod's answer ({}) could not be understood; the lab asks again."
SIGN_IN = (
    "A web page came in place of RunPod's answer ({}): sign in to this network, if it wants that. "
    "The lab asks again."
)
LEADS_ON = (
    "RunPod's address leads on to another one ({}): check RUNPOD_BASE_URL, and sign in to this network, if it "
    "wants that."
)
WRONG_KEY = "RunPod does not accept the API key ({}); check RUNPOD_API_KEY."
DENIED = "RunPod denies access ({}); check RUNPOD_API_KEY and what it is allowed to do."
WRONG_ENDPOINT = "RunPod answered {}; check RUNPOD_BASE_URL, RUNPOD_ENDPOINT_ID and the API key."
SLOW_DOWN = "RunPod asks to slow down (429); the lab waits and asks again."
TIRED_OF_WAITING = "RunPod gave up waiting for the request (408); the lab asks again."
ANOTHER_JOB = "The endpoint answered about another job; the lab asks again."
NOT_VISIBLE = "RunPod does not show this job yet; that can take two minutes. Nothing has to be done."
NOT_KNOWN = "RunPod says {}, which the lab does not know; it stays as it is."
TRAINING = "It is training."
QUEUED = "It waits in the queue for a worker."
DONE = "It is completed."
NO_ADDRESS = "It is completed (the trainer gave no address of the model)."
AWAITED = "RunPod says completed; its model is not there yet. The lab goes on looking for it."
FAILED = "It has failed: {}"

# What the user reads of a start that came to nothing: {0} is the number, {1} what RunPod says.
REFUSED = "RunPod refused it ({0}): {1}"
REFUSED_200 = "RunPod refused it: {1}"
REFUSED_404 = "RunPod refused it (404): {1}. Check RUNPOD_ENDPOINT_ID and the API key."
REFUSED_KEY = "RunPod does not accept the API key (401: {1}); check RUNPOD_API_KEY."
NO_MORE = (
    "RunPod is taking no more requests just now (429). Nothing was sent; start it again in a few minutes."
)


# -- how rows are written


def unclear(says: str, faults: Mapping[str, Fault], **more: Any) -> list[Event]:
    """Neither a yes nor a no to /run, and not a word of the job."""
    return [Event(name, fault, Start.UNKNOWN, says, **more) for name, fault in faults.items()]


def refused(
    says: str,
    refusal: str,
    answers: Mapping[str, tuple[Fault, str]],
    outlook: Outlook = Outlook.NOT_ASKED,
) -> list[Event]:
    """A no to /run, with what it says."""
    rows = []
    for name, (fault, said) in answers.items():
        status = fault.answer.status if fault.answer else 0
        number, becomes = f"{status}: {said}", Becomes(outlook=outlook)
        why = refusal.format(status, said)
        rows.append(Event(name, fault, Start.REFUSED, says.format(number), becomes, why))
    return rows


def taken(
    faults: Mapping[str, Fault], says: str = DONE, status: VersionStatus | None = VersionStatus.COMPLETED
) -> list[Event]:
    """A yes to /run, in an odd form."""
    becomes = Becomes(status, Outlook.AS_RECORDED, url=URL) if status else Becomes()
    return [Event(name, fault, Start.ACCEPTED, says, becomes) for name, fault in faults.items()]


def told(says: str, becomes: Becomes, answers: Mapping[str, object]) -> list[Event]:
    """A 200 to /status."""
    return [Event(name, Fault.reply(200, _text(body)), None, says, becomes) for name, body in answers.items()]


def failed(name: str, reason: FailureReason, why: str, status: str, **content: object) -> list[Event]:
    """A 200 to /status that says how it failed."""
    becomes = Becomes(VersionStatus.FAILED, Outlook.AS_RECORDED, reason, why)
    said = why if len(why) <= 300 else f"{why[:300]} ..."
    return told(FAILED.format(said), becomes, {name: job(status, **content)})


def slow_down(name: str, *waits: float, **headers: str) -> list[Event]:
    fault = Fault.reply(429, b"", headers={key.replace("_", "-"): value for key, value in headers.items()})
    return [Event(name, fault, Start.NOT_SENT, SLOW_DOWN, refusal=NO_MORE, waits=waits)]


def job(status: object, **content: object) -> dict[str, object]:
    return {"id": JOB, "status": status, **content}


def completed(output: object) -> dict[str, object]:
    return job("COMPLETED", output=output)


def problem(status: int, detail: str) -> Fault:
    """RunPod's own form of an error: there `status` is a number."""
    return Fault.reply(status, {"status": status, "title": "Problem", "detail": detail})


def http(head: str, body: str = "") -> Fault:
    return Fault.raw(f"HTTP/1.1 {head}\r\n\r\n{body}".encode())


def page(status: int, **more: Any) -> Fault:
    return Fault.reply(status, PAGE, content_type="text/html", **more)


def json_of(body: str | bytes, **how: Any) -> Fault:
    return Fault.reply(200, body, **how)


def _text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body)


# -- the rows

_WHOLE = json.dumps(completed({"status": "success", "loraUrl": URL}))
_LENGTH = len(_WHOLE)
_HUNDREDS = b"HTTP/1.1 100 Continue\r\n\r\n" * 100
_CHUNKED = "200 OK\r\nTransfer-Encoding: chunked"
_BOMB = gzip.compress(b"[" + b" " * (33 * 2**20) + b"]")
_JSON_ERROR = {"error_type": "<class 'E'>", "error_message": "no VRAM", "error_traceback": "..."}
_DEEP = "[" * 500 + "]" * 500
_ODD_PAGE = {"x-odd": "1", "location": "/login"}

CONNECTION = [
    *unclear(
        BROKEN,
        {
            "closed without a byte": Fault.refuse(),
            "reply lost": Fault.lost_reply(),
            "cut in the status line": Fault.raw(b"HTTP/1.1 20"),
            "cut in the headers": Fault.cut_headers(),
            "cut in the body": Fault.cut_body(),
            "reset in the body": Fault.reset(),
            "cut in a chunk": http(_CHUNKED, '9\r\n{"id": "a\r\n'),
            "chunked, whole, without its end": http(_CHUNKED, f"{_LENGTH:x}\r\n{_WHOLE}\r\n"),
            "a chunk's size that is none": http(_CHUNKED, f"zz\r\n{_WHOLE}\r\n"),
            "whole, but shorter than its length": http(f"200 OK\r\nContent-Length: {_LENGTH + 9}", _WHOLE),
            "two lengths": http("200 OK\r\nContent-Length: 9\r\nContent-Length: 10", _WHOLE),
            "a length that is none": http("200 OK\r\nContent-Length: x", _WHOLE),
            "nothing but 100s": Fault.raw(_HUNDREDS),
            "headers without end": http("200 OK\r\nX: " + "x" * 200_000, _WHOLE),
            "another protocol": Fault.raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
            "TLS where there is none": Fault.raw(b"\x15\x03\x01\x00\x02\x02\x16"),
            "text instead of HTTP": Fault.raw(_WHOLE.encode()),
            "101": http("101 Switching Protocols\r\nUpgrade: x"),
        },
    ),
    *unclear(
        NOT_UNDERSTOOD.format(200),
        {
            "longer than its length": http("200 OK\r\nContent-Length: 9", _WHOLE),
            "cut, without a length to tell": http("200 OK", _WHOLE[:-9]),
        },
    ),
    *unclear(
        LATE,
        {
            "no answer": Fault.late_reply(30),
            "silence in the body": Fault.stall(),
            "headers that trickle": Fault.slow(chunk_bytes=1, pause_s=0.01),
            "a body that trickles": replace(
                Fault.slow(chunk_bytes=300, pause_s=0.05), answer=json_of(_WHOLE + " " * 5000).answer
            ),
        },
        needs_impatience=True,
    ),
    *taken(
        {
            "closed after the body": http(f"200 OK\r\nContent-Length: {_LENGTH}", _WHOLE),
            "whole, until the connection ends": http("200 OK", _WHOLE),
            "after a hundred 100s": Fault.raw(_HUNDREDS + http("200 OK", _WHOLE).raw_bytes),
        }
    ),
]

CONTENT = [
    *taken(
        {
            "JSON called HTML": json_of(_WHOLE, content_type="text/html"),
            "JSON called UTF-16": json_of(_WHOLE, content_type="application/json; charset=utf-16"),
            "JSON with a byte order mark": json_of(b"\xef\xbb\xbf" + _WHOLE.encode()),
            "JSON without a type": http(f"200 OK\r\nContent-Length: {_LENGTH}", _WHOLE),
        }
    ),
    *unclear(
        SIGN_IN.format(200),
        {"HTML called JSON": Fault.reply(200, PAGE), "a captive network's page": page(200)},
    ),
    *unclear(
        DAMAGED,
        {
            "gzip that is none": json_of(_WHOLE, headers={"content-encoding": "gzip"}),
            "32 MB and more": json_of(_BOMB, headers={"content-encoding": "gzip"}),
        },
    ),
    *unclear(
        NOT_UNDERSTOOD.format(200),
        {
            "nothing": json_of(b""),
            "bytes that are no text": json_of(b'{"id": "\xff\xfe"}'),
            "half a JSON": json_of(_WHOLE[:-9]),
            "an empty object": json_of("{}"),
            "a list": json_of(f"[{_WHOLE}]"),
            "null": json_of("null"),
            "text": json_of('"COMPLETED"'),
            "a number of 5,000 digits": json_of("1" * 5000),
            "JSON 100,000 deep": json_of("[" * 100_000 + "]" * 100_000),
            "no id": json_of('{"status": "COMPLETED"}'),
            "an id that is null": json_of('{"id": null, "status": "FAILED"}'),
            "an id that is a number": json_of('{"id": 7, "status": "FAILED"}'),
            "an id that is a list": json_of(f'{{"id": ["{JOB}"], "status": "FAILED"}}'),
        },
    ),
    *unclear(
        ANOTHER_JOB,
        {
            "an empty id": json_of('{"id": "", "status": "FAILED"}'),
            "a blank id": json_of('{"id": "  ", "status": "FAILED"}'),
            "an id of 5,000 letters": json_of(f'{{"id": "{"x" * 5000}", "status": "FAILED"}}'),
        },
    ),
    *unclear(
        NOT_UNDERSTOOD.format("200: queued"),
        {"no id, a message": json_of('{"status": "IN_QUEUE", "message": "queued"}')},
    ),
    *unclear(
        NOT_UNDERSTOOD.format("200: no"), {"an error beside an odd id": json_of('{"id": 7, "error": "no"}')}
    ),
    *refused(
        NOT_UNDERSTOOD,
        REFUSED_200,
        {
            "an error, no id": (Fault.reply(200, {"error": "no template"}), "no template"),
            "an error, a blank id": (
                Fault.reply(200, {"id": " ", "error": {"message": "quota"}}),
                "quota",
            ),
            "an error that is JSON": (
                Fault.reply(200, {"error": json.dumps(_JSON_ERROR)}),
                "<class 'E'>: no VRAM",
            ),
            "half a character": (json_of('{"error": "half \\ud83d"}'), "half ?"),
        },
    ),
    *taken(
        {"everything twice": json_of(f'{{"id": "x", "status": "FAILED", {_WHOLE[1:]}')},
    ),
    *taken({"201 with an id": Fault.reply(201, _WHOLE)}, NOT_UNDERSTOOD.format(201), None),
]

STATUSES = [
    *unclear(NOT_UNDERSTOOD.format(202), {"202 without an id": Fault.reply(202, {"status": "IN_QUEUE"})}),
    *unclear(NOT_UNDERSTOOD.format(204), {"204": http("204 No Content")}),
    *unclear(
        LEADS_ON.format(302), {"302 elsewhere": Fault.reply(302, headers={"location": "https://x.example/"})}
    ),
    *unclear(
        ODD,
        {"307 to an address that is none": http("307 Go\r\nLocation: https://xn--/\r\nContent-Length: 0")},
    ),
    *unclear(LEADS_ON.format(304), {"304": http("304 Not Modified")}),
    *unclear(
        LEADS_ON.format(307),
        {"307 nowhere": Fault.reply(307), "307 with a page": page(307, headers=_ODD_PAGE)},
    ),
    *refused(
        NOT_UNDERSTOOD,
        REFUSED,
        {
            "400": (problem(400, "the body is over 10 MiB"), "the body is over 10 MiB"),
            "402": (Fault.reply(402, {"error": "no balance"}), "no balance"),
            "405": (Fault.reply(405, {"message": "no such method"}), "no such method"),
            "422": (Fault.reply(422, {"detail": "input is missing"}), "input is missing"),
        },
    ),
    *refused(DENIED, REFUSED, {"403": (Fault.reply(403, {"error": "not yours"}), "not yours")}),
    *refused(
        WRONG_KEY,
        REFUSED_KEY,
        {
            "401": (problem(401, "invalid api key"), "invalid api key"),
            "401 that repeats the key": (problem(401, KEY), "(API key)"),
        },
    ),
    Event(
        "401 without a word",
        Fault.reply(401),
        Start.REFUSED,
        WRONG_KEY.format(401),
        refusal=WRONG_KEY.format(401),
    ),
    *refused(
        WRONG_ENDPOINT,
        REFUSED_404,
        {
            "404 endpoint not found": (problem(404, "endpoint not found"), "endpoint not found"),
            "404 redis err": (problem(404, "redis err: client is nil"), "redis err: client is nil"),
        },
    ),
    *refused(
        NOT_VISIBLE,
        REFUSED_404,
        {
            "404 job not found": (problem(404, "job not found"), "job not found"),
            "404 Job Not Found": (problem(404, " Job Not Found "), "Job Not Found"),
        },
        Outlook.NOT_VISIBLE_YET,
    ),
    *unclear(SIGN_IN.format(400), {"400 with a page": page(400)}),
    *unclear(SIGN_IN.format(403), {"403 of a firewall": page(403)}),
    *unclear(
        WRONG_ENDPOINT.format(404),
        {
            "404 job not found, as text": Fault.reply(404, "job not found", content_type="text/plain"),
            "404 with a page": page(404),
            "404 without a word": Fault.reply(404),
        },
    ),
    *unclear(NOT_UNDERSTOOD.format(407), {"407": Fault.reply(407)}),
    *unclear(
        TIRED_OF_WAITING, {"408": problem(408, "request time-out"), "408 without a word": Fault.reply(408)}
    ),
    *unclear(
        NOT_UNDERSTOOD.format("200: job not found"),
        {"200 job not found": Fault.reply(200, {"status": 404, "detail": "job not found"})},
    ),
    *unclear(
        RUNPODS_PROBLEM.format("500: job not found"),
        {"500 job not found": Fault.reply(500, {"status": 404, "detail": "job not found"})},
    ),
    *unclear(RUNPODS_PROBLEM.format("500: internal"), {"500": problem(500, "internal")}),
    *unclear(
        RUNPODS_PROBLEM.format(500),
        {"500 without a word": Fault.reply(500), "500 with a job": Fault.reply(500, _WHOLE)},
    ),
    *unclear(
        RUNPODS_PROBLEM.format(502),
        {"502 with a page": page(502), "502, though it was done": page(502, handled=True)},
    ),
    *unclear(
        RUNPODS_PROBLEM.format("503: no workers"),
        {"503 for 2 s": Fault.reply(503, {"error": "no workers"}, headers={"retry-after": "2"})},
    ),
    *unclear(
        RUNPODS_PROBLEM.format(504),
        {"504 with text": Fault.reply(504, "upstream timed out", content_type="text/plain")},
    ),
    *unclear(RUNPODS_PROBLEM.format(520), {"520": http("520 Unknown\r\nContent-Length: 3", "520")}),
    *unclear(RUNPODS_PROBLEM.format(999), {"999": http("999 What\r\nContent-Length: 0")}),
    *slow_down("429", 1, 2),
    *slow_down("429 for 4 s", 4, 4, retry_after="4"),
    *slow_down("429 for an hour", retry_after="3600"),
    *slow_down("429 until 1970", 1, 2, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"),
    *slow_down("429 until 9999", retry_after="Fri, 01 Jan 9999 00:00:00 GMT"),
    *slow_down("429 for a while", 1, 2, retry_after="soon"),
    *slow_down("429 for less than nothing", 1, 2, retry_after="-5"),
]

_TRAINER = FailureReason.TRAINER
_SAME = Becomes(outlook=Outlook.AS_RECORDED)
_COMPLETED = Becomes(VersionStatus.COMPLETED, Outlook.AS_RECORDED)
_NO_REASON = "RunPod says that it failed and gives no reason."
_OUT_OF_MEMORY = "out of memory"

JOBS = [
    *told(QUEUED, Becomes(VersionStatus.PENDING, Outlook.AS_RECORDED), {"IN_QUEUE": job("IN_QUEUE")}),
    *told(
        TRAINING,
        _SAME,
        {
            "IN_PROGRESS": job("IN_PROGRESS", delayTime=5, workerId="w"),
            "IN_PROGRESS with progress": job("IN_PROGRESS", output={"step": 3, "total_steps": 100}),
            "IN_PROGRESS with an error": job("IN_PROGRESS", output={"error": _OUT_OF_MEMORY}, error="?"),
            "RUNNING": job("RUNNING"),
        },
    ),
    *told(NOT_KNOWN.format("HIBERNATING"), _SAME, {"a status nobody knows": job("HIBERNATING")}),
    *told(NOT_KNOWN.format("completed"), _SAME, {"a status in small letters": job("completed")}),
    *told(
        NOT_UNDERSTOOD.format(200),
        Becomes(),
        {
            "a status that is null": job(None),
            "a status that is a number": job(200),
            "a status that is a list": job(["COMPLETED"]),
            "no status": {"id": JOB, "output": {"status": "success"}},
        },
    ),
    *told(
        ANOTHER_JOB,
        Becomes(),
        {"another job": {"id": "99999999-2222-3333-4444-555555555555-u1", "status": "FAILED"}},
    ),
    *told(
        DONE,
        replace(_COMPLETED, url=URL),
        {
            "COMPLETED with loraUrl": completed({"status": "success", "loraUrl": URL}),
            "COMPLETED with s3_url": completed({"s3_url": URL}),
            "COMPLETED with model_info": completed({"model_info": {"download_url": URL}}),
            "its id without suffix": completed({"loraUrl": URL}) | {"id": JOB.removesuffix("-u1")},
            "its id with another suffix": completed({"loraUrl": URL}) | {"id": JOB.replace("-u1", "-e2")},
        },
    ),
    *told(
        NO_ADDRESS,
        _COMPLETED,
        {
            "COMPLETED without an address": completed({"status": "success"}),
            "COMPLETED with an address that is none": completed({"status": "success", "loraUrl": 7}),
            "COMPLETED with huge numbers": _text(completed({"status": "success", "x": 1})).replace(
                "1}", '1e999}, "delayTime": 1e999, "executionTime": ' + "9" * 300
            ),
        },
    ),
    *told(
        AWAITED,
        Becomes(outlook=Outlook.MODEL_AWAITED),
        {
            "COMPLETED without output": job("COMPLETED"),
            "COMPLETED with an empty output": completed({}),
            "COMPLETED with a list": completed([1]),
            "COMPLETED with text": completed("done"),
            "COMPLETED with a number": completed(7),
            "COMPLETED with its last progress": completed({"step": 100, "total_steps": 100}),
        },
    ),
    *failed(
        "COMPLETED, but failed",
        _TRAINER,
        _OUT_OF_MEMORY,
        "COMPLETED",
        output={"status": "failed", "error": _OUT_OF_MEMORY},
    ),
    *failed(
        "COMPLETED with an error beside an address",
        _TRAINER,
        _OUT_OF_MEMORY,
        "COMPLETED",
        output={"error": _OUT_OF_MEMORY, "loraUrl": URL},
    ),
    *failed(
        "COMPLETED, but failed without a word",
        _TRAINER,
        "The trainer says that it failed and gives no reason.",
        "COMPLETED",
        output={"status": "failed"},
    ),
    *failed("FAILED", _TRAINER, "no VRAM", "FAILED", error="no VRAM"),
    *failed("FAILED, JSON", _TRAINER, "<class 'E'>: no VRAM", "FAILED", error=json.dumps(_JSON_ERROR)),
    *failed(
        "FAILED, half a JSON", _TRAINER, '{"error_message": "no', "FAILED", error='{"error_message": "no'
    ),
    *failed("FAILED, an object", _TRAINER, "<class 'E'>: no VRAM", "FAILED", error=_JSON_ERROR),
    *failed("FAILED, a list", _TRAINER, '["a", 1]', "FAILED", error=["a", 1]),
    *failed("FAILED, 500 deep", _TRAINER, _DEEP, "FAILED", error=json.loads(_DEEP)),
    *failed("FAILED, nothing", _TRAINER, _NO_REASON, "FAILED"),
    *failed("FAILED, an empty text", _TRAINER, _NO_REASON, "FAILED", error=""),
    *failed("FAILED, half a character", _TRAINER, "cut ?", "FAILED", error="cut \ud83d"),
    *failed(
        "FAILED, odd times", _TRAINER, "no", "FAILED", error="no", delayTime="x", executionTime=-1, retries=[]
    ),
    *failed(
        "FAILED, too slow",
        FailureReason.TIMED_OUT,
        "executionTimeout exceeded",
        "FAILED",
        error="executionTimeout exceeded",
    ),
    *failed(
        "FAILED, worker lost",
        FailureReason.WORKER_LOST,
        "job timed out after 1 retries",
        "FAILED",
        error="job timed out after 1 retries",
        retries=1,
    ),
    *failed("CANCELLED", FailureReason.CANCELLED, "The training was cancelled.", "CANCELLED"),
    *failed(
        "TIMED_OUT",
        FailureReason.TIMED_OUT,
        "RunPod ended it: it waited or ran longer than allowed.",
        "TIMED_OUT",
    ),
]

EVERYWHERE = [*CONNECTION, *CONTENT, *STATUSES]
"""What /run, /status and /cancel can meet."""
