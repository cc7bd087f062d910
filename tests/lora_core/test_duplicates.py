"""Two records of one training: which are, what becomes of them, and that nothing is lost by it."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core import json_text
from lora_core.document import HistoryDocument, record_key
from lora_core.duplicates import Judgement, LeftAlone, Merging, TellingApart, across, judged, redirected
from lora_core.histories import LIVE
from lora_core.merging import is_alike
from lora_core.model_urls import model_location
from lora_core.versions import Version, job_stem
from tests.lora_core.storage import FIXTURE_STYLES

STYLE = "7"
JOB = "6513270e-269e-4d37-b2a7-4de452e6b438"
OTHER_JOB = "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
SLOW = "https://bucket.s3.eu-central-1.amazonaws.com/user/custom-styles-models/style_7_vV1.safetensors"
FAST = "https://bucket.s3-accelerate.amazonaws.com/user/custom-styles-models/style_7_vV1.safetensors"
S3 = "s3://bucket/user/custom-styles-models/style_7_vV1.safetensors"
ELSEWHERE = "https://other.s3.amazonaws.com/style_7_vV1.safetensors"
SETTINGS = {"network_dim": 16, "network_alpha": 16, "learning_rate": 0.00001, "max_train_steps": 2000}
NOTE = "another record of its model says completed"

Record = dict[str, Any]


def trained(name: str = "V1", **more: Any) -> Record:
    """As the old system wrote a training that it had started: with its settings."""
    record = {
        "id": f"{JOB}-e1",
        "name": name,
        "timestamp": "2025-10-12T08:00:00.000Z",
        "parameters": SETTINGS,
    }
    return record | {"status": "completed"} | more


def synced(**more: Any) -> Record:
    """As its sync wrote a model file."""
    record = {"id": "style_7_vV1", "name": "style_7_vV1.safetensors", "parameters": {}, "status": "completed"}
    return (
        record
        | {"description": "Synced from S3", "loraUrl": SLOW, "timestamp": "2025-10-14T11:10:28.237Z"}
        | more
    )


def heard(**more: Any) -> Record:
    """As a webhook may leave it: a job and nothing else."""
    return {"id": JOB, "name": "V1", "parameters": {}, "status": "completed", **more}


def sent(name: str = "V1", **more: Any) -> Record:
    """As the lab itself writes it."""
    submission = {"state": "sent", "attempt": "a", "baseUrl": "https://api.runpod.ai/v2", "endpointId": "e"}
    own = {
        "key": f"key-{name}",
        "requestId": "7_1",
        "submission": submission,
        "modelName": f"style_7_v{name}",
    }
    return trained(name, **own) | more


def document(*records: object) -> HistoryDocument:
    return HistoryDocument.parse(json_text.dumps({"versions": list(records)}))


def judge(*records: object) -> Judgement:
    return judged(STYLE, document(*records))


def after(*records: object) -> list[Any]:
    """What the document holds once it is repaired."""
    return list(judge(*records).document.entries)


def reasons(judgement: Judgement) -> list[str]:
    return [one.why for one in judgement.left_alone]


# Which records are one training

ONE_TRAINING: dict[str, tuple[Record, Record]] = {
    "one address": (trained("a", loraUrl=SLOW), synced()),
    "the accelerated address": (trained("a", loraUrl=FAST), synced()),
    "the s3 address": (trained("a", loraUrl=S3), synced()),
    "the address with a signature": (trained("a", loraUrl=f"{SLOW}?X-Amz-Signature=x"), synced()),
    "the model's name as id": (trained(), synced(loraUrl=None, name="kept")),
    "the model's file as id": (trained(), synced(loraUrl=None, id="style_7_vV1.safetensors", name="kept")),
    "the model's name as name": (trained(), synced(loraUrl=None, id="x-1", name="style_7_vV1") | {"id": ""}),
    "the model's file as name": (trained(), synced(loraUrl=None, id="")),
    "a frozen model name": (sent("renamed", modelName="style_7_vV1"), synced(loraUrl=None)),
    "an adopted file": (trained("a", modelName="style_7_vV1"), synced(key="k", modelName="style_7_vV1")),
    "a job without its suffix": (trained(), heard()),
    "a job with another suffix": (trained(), heard(id=f"{JOB}-e2")),
    "one id": (trained(), heard(id=f"{JOB}-e1")),
    "one key": (sent(), heard(id="", key="key-V1")),
    "a copy": (trained(), trained()),
    "a copy of what runs": (sent(status="training"), sent(status="training")),
    "settings of which one lacks some": (trained(), trained(parameters={"network_dim": 16.0}, id=JOB)),
    "an address in a form of its own": (trained(loraUrl="the old disk"), heard(loraUrl="the old disk")),
    "what only one of them tells": (trained(rating=5, webhook=None), heard(rating=None, webhook=1)),
    "one set, once as text": (trained(selectionSetId=2), trained(selectionSetId="2", imageCount=9)),
}


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(("kept", "gone"), ONE_TRAINING.values(), ids=ONE_TRAINING.keys())
def test_two_records_of_one_training_become_one(kept: Record, gone: Record, is_turned: bool) -> None:
    pair = (gone, kept) if is_turned else (kept, gone)

    judgement = judge(*pair)

    (merging,) = judgement.repairs
    assert isinstance(merging, Merging)
    (record,) = judgement.document.entries
    assert (record["name"], record["parameters"]) == (kept["name"], kept["parameters"])
    assert record_key(record) == record_key(kept)
    assert judged(STYLE, judgement.document).repairs == ()


TWO: dict[str, tuple[Record, Record]] = {
    "two trainings": (trained("V1"), trained("V2", id=OTHER_JOB)),
    "one name, two jobs": (trained("V1"), trained("V1", id=OTHER_JOB)),
    "another version's model": (trained("V2"), synced()),
    "another case": (trained("v1"), synced(loraUrl=None)),
    "another style's model": (trained(), synced(id="style_8_vV1", name="style_8_vV1", loraUrl=None)),
    "a style whose id begins alike": (
        trained(),
        synced(id="style_70_vV1", name="style_70_vV1", loraUrl=None),
    ),
    "the lab's own, whose name says nothing of its model": (
        sent("V1", modelName="style_7_vV1-2"),
        synced(loraUrl=None),
    ),
    "a draft by name": (trained(status="draft"), synced(loraUrl=None)),
    "a draft by address": (trained(status="draft", loraUrl=SLOW), synced()),
    "a draft by job": (trained(status="draft"), heard()),
}


@pytest.mark.parametrize(("one", "other"), TWO.values(), ids=TWO.keys())
def test_what_is_not_one_training_is_not_spoken_of(one: Record, other: Record) -> None:
    for pair in ((one, other), (other, one)):
        before = document(*pair)
        judgement = judged(STYLE, before)

        assert judgement.document is before
        assert (judgement.repairs, judgement.left_alone) == ((), ())


QUARRELS: dict[str, tuple[Record, Record, str]] = {
    "settings": (
        trained(loraUrl=SLOW),
        trained(parameters=SETTINGS | {"network_dim": 8}, loraUrl=SLOW),
        "different settings",
    ),
    "settings in a form that nobody knows": (
        trained(parameters=[1]),
        trained(parameters=[2]),
        "different settings",
    ),
    "a setting each": (
        trained(parameters={"network_dim": 16, "batch_size": 2}),
        trained(parameters={"network_dim": 16, "num_repeats": 2}),
        "different settings",
    ),
    "pictures": (trained(selectionSetId=1), trained(selectionSetId=2), "different pictures"),
    "no number of pictures": (trained(imageCount=0), trained(imageCount=44), "different pictures"),
    "a number of pictures": (trained(imageCount=43), trained(imageCount=44), "different pictures"),
    "frozen pictures": (trained(dataset="a"), trained(dataset="b"), "different pictures"),
    "jobs": (trained(loraUrl=SLOW), trained(loraUrl=S3, id=OTHER_JOB), "two jobs"),
    "a job of the trace": (trained(loraUrl=SLOW), heard(id=OTHER_JOB, loraUrl=SLOW), "two jobs"),
    "models": (trained(loraUrl=SLOW), heard(loraUrl=ELSEWHERE), "two model files"),
    "model names": (trained(modelName="a"), heard(modelName="b"), "two model files"),
    "names": (trained("V1"), trained("V2"), "two names"),
    "a name that finds no room in the note": (trained(description=7), heard(name="V8"), "two names"),
    "names of traces": (heard(), heard(name="V2"), "two names"),
    "submissions": (sent(), sent("V1", submission={"state": "sent", "attempt": "b"}), "sent by itself"),
    "what runs": (sent(status="training"), synced(), "V1 is still in flight"),
    "copies of which one went on": (
        sent(status="training", startedAt="2026-01-01T00:00:00.000Z"),
        sent(status="pending"),
        "V1 is still in flight",
    ),
    "copies of which one has ended": (sent(status="training"), sent(loraUrl=SLOW), "V1 is still in flight"),
    "a verdict of the lab's": (sent(status="failed"), synced(), "check its status"),
    "a status that nobody knows": (trained(status="archived"), heard(), "their statuses differ"),
    "an unknown key": (trained(rating=5), heard(rating=4), "they differ in rating"),
    "true and 1": (trained(rating=True), heard(rating=1), "they differ in rating"),
    "1 and true": (trained(rating=1), heard(rating=True), "they differ in rating"),
    "yes and no": (trained(rating=True), heard(rating=False), "they differ in rating"),
    "objects": (trained(rating={"a": 1}), heard(rating={"a": 2}), "they differ in rating"),
    "objects of other keys": (
        trained(rating={"a": 1}),
        heard(rating={"a": 1, "b": 1}),
        "they differ in rating",
    ),
    "lists": (trained(rating=[1, True]), heard(rating=[1, 1]), "they differ in rating"),
    "lists of other lengths": (trained(rating=[1]), heard(rating=[1, 2]), "they differ in rating"),
    "one and a list of it": (trained(rating=1), heard(rating=[1]), "they differ in rating"),
    "a list and one of it": (trained(rating=[1]), heard(rating=1), "they differ in rating"),
    "sets that are no numbers": (
        trained(selectionSetId="x"),
        heard(selectionSetId="y"),
        "differ in selectionSetId",
    ),
    "a note that is no text": (
        trained(description=["a"]),
        heard(description="b"),
        "they differ in description",
    ),
    "a mark that is no mark": (trained(isGood="yes"), heard(isGood=True), "they differ in isGood"),
    "a set of the trace": (
        trained(selectionSetId=1),
        synced(selectionSetId=2),
        "they differ in selectionSetId",
    ),
}


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(("one", "other", "why"), QUARRELS.values(), ids=QUARRELS.keys())
def test_two_that_contradict_each_other_both_stay_and_it_is_said_why(
    one: Record, other: Record, why: str, is_turned: bool
) -> None:
    records = (other, one) if is_turned else (one, other)

    judgement = judge(*records)

    told = [
        *reasons(judgement),
        *(repair.why for repair in judgement.repairs if isinstance(repair, TellingApart)),
    ]
    assert len(told) == 1 and why in told[0]
    assert not any(isinstance(repair, Merging) for repair in judgement.repairs)
    own = {"key"} if judgement.repairs else set()
    assert [without(entry, own) for entry in judgement.document.entries] == [
        without(one, own) for one in records
    ]


def without(record: Record, keys: set[str]) -> Record:
    return {name: value for name, value in record.items() if name not in keys}


# What one record takes from the other


def test_the_record_with_the_settings_keeps_its_place_its_bytes_and_what_it_says() -> None:
    whole = trained(
        loraUrl=FAST, isGood=False, imageCount=43, description="low rate", completedAt="2025-10-12"
    )
    text = json_text.dumps({"versions": [synced(imageCount=0), whole, trained("V2", id=OTHER_JOB)]}).decode()
    text = text.replace("1e-5", "0.00001")

    judgement = judged(STYLE, HistoryDocument.parse(text.encode()))

    start, end = text.index("\n    {"), text.index(',\n    {\n      "id": "6513')
    assert judgement.document.data.decode() == text[:start] + text[end + 1 :]


def test_what_both_tell_is_told_by_the_record_that_stays() -> None:
    told = {
        "timestamp": "a",
        "startedAt": "a",
        "completedAt": "a",
        "lastSynced": "a",
        "statusNote": "a",
        "imageCount": 43,
    }
    other = {name: 75 if name == "imageCount" else "b" for name in told}

    (merging,) = judge(trained(**told), heard(**other)).repairs

    assert isinstance(merging, Merging)
    assert (merging.changes, merging.left_behind) == ({}, other)


def test_nothing_is_said_to_be_gained_or_left_that_is_not() -> None:
    whole = trained(loraUrl=FAST, isGood=True, description="low rate", rating=5)
    other = synced(isGood=True, rating=None, imageCount=0, description="low rate")

    (merging,) = judge(whole, other).repairs

    assert isinstance(merging, Merging)
    assert (merging.changes, merging.left_behind) == ({}, {})
    assert merging.sentence.endswith("both name the same model file. The first stays; the second goes.")


@pytest.mark.parametrize(
    ("other", "left_behind"),
    [
        (heard(name="V8", description="the good one"), {}),
        (heard(description="Synced from S3"), {}),
        (heard(loraUrl=S3), {}),
        (heard(name=5), {"name": 5}),
        (heard(id=f"{JOB}-e9", completedAt="b"), {"completedAt": "b"}),
        (synced(key="k"), {"key": "k"}),
    ],
)
def test_what_the_merged_record_says_in_other_words_is_not_said_to_be_left_behind(
    other: Record, left_behind: Record
) -> None:
    (merging,) = judge(trained(loraUrl=FAST, description="low rate", completedAt="a"), other).repairs

    assert isinstance(merging, Merging)
    assert merging.left_behind == left_behind


def test_of_two_traces_the_one_with_the_job_stays() -> None:
    assert after(synced(), heard(loraUrl=SLOW)) == [heard(loraUrl=SLOW)]


def test_a_trace_that_is_called_after_its_file_learns_the_name_of_the_other() -> None:
    named = {"id": "style_7_vV1", "name": "my best", "status": "completed", "isGood": True}

    assert after(synced(), named) == [synced(description="Also named my best.", isGood=True)]


def test_only_the_bytes_change_that_say_something_new() -> None:
    text = (
        '{"note": 1,\n "versions": [\n'
        '  {"id":"style_7_vV1", "parameters": {}, "status":"completed", "loraUrl":"' + FAST + '"},\n'
        '  {"id":"' + JOB + '" ,\n   "name":"gr\\u00f6\\u00dfer", "parameters":{"learning_rate":0.00001},\n'
        '   "status":"completed" , "loraUrl":"' + SLOW + '", "x":1E+2}\n ]}\r\n'
    )

    judgement = judged(STYLE, HistoryDocument.parse(text.encode()))

    start, end = text.index('{"id":"style'), text.index('{"id":"' + JOB)
    assert judgement.document.data.decode() == (text[:start] + text[end:]).replace(SLOW, FAST)


def test_three_records_of_one_training_become_one() -> None:
    whole = trained(status="pending", isGood=False)
    expected = trained(
        isGood=True,
        loraUrl=FAST,
        lastSynced="2025-10-14",
        webhook={"tries": 2},
        completedAt="2025-10-13",
        statusNote=NOTE,
    )
    traces = [
        synced(lastSynced="2025-10-14", isGood=True),
        heard(loraUrl=FAST, completedAt="2025-10-13", webhook={"tries": 2}),
    ]
    for records in permutations([whole, *traces]):
        judgement = judge(*records)

        assert judgement.document.entries == (expected,)
        assert [type(repair) for repair in judgement.repairs] == [Merging, Merging]


def test_copies_of_a_synced_record_that_belong_to_no_training_become_one() -> None:
    assert after(synced(), synced(id="style_7_vV1.safetensors", loraUrl=FAST)) == [synced(loraUrl=FAST)]


def test_a_trace_that_could_belong_to_either_of_two_stays() -> None:
    judgement = judge(trained(loraUrl=SLOW), trained(id=OTHER_JOB, loraUrl=SLOW), synced())

    assert judgement.repairs == ()
    assert sorted(reasons(judgement)) == [
        "one of them could belong to another record as well",
        "one of them could belong to another record as well",
        "they come from two jobs",
    ]


def test_a_trace_that_could_belong_to_what_runs_is_given_to_no_other() -> None:
    running, ended = sent(status="training", loraUrl=SLOW), trained("V0", id=OTHER_JOB, loraUrl=SLOW)

    assert judge(running, ended, synced()).repairs == ()


def test_copies_become_one_also_beside_another_that_contradicts_them() -> None:
    other = trained("V0", id=f"{JOB}-e2", parameters={"network_dim": 8})
    assert after(trained(), other, trained()) == [trained(), other]

    other = synced(id="style_7_vV1.safetensors", rating=2)
    assert after(synced(rating=1), other, synced(rating=1)) == [synced(rating=1), other]


def test_few_settings_that_two_configurations_share_are_given_to_neither() -> None:
    few = trained(id=JOB, parameters={"network_dim": 16})
    one, two = (
        trained(id=f"{JOB}-e{dim}", parameters={"network_dim": 16, "batch_size": dim}) for dim in (1, 2)
    )

    assert judge(few, one, two).repairs == ()


def test_a_trace_belongs_to_the_record_with_its_address_rather_than_to_its_namesake() -> None:
    namesake = trained("V1", id=OTHER_JOB, status="failed")

    assert after(namesake, trained("V1", loraUrl=SLOW), synced(isGood=True)) == [
        namesake,
        trained("V1", loraUrl=SLOW, isGood=True),
    ]


ADDRESSES = [
    (None, SLOW, SLOW),
    ("", SLOW, SLOW),
    (None, 3, 3),
    (SLOW, FAST, FAST),
    (FAST, SLOW, FAST),
    (S3, SLOW, SLOW),
    (SLOW, S3, SLOW),
]


@pytest.mark.parametrize(("one", "other", "kept"), ADDRESSES)
def test_of_two_addresses_the_faster_is_kept(one: object, other: object, kept: object) -> None:
    assert after(trained(loraUrl=one), heard(loraUrl=other)) == [trained(loraUrl=kept, id=f"{JOB}-e1")]


STATUSES = [
    ("pending", "completed", "completed"),
    ("training", "completed", "completed"),
    ("failed", "completed", "completed"),
    ("pending", "failed", "failed"),
    ("completed", "failed", "completed"),
    ("completed", "pending", "completed"),
    ("failed", "training", "failed"),
    (None, "failed", "failed"),
    (None, "archived", "archived"),
]


@pytest.mark.parametrize(("one", "other", "kept"), STATUSES)
def test_an_old_status_rises_and_never_falls(one: str | None, other: str, kept: str) -> None:
    (record,) = after(trained(status=one), heard(status=other))

    assert record["status"] == kept


def test_a_failure_that_turned_out_to_be_none_is_no_longer_told() -> None:
    failure = {"error": "Training failed", "failedAt": "2025-10-12", "failureReason": "lost"}
    judgement = judge(trained(status="failed", **failure), synced())

    assert judgement.document.entries == (trained(loraUrl=SLOW, statusNote=NOTE),)
    assert "without its error, failedAt, failureReason" in judgement.repairs[0].sentence


def test_a_failure_is_taken_over_with_its_reason() -> None:
    failure = {"status": "failed", "error": "CUDA out of memory", "failedAt": "2025-10-12"}

    assert after(trained(status="pending"), heard(**failure)) == [trained(**failure)]


def test_what_went_wrong_in_a_record_that_goes_is_not_told_of_one_that_is_completed() -> None:
    judgement = judge(trained(), heard(status="failed", error="Training failed"))

    assert judgement.document.entries == (trained(),)
    assert "Only the backup will still say of it: status failed, error Training failed." in (
        judgement.repairs[0].sentence
    )


NOTES: list[tuple[object, object, object]] = [
    (None, "Synced from S3", None),
    (None, "auto-synced from S3 bucket.", None),
    (None, "Found as a model file; its settings are not recorded.", None),
    ("low rate", "Synced from S3", "low rate"),
    (None, "the good one", "the good one"),
    ("low rate", "the good one", "low rate\nthe good one"),
    ("low rate", "low rate", "low rate"),
    ("low rate\nthe good one", "the good one", "low rate\nthe good one"),
    ("slow rate", "low", "slow rate\nlow"),
    ("Synced from S3", "Synced from S3, and it is good", "Synced from S3, and it is good"),
    ("", "the good one", "the good one"),
    ("low rate", "  ", "low rate"),
    (None, 7, 7),
    (7, None, 7),
]


@pytest.mark.parametrize(("one", "other", "kept"), NOTES)
def test_notes_of_people_are_kept_and_those_of_the_sync_are_not(
    one: object, other: object, kept: object
) -> None:
    (record,) = after(trained(description=one), heard(description=other))

    assert record["description"] == kept


@pytest.mark.parametrize("name", ["my best", "V8"])
def test_a_name_that_somebody_gave_to_a_trace_is_kept_in_the_note(name: str) -> None:
    assert after(trained(description="low rate"), heard(name=name)) == [
        trained(description=f"low rate\nAlso named {name}.")
    ]
    assert after(sent(parameters={}), heard(name=name)) == [
        sent(parameters={}, description=f"Also named {name}.")
    ]


def test_a_name_of_blanks_is_none() -> None:
    assert after(trained(), heard(name=" ")) == [trained()]


@pytest.mark.parametrize(
    ("one", "other", "kept"), [("a", None, "a"), (None, "b", "b"), ("a", "b", "a"), (None, None, NOTE)]
)
def test_it_is_noted_how_a_record_came_to_be_completed(one: str | None, other: str | None, kept: str) -> None:
    (record,) = after(trained(status="pending", statusNote=one), heard(statusNote=other))

    assert record["statusNote"] == kept


def test_when_a_training_was_made_is_not_learned_from_a_sync() -> None:
    whole = without(trained(), {"timestamp"})

    assert after(whole, synced()) == [whole | {"loraUrl": SLOW}]
    assert after(whole, heard(timestamp="2025-10-12")) == [whole | {"timestamp": "2025-10-12"}]
    assert after(whole, trained(id="style_7_vV1")) == [whole | {"timestamp": trained()["timestamp"]}]


def test_a_job_that_only_the_trace_knows_is_kept_and_the_identity_stays() -> None:
    whole = trained(id="style_7_vV1", loraUrl=SLOW)

    assert after(whole, heard(loraUrl=SLOW)) == [whole | {"id": JOB, "key": "style_7_vV1"}]
    assert after(whole | {"key": "k"}, heard(loraUrl=SLOW)) == [whole | {"id": JOB, "key": "k"}]
    assert after(whole | {"id": ""}, heard(loraUrl=SLOW)) == [whole | {"id": JOB}]


def test_the_suffix_of_a_job_by_which_runpod_can_be_asked_is_kept() -> None:
    assert after(trained(id=JOB), heard(id=f"{JOB}-e1")) == [trained(key=JOB)]


def test_the_request_id_of_an_old_record_is_no_other_job() -> None:
    assert after(trained(loraUrl=SLOW), heard(id="7_1760254040983", loraUrl=SLOW)) == [trained(loraUrl=SLOW)]


def test_an_identity_of_the_labs_stays_and_that_of_an_adopted_file_goes() -> None:
    adopted = synced(key="k", requestId="7_9", modelName="style_7_vV1", description=None)

    assert after(trained(loraUrl=FAST), adopted) == [trained(loraUrl=FAST, modelName="style_7_vV1")]


def test_versions_based_on_a_record_that_goes_are_based_on_the_one_that_stays() -> None:
    child, grandchild = trained("V2", id=OTHER_JOB, basedOn="style_7_vV1"), {"id": "d", "basedOn": JOB}
    records = [grandchild, child, synced(), heard(), trained()]

    judgement = judge(*records)

    assert judgement.document.entries[:2] == (
        grandchild | {"basedOn": f"{JOB}-e1"},
        child | {"basedOn": f"{JOB}-e1"},
    )
    assert judgement.moved == {"style_7_vV1": f"{JOB}-e1", JOB: f"{JOB}-e1"}


def test_what_goes_into_one_that_goes_too_is_followed_to_the_last() -> None:
    child = trained("V2", id=OTHER_JOB, basedOn="style_7_vV1.safetensors")

    judgement = judge(child, trained(), synced(), synced(id="style_7_vV1.safetensors"))

    assert judgement.document.entries == (child | {"basedOn": f"{JOB}-e1"}, trained(loraUrl=SLOW))
    assert set(judgement.moved.values()) == {f"{JOB}-e1"}


def test_nobody_follows_a_record_whose_identity_is_still_there_or_never_was() -> None:
    based = {"id": "b", "name": "b", "status": "failed", "basedOn": ""}

    assert judge(trained(), trained()).moved == {}
    judgement = judge(based, trained(loraUrl=SLOW), heard(id="", loraUrl=SLOW))
    assert judgement.moved == {}
    assert judgement.document.entries[0] == based


def test_no_version_comes_to_be_based_on_itself() -> None:
    (record,) = after(trained(), synced(basedOn=f"{JOB}-e1"))
    assert "basedOn" not in record
    assert after(trained(basedOn="style_7_vV1"), synced())[0]["basedOn"] == "style_7_vV1"


def test_another_document_follows_only_what_it_does_not_hold_itself() -> None:
    trash = document(
        {"id": "a", "basedOn": "x"}, {"id": "b", "basedOn": "y"}, {"id": "y"}, {"basedOn": 1}, None
    )

    followed = redirected(trash, {"x": "new", "y": "new"})

    assert followed.entries[0] == {"id": "a", "basedOn": "new"}
    assert followed.entries[1:] == trash.entries[1:]
    assert redirected(followed, {"x": "new", "y": "new"}) is followed


# Telling apart


def test_two_configurations_under_one_id_get_an_identity_each() -> None:
    first, second = trained(), trained("V0", parameters=SETTINGS | {"network_dim": 8})

    judgement = judge(first, second)

    assert judgement.document.entries[0] == first
    assert without(judgement.document.entries[1], {"key"}) == second
    assert judgement.document.entries[1]["key"] not in ("", record_key(first))
    assert not judgement.document.is_doubled(record_key(first))
    assert judge(first, second).document == judgement.document
    again = judged(STYLE, judgement.document)
    assert again.repairs == () and "two configurations" in reasons(again)[0]


@pytest.mark.parametrize(
    "kept",
    [
        sent(status="training"),
        sent(status="pending", id="7_1"),
        sent(),
        {"id": f"{JOB}-e1", "key": "key-V1", "name": "V1", "status": "failed"},
    ],
)
def test_the_record_that_is_looked_for_by_its_identity_keeps_it_wherever_it_stands(kept: Record) -> None:
    draft = {
        "id": "7_1",
        "key": "key-V1",
        "requestId": "7_1",
        "name": "copy",
        "status": "draft",
        "parameters": {},
    }
    for records in ((kept, draft), (draft, kept)):
        one, two = sorted(after(*records), key=lambda record: record["name"] == "copy")

        assert one == kept
        assert without(two, {"key"}) == without(draft, {"key", "requestId"})
        assert two["key"] != "key-V1"


def test_of_two_that_run_the_one_that_awaits_its_job_keeps_the_identity() -> None:
    waiting = sent(status="pending", id="7_1", submission={"state": "sending", "attempt": "a"})
    running = sent(status="training")

    one, two = after(running, waiting)

    assert two == waiting
    assert without(one, {"key"}) == without(running, {"key"})
    assert one["key"] != waiting["key"]


def test_drafts_of_one_id_are_all_kept_with_an_identity_each() -> None:
    draft = {"id": "7_1", "key": "k", "requestId": "7_1", "status": "draft", "parameters": SETTINGS}

    records = after(draft, draft, draft)

    assert len({record["key"] for record in records}) == 3
    assert [without(record, {"key", "requestId"}) for record in records] == 3 * [
        without(draft, {"key", "requestId"})
    ]
    assert [record.get("requestId") for record in records] == ["7_1", None, None]


def test_records_without_any_id_get_one() -> None:
    one, two = after({"name": "a", "status": "completed"}, {"name": "b", "status": "completed"})

    assert record_key(one) == "" != record_key(two)


# Live and trash


def test_a_pair_across_history_and_trash_is_reported() -> None:
    live, trash = [Version(STYLE, trained(loraUrl=SLOW))], [Version(STYLE, synced(), is_in_trash=True)]

    (pair,) = across(live, trash)

    assert (pair.versions, pair.why) == ((live[0], trash[0]), "one of them is in the trash")
    assert "style_7_vV1.safetensors (style_7_vV1, 2025-10-14, in the trash)" in pair.sentence
    assert across(live, []) == across([], trash) == ()


def test_a_move_that_was_interrupted_is_no_pair_and_another_version_behind_the_same_id_is() -> None:
    live = [Version(STYLE, trained())]

    assert across(live, [Version(STYLE, trained(), is_in_trash=True)]) == ()
    hidden = Version(STYLE, trained("V0", timestamp="2025-01-01T00:00:00.000Z"), is_in_trash=True)
    assert len(across(live, [hidden])) == 1
    assert len(across(live, [Version(STYLE, heard(timestamp=trained()["timestamp"]), is_in_trash=True)])) == 1


def test_a_record_in_the_trash_that_counts_as_live_takes_no_part() -> None:
    trash = document(trained(loraUrl=SLOW), synced())

    assert judged(STYLE, trash, is_trash=True, hidden=[f"{JOB}-e1"]).document is trash
    assert len(judged(STYLE, trash, is_trash=True).document.entries) == 1


# Words


def test_what_is_said_names_both_records_and_what_becomes_of_them() -> None:
    (merging,) = judge(
        synced(isGood=True, lastSynced="2025-10-14"), trained(loraUrl=SLOW, completedAt="x")
    ).repairs

    assert merging.sentence == (
        f"V1 ({JOB}-e1) and style_7_vV1.safetensors (style_7_vV1) are one training: both name the same model file. "
        "The first stays and gets isGood true, lastSynced 2025-10-14; the second goes."
    )


@pytest.mark.parametrize(
    ("kept", "gone", "evidence"),
    [
        (trained(), heard(id=f"{JOB}-e1"), "they have one id"),
        (sent(), heard(id="", key="key-V1"), "they have one id"),
        (sent(), heard(id=f"{JOB}-e1"), "they have one id"),
        (trained(), heard(), "they come from one job"),
        (trained(loraUrl=SLOW), heard(id="", loraUrl=S3), "both name the same model file"),
        (sent(), synced(loraUrl=None), "both bear the name of one model"),
        (trained(), synced(loraUrl=None), "one is the model file that the other is called after"),
    ],
)
def test_it_is_said_by_what_two_records_are_one_training(kept: Record, gone: Record, evidence: str) -> None:
    (merging,) = judge(gone, kept).repairs

    assert isinstance(merging, Merging) and merging.evidence == evidence


def test_what_is_told_apart_is_said_with_its_reason() -> None:
    (apart,) = judge(trained(), trained("V0", timestamp="2025-10-11T00:00:00.000Z")).repairs

    assert apart.sentence == (
        f"V1 ({JOB}-e1, 2025-10-12) and V0 ({JOB}-e1, 2025-10-11) have one id, but they have two names, so somebody "
        "may mean them to be two versions. Both stay; the second gets a key of its own, so that each can be changed."
    )


def test_no_text_of_a_record_moves_the_cursor_of_a_terminal() -> None:
    judgement = judge(trained("a\x1b[2J\nb", loraUrl=SLOW), synced(note="\x1b]0;x\x07" + "y" * 500))

    assert judgement.repairs[0].sentence.isprintable()
    assert len(judgement.repairs[0].sentence) < 600
    assert LeftAlone((Version(STYLE, {"name": "\r"}),) * 2, "so").sentence.isprintable()


# The styles that are there


@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURE_STYLES.iterdir()))
def test_nothing_is_found_in_a_history_that_is_in_order(folder: str) -> None:
    before = HistoryDocument.parse((FIXTURE_STYLES / folder / LIVE).read_bytes())

    judgement = judged(folder.partition("_")[0], before)

    assert judgement.document is before
    assert (judgement.repairs, judgement.left_alone) == ((), ())


# Whatever a file holds

_ids = st.sampled_from(
    [JOB, f"{JOB}-e1", f"{JOB}-e2", OTHER_JOB, "style_7_vV1", "style_7_vV1.safetensors", "7_1", "", 5]
)
_names = st.sampled_from(["V1", "V2", "style_7_vV1", "style_7_vV1.safetensors", "my best"])
_sparse = {
    "key": st.sampled_from(["k", "l"]),
    "parameters": st.sampled_from([{}, {}, {}, SETTINGS, {"network_dim": 16}, {"network_dim": 8}, [1]]),
    "status": st.sampled_from(
        ["draft", "pending", "training", "completed", "completed", "failed", "odd", None]
    ),
    "loraUrl": st.sampled_from([SLOW, FAST, S3, ELSEWHERE, None, "", 3]),
    "description": st.sampled_from(["Synced from S3", "low rate", "the good one\nof two", None, 7]),
    "isGood": st.sampled_from([True, False, None, "yes"]),
    "selectionSetId": st.sampled_from([1, "1", 2, None]),
    "imageCount": st.sampled_from([0, 43, 44]),
    "timestamp": st.sampled_from(["2025-10-12T08:00:00.000Z", "2025-10-14T08:00:00.000Z"]),
    "error": st.sampled_from(["Training failed", None]),
    "submission": st.sampled_from(
        [{"state": "sent", "attempt": "a"}, {"state": "sending", "attempt": "b"}, {}]
    ),
    "modelName": st.sampled_from(["style_7_vV1", "style_7_vV2"]),
    "basedOn": st.sampled_from([JOB, "style_7_vV1", "k"]),
    "rating": st.sampled_from([1, 1.0, True, "1", None, {"a": [1]}]),
    "größe": st.sampled_from(["水墨", 0.00001]),
}
_records = st.fixed_dictionaries({"id": _ids, "name": _names}, optional=_sparse)
_documents = st.lists(_records | st.just(None), max_size=5)
_KNOWN = {"id", "name", *_sparse} - {"rating", "größe"}


@given(_documents)
def test_no_configuration_no_job_no_model_no_note_and_no_unknown_key_is_ever_lost(records: list[Any]) -> None:
    kept = [one for one in after(*records) if one is not None]

    for record in (one for one in records if one is not None):
        before = Version(STYLE, record)
        homes = [
            Version(STYLE, one)
            for one in kept
            if all(
                value is None or is_alike(one.get(name), value)
                for name, value in record.items()
                if name not in _KNOWN
            )
        ]
        settings = record.get("parameters") or {}
        homes = [one for one in homes if holds(one.raw.get("parameters"), settings)]
        if before.job_id is not None and not before.id.startswith("7_"):
            homes = [one for one in homes if one.job_id and job_stem(one.job_id) == job_stem(before.job_id)]
        if (location := model_location(before.lora_url)) is not None:
            homes = [one for one in homes if model_location(one.lora_url) == location]
        if before.description and before.description != "Synced from S3":
            lines = set(before.description.splitlines())
            homes = [one for one in homes if lines <= set(one.description.splitlines())]
        if before.is_good:
            homes = [one for one in homes if one.is_good]
        if not before.name.startswith("style_"):
            homes = [
                one
                for one in homes
                if one.name == before.name or f"Also named {before.name}." in one.description
            ]
        assert homes, record


def holds(held: object, settings: object) -> bool:
    if isinstance(held, dict) and isinstance(settings, dict):
        return all(is_alike(held.get(name), value) for name, value in settings.items())
    return not settings or held == settings


@given(_documents)
def test_repaired_twice_is_repaired_once_and_no_identity_is_doubled(records: list[Any]) -> None:
    once = judge(*records).document

    again = judged(STYLE, once)

    assert again.document is once
    assert again.repairs == ()
    assert not any(once.is_doubled(record_key(record)) for record in once.records)


@given(_documents)
def test_records_that_no_repair_speaks_of_keep_their_bytes_and_their_order(records: list[Any]) -> None:
    before = document(*records)
    judgement = judged(STYLE, before)
    spoken_of = {id(version.raw) for repair in judgement.repairs for version in versions_of(repair)}
    quiet = [
        body
        for body, entry in zip(bodies(before), before.entries, strict=True)
        if id(entry) not in spoken_of and (entry is None or entry.get("basedOn") not in judgement.moved)
    ]
    gone = [one for one in judgement.repairs if isinstance(one, Merging)]
    left = iter(bodies(judgement.document))

    assert all(body in left for body in quiet)
    assert len(judgement.document.entries) == len(records) - len(gone)


def versions_of(repair: Merging | TellingApart) -> tuple[Version, Version]:
    if isinstance(repair, Merging):
        return repair.kept, repair.gone
    return repair.keeper, repair.version


def bodies(history: HistoryDocument) -> list[str]:
    text = history.data.decode()
    spans = json_text.elements(text, json_text.member_start(text, "versions"))
    return [text[span.start : span.end] for span in spans]


@given(_documents)
def test_drafts_stay_and_what_runs_keeps_its_submission_and_its_job(records: list[Any]) -> None:
    def counted(entries: list[Any]) -> list[str]:
        versions = [Version(STYLE, entry) for entry in entries if entry is not None]
        drafts = [
            without(one.raw, {"key", "requestId", "basedOn"}) for one in versions if one.status == "draft"
        ]
        running = [(one.id, one.raw["submission"]) for one in versions if one.is_in_flight()]
        return [repr(drafts), *sorted({repr(one) for one in running})]

    assert counted(after(*records)) == counted(records)


@given(_documents)
def test_of_those_that_run_under_one_identity_one_keeps_it(records: list[Any]) -> None:
    def running(entries: list[Any]) -> set[str]:
        versions = [Version(STYLE, entry) for entry in entries if entry is not None]
        return {one.key for one in versions if one.is_in_flight()}

    assert running(records) <= running(after(*records))
